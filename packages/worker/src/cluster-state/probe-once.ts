import { type ClusterAccess, type ControlClient, hostRefused, notRunning, probe } from "@rollcall/coordinator";
import { fixed } from "@rollcall/core/config";
import { blamesNode } from "@rollcall/core/request";
import type { NodeRecord } from "@rollcall/core/view";

/**
 * What this process has seen of a node by one probe on a new connection.
 *
 *   reached       it answers, whatever it answers
 *   unreachable   no connection, or no answer in time
 *   foreign       a node of another cluster answers at its address
 *   void          nothing was seen: the configuration does not let it be asked, this process was hardly running, or this
 *                 machine had no means left to ask
 */
export type ProbeResult = { readonly kind: "reached" } | NoSight;

interface NoSight {
  readonly kind: "unreachable" | "foreign" | "void";
  /** For people. */
  readonly reason: string;
}

/** Looks once, with this process's own credentials. Always answers, mostly within `timeoutMs`. */
export async function probeOnce(
  controlClient: ControlClient,
  access: Pick<ClusterAccess, "reach">,
  node: NodeRecord,
  clusterUuid: string | undefined,
  timeoutMs: number = fixed.probeTimeoutMs,
): Promise<ProbeResult> {
  const reach = access.reach(node);
  if (reach.kind === "refused") return { kind: "void", reason: reach.reason };
  const { outcome, reason, code } = await probe(controlClient, reach.endpoint, {
    pinnedUuid: clusterUuid,
    timeoutMs,
    fresh: true,
  });
  switch (outcome) {
    case "unreachable":
      return { kind: isOurOwnDoing(code) ? "void" : "unreachable", reason };
    case "foreign":
      return { kind: "foreign", reason };
    case "verified":
    case "unverified":
    case "denied":
    case "overloaded":
      return { kind: "reached" };
  }
}

function isOurOwnDoing(errorCode = ""): boolean {
  if (errorCode === notRunning || errorCode === hostRefused) return true;
  return !blamesNode({ kind: "not-connected", code: "CONNECT", errorCode });
}

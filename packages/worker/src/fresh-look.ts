import { type Asker, type ClusterAccess, notRunning, probe } from "@rollcall/coordinator";
import { fixed } from "@rollcall/core/config";
import type { NodeRecord } from "@rollcall/core/view";

/**
 * What this process has seen of a node by one probe on a new connection.
 *
 *   reached       it answers, whatever it answers
 *   unreachable   no connection, or no answer in time
 *   foreign       a node of another cluster answers at its address
 *   void          nothing was seen: the configuration does not let it be asked, or this process was hardly running
 */
export type FreshLook = { readonly kind: "reached" } | NoSight;

interface NoSight {
  readonly kind: "unreachable" | "foreign" | "void";
  /** For people. */
  readonly reason: string;
}

/** Looks once, with this process's own credentials. Always answers, mostly within a second. */
export async function lookAfresh(
  asker: Asker,
  access: Pick<ClusterAccess, "reach">,
  node: NodeRecord,
  clusterUuid: string | undefined,
): Promise<FreshLook> {
  const reach = access.reach(node);
  if (reach.kind === "refused") return { kind: "void", reason: reach.reason };
  const { outcome, reason, code } = await probe(asker, reach.endpoint, {
    pinnedUuid: clusterUuid,
    timeoutMs: fixed.probeTimeoutMs,
    fresh: true,
  });
  switch (outcome) {
    case "unreachable":
      return { kind: code === notRunning ? "void" : "unreachable", reason };
    case "foreign":
      return { kind: "foreign", reason };
    case "verified":
    case "unverified":
    case "denied":
    case "overloaded":
      return { kind: "reached" };
  }
}

import { type ClusterAccess, type ControlClient, hostRefused, notRunning, probe } from "@rollcall/coordinator";
import { fixed } from "@rollcall/core/config";
import type { ProbeResult } from "@rollcall/core/health";
import { blamesNode } from "@rollcall/core/request";
import type { NodeRecord } from "@rollcall/core/view";

/** Probes one node once, on a new connection and with this process's own credentials. */
export interface Prober {
  /**
   * Never rejects. Ends within about `timeoutMs` (default: that of any probe). `clusterUuid`: the cluster that the
   * node must belong to, where it is known.
   */
  probe(node: NodeRecord, clusterUuid: string | undefined, timeoutMs?: number): Promise<ProbeResult>;
}

export class ControlProber implements Prober {
  constructor(
    private readonly controlClient: ControlClient,
    private readonly access: Pick<ClusterAccess, "reach">,
  ) {}

  async probe(
    node: NodeRecord,
    clusterUuid: string | undefined,
    timeoutMs: number = fixed.probeTimeoutMs,
  ): Promise<ProbeResult> {
    const reach = this.access.reach(node);
    if (reach.kind === "refused") return { kind: "void", reason: reach.reason };
    const { outcome, reason, code } = await probe(this.controlClient, reach.endpoint, {
      pinnedUuid: clusterUuid,
      timeoutMs,
      fresh: true,
    });
    switch (outcome) {
      case "unreachable":
        return { kind: isLocalFailure(code) ? "void" : "unreachable", reason };
      case "void":
        return { kind: "void", reason };
      case "foreign":
        return { kind: "foreign", reason };
      case "verified":
      case "unverified":
      case "denied":
      case "overloaded":
        return { kind: "reached" };
    }
  }
}

function isLocalFailure(errorCode = ""): boolean {
  if (errorCode === notRunning || errorCode === hostRefused) return true;
  return !blamesNode({ kind: "not-connected", code: "CONNECT", errorCode });
}

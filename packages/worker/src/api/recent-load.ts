import { type NodeLoad, nodeKey, type ReplicaLoad } from "@rollcall/core/view";
import type { ClusterState } from "../cluster-state/cluster-state.js";
import type { Sender } from "../dispatch/sender.js";
import type { RecentTraffics } from "../table/recent-traffic.js";
import type { TableTotals } from "../table/totals.js";

export interface RecentLoadParts {
  readonly state: Pick<ClusterState, "nodes">;
  readonly sender: Pick<Sender, "stats">;
  readonly totals: TableTotals;
  readonly traffics: RecentTraffics;
}

/** What a pool has done of late, for its heartbeats; undefined before it has counted for a while. */
export function recentLoad({ state, sender, totals, traffics }: RecentLoadParts): ReplicaLoad | undefined {
  const ofPool = traffics.ofPool();
  if (ofPool === undefined) return undefined;
  const nodes = state.nodes().flatMap(({ slot, record }): NodeLoad[] => {
    const recent = traffics.of(slot);
    if (recent === undefined) return [];
    const { openSockets: sockets, inFlight } = totals.ofNode(slot);
    const { requests, errors, latency } = recent;
    return [{ node: nodeKey(record), requests, errors, latency: withoutTrailingZeros(latency), inFlight, sockets }];
  });
  // Those with the most requests are named where there are too many.
  nodes.sort((a, b) => b.requests - a.requests);
  return { ...ofPool, queued: sender.stats().queued, nodes };
}

function withoutTrailingZeros(counts: readonly number[]): readonly number[] {
  return counts.slice(0, counts.findLastIndex((count) => count !== 0) + 1);
}

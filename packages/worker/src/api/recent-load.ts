import { type NodeLoad, nodeKey, type ReplicaLoad } from "@rollcall/core/view";
import type { ClusterState } from "../cluster-state/cluster-state.js";
import type { Sender } from "../dispatch/sender.js";
import type { RecentTraffics } from "../table/recent-traffic.js";
import type { TableTotals } from "../table/totals.js";

export interface RecentLoadParts {
  readonly state: Pick<ClusterState, "placed">;
  readonly sender: Pick<Sender, "stats">;
  readonly totals: TableTotals;
  readonly traffics: RecentTraffics;
}

/** What a pool has done of late, for its heartbeats; undefined before it has counted for a while. */
export function recentLoad({ state, sender, totals, traffics }: RecentLoadParts): ReplicaLoad | undefined {
  const ofPool = traffics.ofPool();
  if (ofPool === undefined) return undefined;
  const nodes = state.placed().flatMap(({ slot, record, isDraining }) => {
    const { openSockets: sockets, inFlight } = totals.requestsOf(slot) === 0 ? unused : totals.ofNode(slot);
    const isEmptying = inFlight > 0 && isDraining();
    const recent = traffics.of(slot) ?? (isEmptying ? nothingRecent : undefined);
    if (recent === undefined) return [];
    const { requests, errors, latency } = recent;
    const load = { node: nodeKey(record), requests, errors, latency: withoutTrailingZeros(latency), inFlight, sockets };
    return [{ load, isEmptying }];
  });
  // Where there are too many, those are named whose drain an operator may wait for, and those with the most requests.
  nodes.sort((a, b) => Number(b.isEmptying) - Number(a.isEmptying) || b.load.requests - a.load.requests);
  return { ...ofPool, queued: sender.stats().queued, nodes: nodes.map(({ load }): NodeLoad => load) };
}

const unused = { openSockets: 0, inFlight: 0 };
const nothingRecent = { requests: 0, errors: 0, latency: [] };

function withoutTrailingZeros(counts: readonly number[]): readonly number[] {
  return counts.slice(0, counts.findLastIndex((count) => count !== 0) + 1);
}

import { type NodeLoad, type NodeRecord, nodeKey, type ReplicaLoad, viewLimits } from "@rollcall/core/view";
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

/**
 * What a pool has done of late, for its heartbeats; undefined before it has counted for a while. Where there are more nodes
 * than a heartbeat names, they are those whose drain an operator may wait for, and those with the most requests.
 */
export function recentLoad({ state, sender, totals, traffics }: RecentLoadParts): ReplicaLoad | undefined {
  const ofPool = traffics.ofPool();
  if (ofPool === undefined) return undefined;
  const busy: LoadedNode[] = [];
  const idle: LoadedNode[] = [];
  for (const { slot, record, isDraining } of state.placed()) {
    const { openSockets: sockets, inFlight } = totals.requestsOf(slot) === 0 ? unused : totals.ofNode(slot);
    const isEmptying = inFlight > 0 && isDraining();
    const requests = traffics.requestsOf(slot) ?? (isEmptying ? 0 : undefined);
    if (requests === undefined) continue;
    const loaded = { slot, record, requests, inFlight, sockets, isEmptying };
    if (requests > 0 || isEmptying) busy.push(loaded);
    else if (idle.length < viewLimits.loadedMax) idle.push(loaded);
  }
  busy.sort((a, b) => Number(b.isEmptying) - Number(a.isEmptying) || b.requests - a.requests);
  const nodes = [...busy, ...idle]
    .slice(0, viewLimits.loadedMax)
    .map(({ slot, record, inFlight, sockets }): NodeLoad => {
      const { requests, errors, latency } = traffics.of(slot) ?? nothingRecent;
      return { node: nodeKey(record), requests, errors, latency: withoutTrailingZeros(latency), inFlight, sockets };
    });
  return { ...ofPool, queued: sender.stats().queued, nodes };
}

interface LoadedNode {
  readonly slot: number;
  readonly record: NodeRecord;
  readonly requests: number;
  readonly inFlight: number;
  readonly sockets: number;
  readonly isEmptying: boolean;
}

const unused = { openSockets: 0, inFlight: 0 };
const nothingRecent = { requests: 0, errors: 0, latency: [] };

function withoutTrailingZeros(counts: readonly number[]): readonly number[] {
  return counts.slice(0, counts.findLastIndex((count) => count !== 0) + 1);
}

import { latencyBuckets, latencyPercentileMs } from "@rollcall/core";
import type { Heartbeat, NodeLoad } from "@rollcall/core/view";

/** What a node gets, or a replica sends, by the heartbeats of replicas: rates of the last 10 to 15 s. */
export interface TrafficReport {
  /** Attempts of a node; requests of a replica. */
  readonly perSecond: number;
  /** Of a node: attempts without a whole answer, and answers with 429 or 5xx. Of a replica: rejected requests. */
  readonly errorsPerSecond: number;
  /** Of the answers, in milliseconds; null without any. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly inFlight: number;
  readonly sockets: number;
}

export interface TrafficOfNode extends TrafficReport {
  /** The node's part of the attempts at all nodes, from 0 to 1. */
  readonly share: number;
}

export interface TrafficOfReplica extends TrafficReport {
  /** Requests that wait for a connection. */
  readonly queued: number;
}

/** The traffic of each node, by its key; no replica has counted that of the others. */
export function trafficOfNodes(heartbeats: readonly Heartbeat[]): ReadonlyMap<string, TrafficOfNode> {
  const loads = new Map<string, { readonly load: NodeLoad; readonly overMs: number }[]>();
  for (const { load } of heartbeats) {
    for (const node of load?.nodes ?? []) {
      loads.set(node.node, [...(loads.get(node.node) ?? []), { load: node, overMs: load?.overMs ?? 0 }]);
    }
  }
  const sums = [...loads].map(([key, parts]) => {
    return [key, { ...sumOf(parts, "requests"), errorsPerSecond: sumOf(parts, "errors").perSecond }] as const;
  });
  const total = sums.reduce((sum, [, { perSecond }]) => sum + perSecond, 0);
  return new Map(
    sums.map(([key, traffic]) => [key, { ...traffic, share: total === 0 ? 0 : traffic.perSecond / total }]),
  );
}

/** Null before it has counted for a while, and for a process without a pool. */
export function trafficOfReplica({ load }: Heartbeat): TrafficOfReplica | null {
  if (load === undefined) return null;
  const { overMs, requests, failed, queued, nodes } = load;
  const ofNodes = sumOf(
    nodes.map((node) => ({ load: node, overMs })),
    "requests",
  );
  const perSecond = rateOf(requests, overMs);
  return { ...ofNodes, perSecond, errorsPerSecond: rateOf(failed, overMs), queued };
}

interface Part {
  readonly load: NodeLoad;
  readonly overMs: number;
}

function sumOf(parts: readonly Part[], what: "requests" | "errors"): Omit<TrafficReport, "errorsPerSecond"> {
  const latency = new Array<number>(latencyBuckets).fill(0);
  const sum = { perSecond: 0, inFlight: 0, sockets: 0 };
  for (const { load, overMs } of parts) {
    sum.perSecond += rateOf(load[what], overMs);
    sum.inFlight += load.inFlight;
    sum.sockets += load.sockets;
    for (const [bucket, count] of load.latency.entries()) latency[bucket] = (latency[bucket] ?? 0) + count;
  }
  const percentile = (part: number) => latencyPercentileMs(latency, part) ?? null;
  return { ...sum, p50Ms: percentile(0.5), p99Ms: percentile(0.99) };
}

function rateOf(count: number, overMs: number): number {
  return overMs <= 0 ? 0 : (count * 1_000) / overMs;
}

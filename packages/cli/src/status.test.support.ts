import type { Head, Heartbeat, Mark, NodeRecord, ThreadHeartbeat, Version, View } from "@rollcall/core/view";
import type { StatusSnapshot } from "./status-report.js";

/** The time of the snapshots in these tests, on the store's clock. */
export const nowMs = 1_000_000;

export const version = (sequence: number, epoch = 7): Version => ({ epoch, leader: "replica-2", sequence });

export const esNode = (number: number): NodeRecord => ({
  id: `id${number}`,
  name: `es${number}`,
  host: `10.0.0.${number}`,
  port: 9200,
  roles: ["data", "ingest", "master"],
  version: "2.19.1",
});

export const keyOf = (number: number) => `id${number}@10.0.0.${number}:9200`;

export function viewOf(
  nodes: readonly NodeRecord[],
  marks: Readonly<Record<string, Mark>> = {},
  head: Partial<Head> = {},
): View {
  return {
    topology: {
      version: version(3),
      clusterUuid: "qEyW4gYVQ6-hx1mTxLZ3Cw",
      clusterName: "production",
      source: "sniff",
      nodes,
    },
    marks: { version: version(12), nodes: marks },
    head: { topology: version(3), marks: version(12), beat: 55, atMs: nowMs - 400, replicas: 3, ...head },
  };
}

export const thread = (place: number, given: Partial<ThreadHeartbeat> = {}): ThreadHeartbeat => ({
  thread: place,
  topology: version(3),
  calls: 0,
  tasks: 0,
  state: "well",
  ...given,
});

export const heartbeat = (number: number, given: Partial<Heartbeat> = {}): Heartbeat => ({
  replica: `replica-${number}`,
  host: `app-${number}`,
  pid: 100 + number,
  role: "candidate",
  leading: false,
  freshness: "fresh",
  view: { topology: version(3), marks: version(12) },
  ejected: [],
  threads: [],
  ...given,
});

export function snapshotOf(
  view: View | undefined,
  heartbeats: readonly Heartbeat[] = [],
  given: Partial<StatusSnapshot> = {},
): StatusSnapshot {
  return {
    name: "logs",
    redis: "redis://10.0.1.1:6379",
    seen: view === undefined ? { kind: "none" } : { kind: "view", view, nowMs },
    warnings: [],
    heartbeats,
    ...given,
  };
}

import { Listeners, latencyBucketOf } from "@rollcall/core";
import {
  type Heartbeat,
  type HistoryEntry,
  type Mark,
  type NodeRecord,
  nodeKey,
  type Version,
  type View,
} from "@rollcall/core/view";
import { ManualTimers, seededRandom } from "@rollcall/testing";
import { createHttpApp } from "#cli/http/http-app";
import { LiveHistory } from "#cli/http/live-history";
import { LiveStatus } from "#cli/http/live-status";
import { readPageFiles } from "#cli/http/page-files";

export interface MadeUpFleet extends AsyncDisposable {
  readonly url: string;
}

interface MadeUpNode {
  readonly name: string;
  readonly mark?: Omit<Mark, "sinceMs"> & { readonly forMs: number };
}

export interface MadeUpOptions {
  readonly name: string;
  readonly nodes: readonly MadeUpNode[];
  readonly replicas: number;
  /** This node is penalized by every other replica. */
  readonly slow?: string;
  /** Without it, reading needs no token. */
  readonly readerToken?: string;
  /** What has happened: by event, text, and how long ago. */
  readonly history?: readonly (readonly [event: string, text: string, agoMs: number])[];
}

/** The product's own page and server over a store whose view and heartbeats are invented: what it looks like. */
export async function startMadeUpFleet(options: MadeUpOptions): Promise<MadeUpFleet> {
  const { name, nodes, replicas, slow } = options;
  // Epochs are made of times: this leader began three hours ago.
  const startedMs = Date.now();
  const version = (sequence: number) => ({ epoch: (startedMs - 3 * 3_600_000) * 1_000, leader: "r0", sequence });
  const records = nodes.map(({ name }, index): NodeRecord => {
    return {
      id: `id${index}`,
      name,
      host: `10.20.4.${11 + index}`,
      port: 9200,
      roles: ["data", "ingest"],
      version: "2.19.1",
    };
  });
  const marks = nodes.flatMap(({ mark }, index): [string, Mark][] => {
    const record = records[index];
    if (mark === undefined || record === undefined) return [];
    const { forMs, ...shown } = mark;
    return [[nodeKey(record), { ...shown, sinceMs: startedMs - forMs }]];
  });
  const view: View = {
    topology: { version: version(4), clusterUuid: "u", clusterName: "search-eu", source: "sniff", nodes: records },
    marks: { version: version(17), nodes: Object.fromEntries(marks) },
    head: { topology: version(4), marks: version(17), beat: 5_400, atMs: startedMs, replicas },
  };
  const now = (): View => ({ ...view, head: { ...view.head, atMs: Date.now() - 300 } });
  const timers = new ManualTimers();
  const views = new Listeners<View>();
  const heartbeats = new Listeners<Heartbeat>();
  const live = new LiveStatus({
    store: {
      isConnected: true,
      nowMs: () => Date.now(),
      read: async () => now(),
      subscribe: (listener) => views.add(listener),
      onHeartbeat: (listener) => heartbeats.add(listener),
      requestStatus: () => {},
    },
    timers,
    name,
    redis: "rediss://redis-a:6380",
    coordinator: { isLeading: false, problem: undefined },
  });
  const random = seededRandom(7);
  const down = new Set(marks.filter(([, { kind }]) => kind === "down").map(([key]) => key));
  const up = records.filter((record) => !down.has(nodeKey(record)));
  let beats = 0;
  const beat = () => {
    beats++;
    views.emit(now());
    for (let replica = 0; replica < replicas; replica++) {
      // A heartbeat names 32 nodes at most.
      const at = (replica * 32) % Math.max(1, up.length - 31);
      const heartbeat = heartbeatOf(replica, up.slice(at, at + 32), slow, random, version(4), beats);
      heartbeats.emit({ ...heartbeat, view: { topology: version(4), marks: version(17) } });
    }
  };
  // Five minutes pass at once, for the lines of the last five minutes.
  for (let sample = 0; sample < 60; sample++) {
    beat();
    timers.advance(5_000);
  }
  let beatAtMs = performance.now();
  let advancedMs = performance.now();
  const timer = setInterval(() => {
    timers.advance(performance.now() - advancedMs);
    advancedMs = performance.now();
    if (advancedMs - beatAtMs < 1_100) return;
    beatAtMs = advancedMs;
    beat();
  }, 20);
  const { readerToken } = options;
  const { app, show } = createHttpApp(
    {
      address: { host: "127.0.0.1", port: 0, isLoopback: true },
      ...(readerToken === undefined ? {} : { readerToken }),
    },
    await readPageFiles(),
  );
  const history = new LiveHistory({
    timers,
    store: { readHistory: async () => historyOf(options, startedMs), onHistory: () => () => {} },
  });
  show({
    name,
    live,
    history,
    store: { nowMs: () => Date.now(), sendOperation: async () => {}, onOperationResult: () => () => {} },
    scrape: () => ({ coordinator: { isLeading: false, isConnected: true }, clusterRequests: [] }),
  });
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  return {
    url,
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      live.close();
      history.close();
      await app.close();
    },
  };
}

function heartbeatOf(
  replica: number,
  nodes: readonly NodeRecord[],
  slow: string | undefined,
  random: () => number,
  topology: Version,
  beats: number,
): Heartbeat {
  const isCoordinator = replica === 0;
  const loads = nodes.map((node) => {
    const isSlow = node.name === slow;
    const requests = Math.round(
      (isSlow ? 40 : 900) * (0.95 + 0.1 * random() + 0.25 * Math.sin(beats / 9)) * (1 + replica / 4),
    );
    const latency: number[] = [];
    for (const [ms, part] of [
      [isSlow ? 180 : 3.2, 0.6],
      [isSlow ? 420 : 6.5, 0.38],
      [(isSlow ? 1_400 : 24) * (0.7 + random()), 0.02],
    ] as const) {
      const bucket = latencyBucketOf(ms);
      while (latency.length <= bucket) latency.push(0);
      latency[bucket] = (latency[bucket] ?? 0) + Math.round(requests * part);
    }
    const inFlight = Math.round(requests / 300 + random() * 3);
    return { node: nodeKey(node), requests, errors: isSlow ? 5 : 0, latency, inFlight, sockets: 8 };
  });
  const slowNode = nodes.find(({ name }) => name === slow);
  return {
    replica: `r${replica}`,
    host: isCoordinator ? "rollcall-0" : `search-api-${replica}`,
    pid: isCoordinator ? 1 : 1_200 + replica,
    role: isCoordinator ? "coordinator" : "external",
    leading: isCoordinator,
    freshness: "fresh",
    ejected: [],
    threads: isCoordinator
      ? []
      : [0, 1, 2, 3].map((thread) => {
          return { thread, topology, calls: 4, tasks: 0, state: replica === 2 && thread === 3 ? "late" : "well" };
        }),
    ...(isCoordinator
      ? {}
      : {
          load: {
            ...{ overMs: 10_000, failed: 0, queued: 0, nodes: loads },
            requests: loads.reduce((sum, { requests }) => sum + requests, 0),
          },
        }),
    ...(slowNode === undefined || replica % 2 === 0
      ? {}
      : {
          avoids: [
            {
              node: nodeKey(slowNode),
              state: "penalized" as const,
              reason: "22 times the others' latency (180 ms, theirs 8.1 ms)",
              forMs: 94_000,
              factor: 22,
            },
          ],
        }),
  };
}

function historyOf({ history = [] }: MadeUpOptions, nowMs: number): readonly HistoryEntry[] {
  return history.map(([event, text, agoMs]) => ({ atMs: nowMs - agoMs, event, text, by: "r0" })).reverse();
}

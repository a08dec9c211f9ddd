import { setTimeout as sleep } from "node:timers/promises";
import { createRedisStore, type Lease, systemTimers, type ViewStore } from "@rollcall/coordinator";
import { silentLogger } from "@rollcall/core";
import { type Mark, type NodeRecord, nodeKey, type Version } from "@rollcall/core/view";
import { startRedis } from "@rollcall/testing/redis";
import type { ReplicaOrder } from "./fleet-marks-replica.js";
import type { Sighting, Watched } from "./fleet-thread-watch.js";
import { type MeasuredProcess, startMeasured } from "./measured-process.js";
import { machineMs } from "./monotonic.js";
import { table } from "./report.js";
import { quantile } from "./statistics.js";
import type { Finding } from "./targets.js";

const shapes = [
  { replicas: 1, threads: 1 },
  { replicas: 2, threads: 2 },
  { replicas: 4, threads: 2 },
] as const;
const targetMs = 10;
/** Between two marks: long enough that one has arrived everywhere before the next. */
const betweenMs = 60;
/** So long after its publication, a mark has nearly always arrived. */
const onItsWayMs = 20;
/** Nobody listens there: nothing is sent to them. */
const nodes: readonly NodeRecord[] = [1, 2, 3].map((port) => ({ id: `node-${port}`, host: "127.0.0.1", port }));
const down: Mark = { kind: "down", sinceMs: 0, reason: "bench" };
const preload = new URL("./fleet-thread-watch.js", import.meta.url).href;

/**
 * From the moment a leader begins to publish that a node is down, or well again, to the moment each thread of each
 * replica would go by it: over a real Redis, to real pools.
 */
export async function markLatency(marks: number): Promise<{
  readonly findings: readonly Finding[];
  readonly section: string;
}> {
  const findings: Finding[] = [];
  const rows: string[][] = [];
  for (const { replicas, threads } of shapes) {
    console.log(`marks to ${replicas} replicas of ${threads} threads`);
    const { lastMs, firstMs, noiseMs, missing } = await measureShape(replicas, threads, marks);
    const label = `${replicas} x ${threads}`;
    const p = (values: readonly number[], fraction: number) => quantile(values, fraction).toFixed(1);
    rows.push([
      label,
      String(lastMs.length),
      String(missing),
      p(firstMs, 0.5),
      p(lastMs, 0.5),
      p(lastMs, 0.99),
      p(noiseMs, 0.99),
    ]);
    findings.push({
      what: `a mark to the last thread of ${label}: p99`,
      atMost: targetMs,
      values: lastMs.length === 0 ? [] : [quantile(lastMs, 0.99)],
      digits: 1,
      unit: " ms",
    });
  }
  return {
    findings,
    section:
      "## From publishing a mark to the last thread\n\n" +
      `The clock starts before the leader's \`publish\`. Each thread looks at the node table every millisecond, as a dispatch would at each ` +
      `request; up to that millisecond is in the figures. *noise* is the longest that any of the threads had to wait for a processor just ` +
      "then, by its own timers, while nothing else happened in it: what this machine adds by itself, at one of the path's four steps.\n\n" +
      table(
        [
          "replicas x threads",
          "marks",
          "not seen",
          "first thread p50, ms",
          "last thread p50, ms",
          "p99, ms",
          "noise p99, ms",
        ],
        rows,
      ) +
      "\n",
  };
}

interface ShapeLatency {
  readonly firstMs: readonly number[];
  readonly lastMs: readonly number[];
  /** For each publication, by how much the latest timer of any thread was late while it was on its way. */
  readonly noiseMs: readonly number[];
  /** Publications that some thread never showed. */
  readonly missing: number;
}

async function measureShape(replicas: number, threads: number, marks: number): Promise<ShapeLatency> {
  await using redis = await startRedis();
  const name = "bench";
  const store = createRedisStore({
    redis: { kind: "url", url: redis.url },
    name,
    timers: systemTimers,
    random: Math.random,
    logger: silentLogger,
    mayLead: true,
  });
  const pool = {
    nodes: nodes.map(({ host, port }) => `http://${host}:${port}`),
    redis: redis.url,
    name,
    coordinator: "external",
    threads,
  };
  const fleet: MeasuredProcess<ReplicaOrder, unknown>[] = [];
  try {
    const leader = new Leader(store, await acquired(store), replicas);
    await leader.publish(false);
    for (let count = 0; count < replicas; count++) {
      fleet.push(await startMeasured("./fleet-marks-replica.js", [JSON.stringify(pool)], ["--import", preload]));
    }
    await Promise.all(fleet.map((replica) => replica.run({ order: "follow", nodes: nodes.length })));
    // Twice unseen, so that all is compiled; then the marks that count.
    const tell = async () =>
      (await Promise.all(fleet.map((replica) => replica.run({ order: "tell", threads })))).flat() as Watched[];
    await leader.toggle(20);
    await tell();
    const published = await leader.toggle(marks);
    return latencies(published, await tell());
  } finally {
    await Promise.all(fleet.map((replica) => replica.stop()));
    await store.close();
  }
}

/** For each publication, when each thread first showed it before the next. */
function latencies(published: readonly Sighting[], watched: readonly Watched[]): ShapeLatency {
  const firstMs: number[] = [];
  const lastMs: number[] = [];
  let missing = 0;
  published.forEach(({ atMs, isDown }, at) => {
    const untilMs = published[at + 1]?.atMs ?? Number.POSITIVE_INFINITY;
    const seen = watched.flatMap(({ sightings }) => {
      const one = sightings.find((sighting) => sighting.atMs >= atMs && sighting.atMs < untilMs);
      return one?.isDown === isDown ? [one.atMs - atMs] : [];
    });
    if (seen.length < watched.length) {
      missing++;
      return;
    }
    firstMs.push(Math.min(...seen));
    lastMs.push(Math.max(...seen));
  });
  const delays = watched.flatMap((one) => one.delays);
  const noiseMs = published.map(({ atMs }) =>
    Math.max(
      0,
      ...delays.flatMap((delay) => (delay.atMs >= atMs && delay.atMs < atMs + onItsWayMs ? [delay.lateMs] : [])),
    ),
  );
  return { firstMs, lastMs, missing, noiseMs };
}

/** Publishes as a coordinator does, but whatever it is told to. */
class Leader {
  private sequence = 0;
  private beat = 0;
  private renewedAtMs = machineMs();

  constructor(
    private readonly store: ViewStore,
    private readonly lease: Lease,
    private readonly replicas: number,
  ) {}

  /** So many publications, in turn down and well; each with the moment before it. */
  async toggle(times: number): Promise<readonly Sighting[]> {
    const published: Sighting[] = [];
    for (let time = 0; time < times; time++) {
      const isDown = time % 2 === 0;
      published.push({ atMs: machineMs(), isDown });
      await this.publish(isDown);
      await sleep(betweenMs * (0.75 + Math.random() / 2));
      if (machineMs() - this.renewedAtMs > renewEveryMs) await this.renew();
    }
    // So that the next begins with a change.
    if (times % 2 === 1) await this.publish(false);
    await sleep(betweenMs);
    return published;
  }

  async publish(isDown: boolean): Promise<void> {
    const { epoch, leader } = this.lease;
    const version = (sequence: number): Version => ({ epoch, leader, sequence });
    const [first] = nodes;
    const marks = {
      version: version(++this.sequence),
      nodes: isDown && first !== undefined ? { [nodeKey(first)]: down } : {},
    };
    const topology = { version: version(1), clusterUuid: "bench", source: "sniff", nodes } as const;
    const head = { topology: topology.version, marks: marks.version, beat: ++this.beat, replicas: this.replicas };
    const isFirst = this.sequence === 1;
    const kept = await this.store.publish(this.lease, { head, marks, ...(isFirst ? { topology } : {}) });
    if (!kept) throw new Error("the lease was lost");
  }

  private async renew(): Promise<void> {
    this.renewedAtMs = machineMs();
    await this.store.renew(this.lease, ++this.beat);
  }
}

const renewEveryMs = 2_000;

async function acquired(store: ViewStore): Promise<Lease> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const lease = await store.acquire("bench", 0).catch(() => undefined);
    if (lease !== undefined) return lease;
    await sleep(50);
  }
  throw new Error("no lease");
}

import { createRedisStore, systemTimers } from "@rollcall/coordinator";
import { silentLogger } from "@rollcall/core";
import { startRedis } from "@rollcall/testing/redis";
import type { Finding } from "../goals.js";
import { type MeasuredProcess, startMeasured } from "../measured-process.js";
import { table } from "../report.js";
import { quantile } from "../statistics.js";
import { acquireLease, MarksLeader, nodes } from "./marks-leader.js";
import type { ReplicaOrder } from "./marks-replica.js";
import type { Sighting, Watched } from "./thread-watch.js";

const shapes = [
  { replicas: 1, threads: 1 },
  { replicas: 2, threads: 2 },
  { replicas: 4, threads: 2 },
] as const;
const goalMs = 10;
/** Nearly every mark arrives within this time of its publication. */
const onItsWayMs = 20;
const preload = new URL("./thread-watch.js", import.meta.url).href;

/**
 * Measures the time from when a leader begins to publish that a node is down, or up again, until each thread of each
 * replica would dispatch by it: over a real Redis, with real pools.
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
      atMost: goalMs,
      values: lastMs.length === 0 ? [] : [quantile(lastMs, 0.99)],
      digits: 1,
      unit: " ms",
    });
  }
  return {
    findings,
    section:
      "## From publishing a mark to the last thread\n\n" +
      `The clock starts before the leader's \`publish\`. Each thread reads the node table every millisecond, as a dispatch would at each ` +
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
    const leader = new MarksLeader(store, await acquireLease(store), replicas);
    await leader.publish(false);
    for (let count = 0; count < replicas; count++) {
      fleet.push(
        await startMeasured(
          new URL("./marks-replica.js", import.meta.url),
          [JSON.stringify(pool)],
          ["--import", preload],
        ),
      );
    }
    await leader.renewWhile(Promise.all(fleet.map((replica) => replica.run({ order: "follow", nodes: nodes.length }))));
    // Twenty marks that do not count come first, so that all code is compiled.
    const collect = async () =>
      (await Promise.all(fleet.map((replica) => replica.run({ order: "report", threads })))).flat() as Watched[];
    await leader.toggle(20);
    await collect();
    const published = await leader.toggle(marks);
    return latencies(published, await collect());
  } finally {
    await Promise.all(fleet.map((replica) => replica.stop()));
    await store.close();
  }
}

/** For each publication, when each thread first showed it, if it did so before the next one. */
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

import { setTimeout as sleep } from "node:timers/promises";
import { startFixtureCluster } from "@rollcall/testing/fixture";
import { startRedis } from "@rollcall/testing/redis";
import { type MeasuredProcess, startMeasured } from "../measured-process.js";
import { type Build, figureOf, inBlocks } from "./blocks.js";
import { comparisonTable } from "./comparison-table.js";
import type { ReplicaCost, ReplicaOptions } from "./fleet-client.js";

const replicaCount = 4;
const threads = 2;
const pauseMs = 50;
/** The shortest that Rollcall allows: there are more to count. */
const sniffEveryMs = 1_000;
/** After its start a replica sniffs and probes more often. */
const settleMs = 5_000;

interface FleetCost {
  readonly startMs: number;
  readonly sniffsPerSecond: number;
  readonly probesPerSecond: number;
  /** Of one replica; CPU in each second. */
  readonly cpuMs: number;
  readonly memoryBytes: number;
}

/** Compares what replicas with one view over Redis cost the cluster and their machine. */
export async function compareFleet(
  checkouts: Readonly<Record<Build, string>>,
  blocks: number,
  forMs: number,
): Promise<string> {
  const measured = await inBlocks(blocks, (build) => {
    console.log(`fleet: ${build}`);
    return measureFleet(checkouts[build], forMs);
  });
  const row = (what: string, unit: string, digits: number, figure: (cost: FleetCost) => number) => ({
    what,
    unit,
    digits,
    blocks: figureOf(measured, figure),
  });
  return (
    `## Fleet\n\n${replicaCount} replicas with ${threads} threads each on three fixture nodes and one Redis; each searches every ` +
    `${pauseMs} ms, and sniffs are ${sniffEveryMs} ms apart. Runs of ${forMs / 1_000} s, in blocks of four: ${blocks}.\n\n` +
    `${comparisonTable([
      row("start until every replica has an answer", " s", 2, ({ startMs }) => startMs / 1_000),
      row("sniffs of all replicas a second", "", 2, ({ sniffsPerSecond }) => sniffsPerSecond),
      row("probes of all replicas a second", "", 2, ({ probesPerSecond }) => probesPerSecond),
      row("CPU of a replica in a second", " ms", 1, ({ cpuMs }) => cpuMs),
      row("memory of a replica", " MB", 1, ({ memoryBytes }) => memoryBytes / 1_000_000),
    ])}\n`
  );
}

async function measureFleet(checkout: string, forMs: number): Promise<FleetCost> {
  await using cluster = await startFixtureCluster();
  await using redis = await startRedis();
  const options: ReplicaOptions = {
    checkout,
    pool: { nodes: cluster.urls, redis: redis.url, name: "bench", threads, discovery: { intervalMs: sniffEveryMs } },
    pauseMs,
  };
  const replicas: MeasuredProcess<object, ReplicaCost>[] = [];
  const collect = () => Promise.all(replicas.map((replica) => replica.run({})));
  try {
    const startedMs = performance.now();
    for (let started = 0; started < replicaCount; started++) {
      replicas.push(await startMeasured(new URL("./fleet-client.js", import.meta.url), [JSON.stringify(options)]));
    }
    await collect();
    const startMs = performance.now() - startedMs;
    await sleep(settleMs);
    const [before, costsBefore, fromMs] = [(await cluster.stats()).requests, await collect(), performance.now()];
    await sleep(forMs);
    const [after, costsAfter, seconds] = [
      (await cluster.stats()).requests,
      await collect(),
      (performance.now() - fromMs) / 1_000,
    ];
    const sumOf = (costs: readonly ReplicaCost[], figure: keyof ReplicaCost) =>
      costs.reduce((sum, cost) => sum + cost[figure], 0);
    return {
      startMs,
      sniffsPerSecond: (after.sniff - before.sniff) / seconds,
      probesPerSecond: (after.probe - before.probe) / seconds,
      cpuMs: (sumOf(costsAfter, "cpuMs") - sumOf(costsBefore, "cpuMs")) / seconds / replicaCount,
      memoryBytes: sumOf(costsAfter, "memoryBytes") / replicaCount,
    };
  } finally {
    await Promise.all(replicas.map((replica) => replica.stop()));
  }
}

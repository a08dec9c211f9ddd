import { startRedis } from "@rollcall/testing/redis";
import type { ClusterSet } from "../failover/cluster-sets.js";
import type { Figures } from "../failover/figures.js";
import { startFixtureTarget } from "../failover/fixture-target.js";
import { quickPace } from "../failover/pace.js";
import { busyText } from "../failover/processors.js";
import { processCount, type RoundResult, runRound, slotCount } from "../failover/round.js";
import { scenarios } from "../failover/scenarios.js";
import { type Build, figureOf, inBlocks } from "./blocks.js";
import { type Comparison, comparisonTable } from "./comparison-table.js";

const scenarioNames = ["killed", "frozen"];
const pauseMs = 200;
const threads = 1;

/** Compares what callers see when a fixture node is killed or freezes, with Rollcall's processes sharing a Redis. */
export async function compareFailover(checkouts: Readonly<Record<Build, string>>, blocks: number): Promise<string> {
  await using redis = await startRedis();
  const comparisons: Comparison[] = [];
  const busyParts: number[] = [];
  for (const scenario of scenarios.filter(({ name }) => scenarioNames.includes(name))) {
    let run = 0;
    const measured = await inBlocks(blocks, async (build): Promise<RoundResult> => {
      console.log(`failover: ${scenario.name}, ${build}`);
      const view = { redis: redis.url, name: `${scenario.name}-${run++}` };
      await using clusterSet = clusterSetOf(checkouts[build]);
      return runRound(clusterSet, { pace: quickPace, pauseMs, scenario, round: 0, threads, view });
    });
    busyParts.push(...measured.flatMap(({ before, after }) => [...before, ...after].map(({ busyPart }) => busyPart)));
    const add = (figure: string, unit: string, value: (figures: Figures) => number) => {
      const figures = figureOf(measured, ({ clients: [client] }) => (client ? value(client.figures) : Number.NaN));
      comparisons.push({ what: `${scenario.name}: ${figure}`, unit, digits: unit === "" ? 0 : 2, blocks: figures });
    };
    add("errors", "", ({ errors }) => [...errors.values()].reduce((a, b) => a + b, 0));
    add("slowest call", " s", ({ slowestMs }) => slowestMs / 1_000);
    add("all processes informed", " s", ({ informedMs = Number.NaN }) => informedMs / 1_000);
    add("first use after the return", " s", ({ firstUseMs }) => firstUseMs / 1_000);
    add("sniffs in 15 s", "", ({ sniffs = Number.NaN }) => sniffs);
  }
  return (
    `## Failover\n\n${processCount} processes with ${slotCount} slots and ${threads} worker thread each, one idle process more, ` +
    `a pause of ${pauseMs} ms between two searches of a slot, three fixture nodes, one Redis. Blocks of four runs: ${blocks}. ` +
    `${busyText(busyParts)}\n\n${comparisonTable(comparisons)}\n`
  );
}

/** One new cluster, with the build of one checkout as its only client. */
function clusterSetOf(checkout: string): ClusterSet {
  return {
    async clientRuns() {
      const cluster = await startFixtureTarget("opensearch");
      return [{ label: "Rollcall", contender: "rollcall", cluster, checkout }];
    },
    async release(clientRuns) {
      await Promise.all(clientRuns.map(({ cluster }) => cluster[Symbol.asyncDispose]()));
    },
    async [Symbol.asyncDispose]() {},
  };
}

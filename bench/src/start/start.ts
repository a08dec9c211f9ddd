import { startFixtureCluster } from "@rollcall/testing/fixture";
import { startRedis } from "@rollcall/testing/redis";
import { type Finding, goalTable } from "../goals.js";
import { inTurns, startMeasured } from "../measured-process.js";
import { type Report, table } from "../report.js";
import { median } from "../statistics.js";
import type { StartCost } from "./start-client.js";
import { type Starter, type StartOrder, starters } from "./starters.js";

const rounds = { full: 15, quick: 2 } as const;

/** The floor: what the others are compared with in the same round. */
const official: Starter = "elasticsearch";

/** How long an application waits for the first answer of a client that it has just imported. */
export async function startBench({ quick }: { readonly quick: boolean }): Promise<Report> {
  await using cluster = await startFixtureCluster({ kind: "elasticsearch" });
  await using redis = await startRedis();
  const costs = new Map<Starter, StartCost[]>(starters.map((starter) => [starter, []]));
  const count = quick ? rounds.quick : rounds.full;
  // One round more: the first reads the files into the system's cache.
  for (let round = -1; round < count; round++) {
    for (const starter of inTurns(starters, round + 1)) {
      const order: StartOrder = {
        starter,
        urls: cluster.urls,
        redis: redis.url,
        name: `start-${round}-${process.pid}`,
      };
      const client = await startMeasured<StartOrder, StartCost>(new URL("./start-client.js", import.meta.url), []);
      const cost = await client.run(order);
      await client.stop();
      if (round >= 0) costs.get(starter)?.push(cost);
    }
  }
  const of = (starter: Starter, figure: keyof StartCost) => (costs.get(starter) ?? []).map((cost) => cost[figure]);
  const body =
    `From the import of a client to its first answer, on three fixture nodes: each start in a process of its own, ${count} of ` +
    "each in turns. Rollcall finds its nodes by a sniff, as it does by default; the official clients use those that they " +
    "are given. With Redis, each start is the first process of a new view.\n\n" +
    "- *CPU*: user and system time of the whole process in that time, its threads included\n" +
    `- *to ${official}*: the ratio of both in the same round\n\n` +
    "Given are medians, in brackets the least and the most.\n\n" +
    `## Goals\n\n${goalTable(findingsOf(of))}\n## All\n\n${costTable(of)}\n`;
  return { title: "Start: from the import to the first answer", body };
}

type Figures = (starter: Starter, figure: keyof StartCost) => readonly number[];

function findingsOf(of: Figures): readonly Finding[] {
  const find = (starter: Starter, atMost: number): Finding => ({
    what: `${starter}, no Redis`,
    atMost,
    values: of(starter, "ms"),
    digits: 0,
    unit: " ms",
  });
  return [find("0 threads", 200), find("2 threads", 350)];
}

function costTable(of: Figures): string {
  const spread = (values: readonly number[], digits: number) =>
    `${median(values).toFixed(digits)} [${Math.min(...values).toFixed(digits)}, ${Math.max(...values).toFixed(digits)}]`;
  const ratios = (starter: Starter, figure: keyof StartCost) => {
    const others = of(official, figure);
    return of(starter, figure).map((one, round) => one / (others[round] ?? Number.NaN));
  };
  return table(
    ["", "ms", `to ${official}`, "CPU ms", `to ${official}`],
    starters.map((starter) => [
      starter === "elasticsearch" || starter === "opensearch" ? starter : `rollcall, ${starter}`,
      spread(of(starter, "ms"), 0),
      spread(ratios(starter, "ms"), 2),
      spread(of(starter, "cpuMs"), 0),
      spread(ratios(starter, "cpuMs"), 2),
    ]),
  );
}

import { realPace } from "../failover/pace.js";
import { busyText } from "../failover/processors.js";
import { outageTable, type Result } from "../failover/results.js";
import { type RoundResult, runRound, slotCount } from "../failover/round.js";
import { type Scenario, scenarios } from "../failover/scenarios.js";
import { sniffEveryMs, timeoutMs } from "../failover/terms.js";
import { startRedisIfInstalled } from "../failover/view-redis.js";
import type { Report } from "../report.js";
import { type EngineClients, engineClients, openEngineCluster } from "./engine-clusters.js";

export interface ClientsFailoverOptions {
  readonly quick: boolean;
  /** Default 1, which takes some eight minutes. */
  readonly rounds?: number;
  /** Worker threads of each pool. */
  readonly threads: number;
  /** Of each slot, between two searches. Default 1,000 ms: two cores bear it. */
  readonly pauseMs?: number;
  /** Names of engines. Default: all. */
  readonly only?: readonly string[];
}

const processes = 2;
/** The return of a node is not what is measured here. */
const pace = { ...realPace, afterOutageMs: 3_000 };
const quickPace = { ...pace, warmUpMs: 1_000, healthyMs: 1_000, outageMs: 4_000 };
const goals = { errors: "0", slowest: "1000 ms" };

type Results = Map<Scenario, Map<string, RoundResult["clients"][number]["figures"][]>>;

/**
 * What the callers of each official client see when a node of a real cluster freezes, and when one is killed: the client
 * alone and the same on a pool, on one cluster at the same time.
 */
export async function clientsFailover(options: ClientsFailoverOptions): Promise<Report> {
  const { quick, rounds = 1, threads, pauseMs = 1_000, only } = options;
  const chosen = engineClients.filter(({ kind }) => only?.includes(kind) ?? true);
  await using redis = await startRedisIfInstalled();
  const results: Results = new Map(
    scenarios.filter(({ name }) => name === "frozen" || name === "killed").map((scenario) => [scenario, new Map()]),
  );
  const busyParts: number[] = [];
  const run = async (engine: EngineClients): Promise<void> => {
    await using clusterSet = await openEngineCluster(engine);
    for (let round = 0; round < (quick ? 1 : rounds); round++) {
      for (const [scenario, byLabel] of results) {
        console.log(`${engine.label}: ${scenario.name}, round ${round + 1}`);
        const name = `${engine.kind}-${scenario.name}-${round}`;
        const view = redis === undefined ? {} : { view: { redis: redis.url, name } };
        const terms = { pace: quick ? quickPace : pace, pauseMs, scenario, round, threads, processes, ...view };
        const { busyPart, clients } = await runRound(clusterSet, terms);
        busyParts.push(busyPart);
        for (const { label, figures } of clients) {
          const key = `${label}, ${engine.label}`;
          byLabel.set(key, [...(byLabel.get(key) ?? []), figures]);
        }
      }
    }
  };
  // One engine after the other: two cores bear three JVMs.
  for (const engine of chosen) await run(engine);
  const sections = [...results].map(([scenario, byLabel]) => {
    const shown = [...byLabel].map(([label, figures]): Result => ({ label, rounds: figures }));
    return `## ${scenario.title}\n\n${scenario.story(pace)}\n\n${outageTable(shown, goals)}\n`;
  });
  return {
    title: "The official clients when a node fails, alone and on a pool",
    body: `${introduction({ rounds, threads, pauseMs }, redis !== undefined)}\n\n${busyText(busyParts)}\n\n${sections.join("")}`,
  };
}

interface Terms {
  readonly rounds: number;
  readonly threads: number;
  readonly pauseMs: number;
}

function introduction({ rounds, threads, pauseMs }: Terms, hasRedis: boolean): string {
  const seconds = (ms: number) => `${ms / 1_000} s`;
  return [
    `${processes} processes of each client alone, and as many of the same client on a pool, on one cluster of three nodes of ` +
      `the real engine of its version, at the same time. ${slotCount} slots in each: a slot searches, pauses ${pauseMs} ms, ` +
      `and searches again. Rounds: ${rounds}; figures are medians, errors are sums.`,
    `All know all three nodes, give a request ${seconds(timeoutMs)} and sniff every ${seconds(sniffEveryMs)}; alone, also at ` +
      `the start and when a connection fails. Each pool has ${threads} worker ${threads === 1 ? "thread" : "threads"}` +
      `${hasRedis ? ", and the pools share a view in Redis" : ""}. The clients are those of \`npm run test:clients\`.`,
    [
      "- *errors*: calls without an answer of status 200",
      "- *slowest call*: of those that overlap the fault",
      "- *worst second*: answers in the worst whole second of the fault, in % of the healthy mean",
      "- *sniffs*: requests for the list of nodes that all processes of a row send in the 15 s from the fault",
      "- *last failed or slow call*: from the fault to the end of the last call that failed or took longer than 1 s",
    ].join("\n"),
  ].join("\n\n");
}

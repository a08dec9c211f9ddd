import { setTimeout as sleep } from "node:timers/promises";
import { busyPartOf } from "../failover/processors.js";
import type { Report } from "../report.js";
import type { HedgingRun } from "./client.js";
import { hedgingTable, type Measured, rowOf } from "./figures.js";
import { FixtureNodes } from "./fixture-nodes.js";
import { type Hedge, underLoad } from "./load.js";
import { perSecondMax, type Scenario, scenarios } from "./scenarios.js";
import { nodeTerms, processes, timeoutMs, usualMs } from "./terms.js";

export interface HedgingOptions {
  readonly quick: boolean;
  /** Default 1, which takes some five minutes. */
  readonly rounds?: number;
  /** Names of scenarios. Default: all. */
  readonly only?: readonly string[];
}

const body = { query: { match_all: {} } };

/** The slowest searches with `hedge` and without, by what befalls three nodes. */
export async function hedging({ quick, rounds = 1, only }: HedgingOptions): Promise<Report> {
  const ms = quick ? 3_000 : 7_000;
  const chosen = scenarios.filter(({ name }) => only?.includes(name) ?? true);
  const rows: [string, Hedge, Measured[]][] = [];
  for (const scenario of chosen) {
    const off: Measured[] = [];
    const on: Measured[] = [];
    rows.push([scenario.title, "off", off], [scenario.title, "on", on]);
    for (let round = 0; round < (quick ? 1 : rounds); round++) {
      // Each round begins with the other one.
      for (const hedge of round % 2 === 0 ? (["off", "on"] as const) : (["on", "off"] as const)) {
        const measured = await runOnce(scenario, hedge, ms, round);
        (hedge === "on" ? on : off).push(measured);
        console.log(rowOf(scenario.title, hedge, [measured]).join(" | "));
      }
    }
  }
  const text = `Three fixture nodes of ${nodeTerms.workers} workers, ${processes} processes. A search takes a worker ${nodeTerms.searchMs} ms, a tenth of them
${nodeTerms.longerMs} ms; the load is a part of the ${perSecondMax.toFixed(0)} searches a second that the nodes can do, 0.4 where no other is given. Searches
come by chance for ${ms / 1_000} s, and for ${usualMs / 1_000} s before without being measured; the trouble begins a second after that. A search fails after ${timeoutMs / 1_000} s. Nodes do not begin a search
whose client has gone, where no other is said. ${rounds === 1 ? "One round." : `${rounds} rounds in turns: medians of the latencies, sums of the counts.`}

${hedgingTable(rows)}
`;
  return { title: "Reads that wait too long, hedged and not", body: text };
}

async function runOnce(scenario: Scenario, hedge: Hedge, ms: number, round: number): Promise<Measured> {
  await using nodes = await FixtureNodes.start(scenario);
  let runs: readonly HedgingRun[] = [];
  const load = {
    ...{ urls: nodes.urls, path: "/bench/_search", body, timeoutMs, ms, seed: round + 1 },
    ...{ perSecond: scenario.load * perSecondMax, threads: scenario.threads ?? 0 },
  };
  const busy = await busyPartOf(async () => {
    runs = await underLoad(hedge, load, async () => {
      await sleep(1_000);
      await scenario.disturb(nodes);
    });
  });
  return { runs, busy };
}

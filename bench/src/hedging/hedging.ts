import { setTimeout as sleep } from "node:timers/promises";
import { type FixtureCluster, type RequestFault, startFixtureCluster } from "@rollcall/testing/fixture";
import { busyPartOf } from "../failover/processors.js";
import { startMeasured } from "../measured-process.js";
import { type Report, table } from "../report.js";
import { quantile } from "../statistics.js";
import type { HedgingOrder, HedgingRun } from "./client.js";

const processes = 4;
const perSecond = 50;
const timeoutMs = 5_000;
const search = { path: "/bench/_search" };

/** A search takes 10 ms, a tenth of them 30 ms. */
const usual: readonly RequestFault[] = [
  { kind: "delay", ms: 10, on: search },
  { kind: "delay", ms: 20, on: search, share: 0.1 },
];

/** What befalls the cluster while the clients search, from one second after they begin. */
interface Scenario {
  readonly name: string;
  readonly disturb: (cluster: FixtureCluster) => Promise<void>;
}

const atOne = (fault: RequestFault) => async (cluster: FixtureCluster) =>
  cluster.nodes[0]?.set({ requests: [fault, ...usual] });
const stopOne = (ms: number) => async (cluster: FixtureCluster) => {
  cluster.nodes[0]?.pause();
  await sleep(ms);
  cluster.nodes[0]?.resume();
};

const scenarios: readonly Scenario[] = [
  { name: "healthy", disturb: async () => {} },
  { name: "one node is frozen for 3 s", disturb: stopOne(3_000) },
  { name: "one node pauses for 1 s", disturb: stopOne(1_000) },
  { name: "one node delays a tenth by 300 ms", disturb: atOne({ kind: "delay", ms: 300, on: search, share: 0.1 }) },
  { name: "one node never answers 2 %", disturb: atOne({ kind: "silence", on: search, share: 0.02 }) },
  {
    name: "all nodes are five times slower",
    disturb: async ({ nodes }) => {
      for (const node of nodes) await node.set({ requests: [{ kind: "delay", ms: 50, on: search }, ...usual] });
    },
  },
  {
    name: "all nodes answer 429 to a third",
    disturb: async ({ nodes }) => {
      for (const node of nodes) {
        await node.set({ requests: [{ kind: "reply", status: 429, on: search, share: 0.33 }, ...usual] });
      }
    },
  },
];

/** The slowest searches with `hedge` and without, by what befalls three nodes. */
export async function hedging({ quick }: { readonly quick: boolean }): Promise<Report> {
  const ms = quick ? 3_000 : 8_000;
  const rows: string[][] = [];
  for (const scenario of scenarios) {
    for (const hedge of ["off", "on"] as const) {
      let runs: readonly HedgingRun[] = [];
      const busy = await busyPartOf(async () => {
        runs = await runOnce(scenario, hedge, ms);
      });
      const row = [scenario.name, hedge, ...figuresOf(runs), `${(busy * 100).toFixed(0)} %`];
      console.log(row.join(" | "));
      rows.push(row);
    }
  }
  const head = [
    "",
    "`hedge`",
    "p99, ms",
    "p99.9, ms",
    "slowest, ms",
    "failed",
    "hedges won",
    "more requests",
    "processors busy",
  ];
  const body = `Three fixture nodes, ${processes} processes, ${perSecond} searches a second each, of 10 ms, a tenth of them 30 ms;
the trouble begins a second after the searches. A search fails after ${timeoutMs / 1_000} s.

${table(head, rows)}
`;
  return { title: "Reads that wait too long, hedged and not", body };
}

async function runOnce({ disturb }: Scenario, hedge: "on" | "off", ms: number): Promise<readonly HedgingRun[]> {
  await using cluster = await startFixtureCluster({ faults: { requests: usual } });
  const clients = await Promise.all(
    Array.from({ length: processes }, (_, at) =>
      startMeasured<HedgingOrder, HedgingRun>(new URL("client.js", import.meta.url), [hedge, `${at + 1}`]),
    ),
  );
  const { urls } = cluster;
  await Promise.all(clients.map((client) => client.run({ kind: "open", urls, timeoutMs })));
  const runs = clients.map((client) => client.run({ kind: "load", ms, perSecond }));
  await sleep(1_000);
  await disturb(cluster);
  const done = await Promise.all(runs);
  await Promise.all(clients.map((client) => client.stop()));
  return done;
}

function figuresOf(runs: readonly HedgingRun[]): string[] {
  const all = runs.flatMap(({ tookMs }) => tookMs);
  const good = all.filter((ms) => ms !== null);
  const sent = runs.reduce((sum, run) => sum + run.sent, 0);
  const won = runs.reduce((sum, run) => sum + run.won, 0);
  return [
    ...[0.99, 0.999, 1].map((part) => quantile(good, part).toFixed(0)),
    `${all.length - good.length} of ${all.length}`,
    `${won} of ${sent}`,
    `${((100 * sent) / all.length).toFixed(2)} %`,
  ];
}

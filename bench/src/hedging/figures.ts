import { table } from "../report.js";
import { median, quantile } from "../statistics.js";
import type { HedgingRun } from "./client.js";
import type { Hedge } from "./load.js";

/** One run of all clients. */
export interface Measured {
  readonly runs: readonly HedgingRun[];
  /** The part of the machine's processors that was used meanwhile, by all its processes. */
  readonly busy: number;
}

/** Rounds of one scenario without hedging and with it. */
export type Rounds = Readonly<Record<Hedge, readonly Measured[]>>;

const head = [
  "",
  "`hedge`",
  "p50, ms",
  "p99, ms",
  "p99.9, ms",
  "slowest, ms",
  "failed",
  "hedges won",
  "more requests",
  "processors busy",
];

/** Of latencies the medians of the rounds; what is counted is of all rounds together. */
export function hedgingTable(rows: readonly (readonly [title: string, Hedge, readonly Measured[]])[]): string {
  return table(
    head,
    rows.map(([title, hedge, rounds]) => rowOf(title, hedge, rounds)),
  );
}

export function rowOf(title: string, hedge: Hedge, rounds: readonly Measured[]): string[] {
  const latency = (part: number) => middle(rounds, ({ runs }) => ofGood(runs, (run) => run.tookMs, part));
  const runs = rounds.flatMap((round) => round.runs);
  const all = runs.flatMap(({ tookMs }) => tookMs);
  const sum = (of: "sent" | "won") => runs.reduce((total, run) => total + run[of], 0);
  const failed = all.filter((ms) => ms === null).length;
  return [
    ...[title, hedge, ...[0.5, 0.99, 0.999, 1].map(latency)],
    `${failed} of ${all.length}${reasonsOf(runs)}`,
    `${sum("won")} of ${sum("sent")}`,
    `${((100 * sum("sent")) / all.length).toFixed(2)} %`,
    `${(100 * median(rounds.map(({ busy }) => busy))).toFixed(0)} %`,
  ];
}

/** Of the long searches: how many, the middle one, the slowest, and how many failed. */
export function longText(rounds: readonly Measured[]): string {
  const all = rounds.flatMap(({ runs }) => runs.flatMap(({ longTookMs }) => longTookMs));
  const good = all.filter((ms) => ms !== null);
  const failed = all.length - good.length;
  if (good.length === 0) return `${all.length}, ${failed} failed`;
  return `${all.length}, median ${median(good).toFixed(0)} ms, slowest ${Math.max(...good).toFixed(0)} ms, ${failed} failed`;
}

function middle(rounds: readonly Measured[], of: (round: Measured) => number | undefined): string {
  const values = rounds.flatMap((round) => of(round) ?? []);
  return values.length === 0 ? "–" : median(values).toFixed(0);
}

function ofGood(
  runs: readonly HedgingRun[],
  timesOf: (run: HedgingRun) => readonly (number | null)[],
  part: number,
): number | undefined {
  const good = runs.flatMap(timesOf).filter((ms) => ms !== null);
  return good.length === 0 ? undefined : quantile(good, part);
}

function reasonsOf(runs: readonly HedgingRun[]): string {
  const counts = new Map<string, number>();
  for (const reason of runs.flatMap(({ failures }) => failures)) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  if (counts.size === 0) return "";
  return ` (${[...counts].map(([reason, count]) => `${reason} ${count}`).join(", ")})`;
}

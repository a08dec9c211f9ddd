import { table } from "../report.js";
import { median } from "../statistics.js";
import type { Figures } from "./figures.js";
import type { Goals } from "./scenarios.js";

/** One contender's figures of one scenario, a set for each round. */
export interface Result {
  readonly label: string;
  readonly rounds: readonly Figures[];
}

interface Column {
  readonly head: string;
  readonly show: (rounds: readonly Figures[]) => string;
  readonly goal: (goals: Goals) => string | undefined;
}

const atMost = (bound: string | undefined) => (bound === undefined ? undefined : `≤ ${bound}`);

const requests: Column = {
  head: "requests",
  show: (rounds) => middle(rounds, (one) => one.requests).toFixed(0),
  goal: () => undefined,
};
/** An error of one round is an error, so they are added up. */
const errors: Column = { head: "errors", show: shownErrors, goal: ({ errors }) => errors };
const slowest: Column = {
  head: "slowest call",
  show: (rounds) => milliseconds(middle(rounds, (one) => one.slowestMs)),
  goal: (goals) => atMost(goals.slowest),
};
const slowCalls: Column = {
  head: "calls over 1 s",
  show: (rounds) => middle(rounds, (one) => one.slowCalls).toFixed(0),
  goal: () => undefined,
};
const cpu: Column = {
  head: "CPU a call",
  show: (rounds) => `${middle(rounds, (one) => one.cpuMsPerCall).toFixed(2)} ms`,
  goal: () => undefined,
};
const worstSecond: Column = {
  head: "worst second",
  show: (rounds) => percent(middle(rounds, (one) => one.worstSecond)),
  goal: ({ worstSecond }) => (worstSecond === undefined ? undefined : `≥ ${worstSecond}`),
};
const sniffs: Column = {
  head: "sniffs in 15 s",
  show: (rounds) =>
    shownOr(
      "not counted",
      middle(rounds, (one) => one.sniffs),
      (value) => value.toFixed(0),
    ),
  goal: (goals) => atMost(goals.sniffs),
};
const trouble: Column = {
  head: "last failed or slow call",
  show: (rounds) => shownTime(middle(rounds, (one) => one.troubleMs)),
  goal: () => undefined,
};
const informed: Column = {
  head: "all informed",
  show: (rounds) =>
    shownOr(
      "–",
      middle(rounds, (one) => one.informedMs),
      shownTime,
    ),
  goal: (goals) => atMost(goals.informed),
};
const firstUse: Column = {
  head: "first use",
  show: (rounds) => shownTime(middle(rounds, (one) => one.firstUseMs)),
  goal: (goals) => atMost(goals.firstUse),
};
const fullShare: Column = {
  head: "full share",
  show: (rounds) => shownTime(middle(rounds, (one) => one.fullShareMs)),
  goal: (goals) => atMost(goals.fullShare),
};
const p99: Column = {
  head: "p99, gray / healthy",
  show: (rounds) => {
    const healthy = middle(rounds, (one) => one.healthyP99Ms);
    const gray = middle(rounds, (one) => one.grayP99Ms);
    const ratio = middle(rounds, (one) => one.grayP99Ms / one.healthyP99Ms);
    return `${milliseconds(gray)} / ${milliseconds(healthy)} = ${Number.isFinite(ratio) ? ratio.toFixed(2) : "–"}`;
  },
  goal: (goals) => atMost(goals.p99),
};
const grayShare: Column = {
  head: "share of the gray node",
  show: (rounds) =>
    shownOr(
      "not counted",
      middle(rounds, (one) => one.grayShare),
      (part) => percent(part, 1),
    ),
  goal: (goals) => atMost(goals.grayShare),
};

const columns: Readonly<Record<"outage" | "gray", readonly Column[]>> = {
  outage: [requests, errors, slowest, slowCalls, worstSecond, sniffs, trouble, informed, firstUse, fullShare, cpu],
  gray: [requests, errors, p99, grayShare, slowest, slowCalls, worstSecond, sniffs, fullShare, cpu],
};

/** A row for each contender, medians over the rounds, and below them the goals for Rollcall. */
export function resultsTable(kind: "outage" | "gray", results: readonly Result[], goals: Goals): string {
  return columnsTable(columns[kind], results, goals);
}

/** The same of an outage, without what is about the return of the node. */
export function outageTable(results: readonly Result[], goals: Goals): string {
  return columnsTable([requests, errors, slowest, worstSecond, sniffs, trouble], results, goals);
}

function columnsTable(shown: readonly Column[], results: readonly Result[], goals: Goals): string {
  const rows = results.map(({ label, rounds }) => [label, ...shown.map(({ show }) => show(rounds))]);
  const wanted = shown.map(({ goal }) => goal(goals) ?? "");
  return table(["", ...shown.map(({ head }) => head)], [...rows, ["*goal for Rollcall*", ...wanted]]);
}

/**
 * The median over the rounds in which there is a number; NaN where there is none. Infinity is a number here: "never".
 */
function middle(rounds: readonly Figures[], figure: (figures: Figures) => number | undefined): number {
  const values = rounds.map(figure).filter((value) => value !== undefined && !Number.isNaN(value));
  return values.length === 0 ? Number.NaN : median(values as number[]);
}

/** The middle of each second over the rounds; as long as the shortest. */
export function perSecond(rounds: readonly Figures[]): number[] {
  const seconds = Math.min(...rounds.map((one) => one.perSecond.length));
  return Array.from({ length: seconds }, (_, second) => middle(rounds, (one) => one.perSecond[second]));
}

function shownErrors(rounds: readonly Figures[]): string {
  const kinds = new Map<string, number>();
  for (const { errors: ofRound } of rounds) {
    for (const [kind, count] of ofRound) kinds.set(kind, (kinds.get(kind) ?? 0) + count);
  }
  if (kinds.size === 0) return "0";
  const sum = [...kinds.values()].reduce((a, b) => a + b, 0);
  const parts = [...kinds].sort(([, a], [, b]) => b - a).map(([kind, count]) => `${count} ${kind}`);
  return `${sum} (${parts.join(", ")})`;
}

function shownOr(otherwise: string, value: number, show: (value: number) => string): string {
  return Number.isNaN(value) ? otherwise : show(value);
}

const never = "not seen";

function milliseconds(ms: number): string {
  return Number.isFinite(ms) ? `${ms.toFixed(0)} ms` : "–";
}

function shownTime(ms: number): string {
  if (Number.isNaN(ms)) return "–";
  return Number.isFinite(ms) ? `${(ms / 1_000).toFixed(1)} s` : never;
}

function percent(part: number, digits = 0): string {
  return Number.isFinite(part) ? `${(part * 100).toFixed(digits)} %` : "–";
}

import { median, quantile } from "../statistics.js";
import type { Call } from "./client.js";
import type { Run } from "./run-once.js";

/** One number a column; undefined: there are no such calls. */
export type Figures = readonly (number | undefined)[];

/** A column: its head, and how a number stands in it. */
export type Column = readonly [head: string, text: (value: number) => string];

/** So late may a timeout be. */
const timerMs = 100;

const share = (value: number) => value.toFixed(2);
const milliseconds = (value: number) => `${value.toFixed(0)} ms`;
const percent = (value: number) => `${(value * 100).toFixed(1)} %`;

export const overloadColumns: readonly Column[] = [
  ["goodput", share],
  ["p50", milliseconds],
  ["p99", milliseconds],
  ["refused", percent],
  ["refused within", milliseconds],
  ["rejected by nodes", percent],
  ["failed", percent],
  ["p99 after", milliseconds],
  ["busy", percent],
];

export const calmColumns: readonly Column[] = [
  ["calls", (value) => value.toFixed(0)],
  ["refused", percent],
  ["failed", percent],
  ["p50", milliseconds],
  ["p99", milliseconds],
  ["busy", percent],
];

/** Of an overload whose calls are looked at from then to then. */
export function overloadFigures(
  { calls, perSecond, busy }: Run,
  fromMs: number,
  toMs: number,
  timeoutMs: number,
): Figures {
  const during = calls.filter(([beganMs]) => beganMs >= fromMs && beganMs < toMs);
  // A client whose timeout is that of an attempt answers long after it.
  const good = of("good", during).filter(([, tookMs]) => tookMs <= timeoutMs + timerMs);
  const after = of("good", calls).filter(([beganMs]) => beganMs >= toMs + 1_000);
  return [
    good.length / ((perSecond * (toMs - fromMs)) / 1_000),
    latencyMs(good, 0.5),
    latencyMs(good, 0.99),
    of("refused", during).length / during.length,
    latencyMs(of("refused", during), 0.99),
    of("rejected", during).length / during.length,
    (of("failed", during).length + of("good", during).length - good.length) / during.length,
    latencyMs(after, 0.99),
    busy,
  ];
}

/** Of a load of which nothing is to be refused. */
export function calmFigures({ calls, busy }: Run): Figures {
  const good = of("good", calls);
  return [
    calls.length,
    of("refused", calls).length / calls.length,
    (of("failed", calls).length + of("rejected", calls).length) / calls.length,
    latencyMs(good, 0.5),
    latencyMs(good, 0.99),
    busy,
  ];
}

/** The cells of a row: the medians of its rounds, and where there are some, the least and the greatest of some columns. */
export function cellsOf(columns: readonly Column[], rounds: readonly Figures[]): string[] {
  return columns.map(([, text], at) => {
    const values = rounds.flatMap((figures) => figures[at] ?? []);
    if (values.length === 0) return "–";
    const middle = text(median(values));
    const [least, most] = [text(Math.min(...values)), text(Math.max(...values))];
    return least === most ? middle : `${middle} (${least}–${most})`;
  });
}

function of(outcome: Call[2], calls: readonly Call[]): readonly Call[] {
  return calls.filter(([, , one]) => one === outcome);
}

function latencyMs(calls: readonly Call[], part: number): number | undefined {
  if (calls.length === 0) return undefined;
  return quantile(
    calls.map(([, tookMs]) => tookMs),
    part,
  );
}

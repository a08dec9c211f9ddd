import type { NodeState } from "@rollcall/worker";
import type { ControlRequestCounts } from "../cluster/demo-cluster.js";
import type { Totals } from "../load/tally.js";
import type { Outage } from "../node-history.js";
import {
  cut,
  milliseconds,
  paintAt,
  printable,
  type TerminalSize,
  tenths,
  timedLine,
  whole,
} from "../screen/format.js";
import { stateColours, stateWidth } from "../screen/node-text.js";
import { conclusion, controlRequestText, failureLines, searchCounts, searchFigures } from "../screen/totals-text.js";

export interface Row {
  /** The node's name, or its address where it has none. */
  readonly name: string;
  readonly state: NodeState;
  readonly reason?: string;
  /** From the start of the searches; absent: the node has not changed since. */
  readonly sinceMs?: number;
  readonly perSecond: number;
  readonly p99Ms?: number;
}

/** The pool and its searches at one moment. */
export interface Picture {
  readonly nowMs: number;
  readonly rows: readonly Row[];
  readonly totals: Totals;
}

/**
 * For a terminal: a heading, a row for each node, the totals. No line is wider than the terminal, and all fit its rows.
 */
export function liveBlock({ nowMs, rows, totals }: Picture, size: TerminalSize, colour: boolean): string[] {
  const nameWidth = Math.min(nameWidthMax, Math.max(4, ...rows.map(({ name }) => name.length)));
  // The heading, the totals, a line for the rows left out, and the line of the cursor.
  const room = Math.max(1, size.rows - 4);
  const shown = rows.slice(0, room);
  const hidden = rows.length - shown.length;
  // Some terminals wrap a line that fills the last column.
  const columns = Math.max(1, size.columns - 1);
  return [
    cut(rowText(nameWidth, "node", "state", "since", "req/s", "p99", "why"), columns),
    ...shown.map((row) => {
      const since = row.sinceMs === undefined ? "start" : tenths(row.sinceMs);
      const p99 = row.p99Ms === undefined ? "-" : milliseconds(row.p99Ms);
      const name = cut(printable(row.name), nameWidth);
      const line = rowText(nameWidth, name, row.state, since, whole(row.perSecond), p99, printable(row.reason ?? ""));
      const text = cut(line, columns);
      return colour ? paintAt(text, nameWidth + 3, row.state.length, stateColours[row.state]) : text;
    }),
    ...(hidden === 0 ? [] : [cut(` and ${hidden} more`, columns)]),
    cut(` ${tenths(nowMs)}  ${searchCounts(totals)}`, columns),
  ];
}

/** The same on one line, for a pipe or a file. */
export function statusLine({ nowMs, rows, totals }: Picture): string {
  const nodes = rows.map(({ name, state, perSecond, p99Ms }) => {
    const p99 = p99Ms === undefined ? "" : ` p99 ${milliseconds(p99Ms)}`;
    return `${printable(name)} ${state} ${whole(perSecond)}/s${p99}`;
  });
  return timedLine(nowMs, [searchCounts(totals), ...nodes].join(" | "));
}

export interface OnePoolResult {
  readonly totals: Totals;
  readonly outages: readonly Outage[];
  /** Absent where the nodes do not count requests. */
  readonly controlRequests?: ControlRequestCounts;
  /** The node that was killed and then seen to answer searches again. */
  readonly recovered?: string;
}

/** One line of figures, the first failures, and what they show. */
export function summaryLines({ totals, outages, controlRequests, recovered }: OnePoolResult): string[] {
  return [
    [searchFigures(totals), ...outages.map(outageText)].join(", "),
    ...(controlRequests === undefined ? [] : [`The cluster got ${controlRequestText(controlRequests)} from the pool.`]),
    ...failureLines(totals),
    conclusion(
      totals,
      recovered && `No caller saw an error: the other nodes answered until ${printable(recovered)} was back.`,
    ),
  ];
}

function outageText({ node, down, fromMs, untilMs }: Outage): string {
  const seconds = (ms: number) => (ms / 1_000).toFixed(1);
  const span =
    untilMs === undefined ? `from ${seconds(fromMs)} s to the end` : `${seconds(fromMs)}-${seconds(untilMs)} s`;
  return `${printable(node)} ${down ? "down" : "ejected"} ${span}`;
}

const nameWidthMax = 20;

function rowText(
  nameWidth: number,
  name: string,
  state: string,
  since: string,
  rate: string,
  p99: string,
  why: string,
) {
  const left = ` ${name.padEnd(nameWidth)}  ${state.padEnd(stateWidth)}  ${since.padStart(8)}`;
  return `${left}  ${rate.padStart(6)}  ${p99.padStart(8)}  ${why}`.trimEnd();
}

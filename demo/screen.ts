import type { NodeEvent, NodeState } from "@rollcall/worker";
import type { Asked } from "./cluster.js";
import {
  clock,
  counted,
  cut,
  grouped,
  hundredths,
  type Mood,
  milliseconds,
  paintAt,
  printable,
  seconds,
  type TerminalSize,
  timed,
  whole,
} from "./figures.js";
import type { Absence } from "./standings.js";
import type { Totals } from "./tally.js";

/** One node, as it is shown. */
export interface Row {
  /** Its name, or its address where it has none. */
  readonly name: string;
  readonly state: NodeState;
  readonly reason?: string;
  /** On the clock of the traffic; absent for a node that has stood so from the start. */
  readonly sinceMs?: number;
  readonly perSecond: number;
  readonly p99Ms?: number;
}

/** All there is to show at one moment of the traffic. */
export interface Picture {
  readonly nowMs: number;
  readonly rows: readonly Row[];
  readonly totals: Totals;
}

/** The live block: a heading, a row a node, the totals. Every line fits the terminal, and so does their number. */
export function liveBlock({ nowMs, rows, totals }: Picture, size: TerminalSize, colour: boolean): string[] {
  const nameWidth = Math.min(longestName, Math.max(4, ...rows.map(({ name }) => name.length)));
  // A heading, the totals, a line for what has no room, and the line of the cursor.
  const room = Math.max(1, size.rows - 4);
  const shown = rows.slice(0, room);
  const hidden = rows.length - shown.length;
  const columns = Math.max(1, size.columns - 1); // the last column makes some terminals wrap
  return [
    cut(cells(nameWidth, "node", "state", "since", "req/s", "p99", "why"), columns),
    ...shown.map((row) => {
      const since = row.sinceMs === undefined ? "start" : clock(row.sinceMs);
      const p99 = row.p99Ms === undefined ? "-" : milliseconds(row.p99Ms);
      const name = cut(printable(row.name), nameWidth);
      const line = cells(nameWidth, name, row.state, since, whole(row.perSecond), p99, printable(row.reason ?? ""));
      const text = cut(line, columns);
      return colour ? paintAt(text, nameWidth + 3, row.state.length, moodOf[row.state]) : text;
    }),
    ...(hidden === 0 ? [] : [cut(` and ${hidden} more`, columns)]),
    cut(` ${clock(nowMs)}  ${counts(totals)}`, columns),
  ];
}

/** The same on one line, for a pipe or a file. */
export function statusLine({ nowMs, rows, totals }: Picture): string {
  const nodes = rows.map(({ name, state, perSecond, p99Ms }) => {
    const p99 = p99Ms === undefined ? "" : ` p99 ${milliseconds(p99Ms)}`;
    return `${printable(name)} ${state} ${whole(perSecond)}/s${p99}`;
  });
  return timed(nowMs, [counts(totals), ...nodes].join(" | "));
}

/** One change of a node's standing. */
export function transitionLine({ name, address, from, to, reason }: NodeEvent, atMs: number): string {
  const node = printable(name ?? address);
  const what = from === "absent" ? `joins, ${to}` : to === "absent" ? "leaves" : `${from} -> ${to}`;
  return timed(atMs, `${node}: ${what}${reason === undefined ? "" : ` (${printable(reason)})`}`);
}

export interface Ending {
  readonly totals: Totals;
  readonly absences: readonly Absence[];
  /** Absent where nobody can count it. */
  readonly asked?: Asked;
  /** Whether a node was killed, and seen to serve again. */
  readonly returned: boolean;
}

/** The last words: one line of figures, the failures, and what it means. */
export function summaryLines({ totals, absences, asked, returned }: Ending): string[] {
  const away = absences.map(({ node, down, fromMs, untilMs }) => {
    const until = untilMs === undefined ? "the end" : seconds(untilMs);
    const span = untilMs === undefined ? `from ${seconds(fromMs)} s to ${until}` : `${seconds(fromMs)}-${until} s`;
    return `${printable(node)} ${down ? "down" : "ejected"} ${span}`;
  });
  return [
    [figures(totals), ...away, ...(asked === undefined ? [] : [asking(asked)])].join(", "),
    ...failureLines(totals),
    meaning(totals, returned),
  ];
}

/** What came of all searches, on one line. */
export function figures(totals: Totals): string {
  return `${counts(totals)}, slowest ${hundredths(totals.slowestMs)}`;
}

/** What it cost the cluster to be watched. */
export function asking({ sniffs, probes }: Asked): string {
  return `${counted(sniffs, "sniff")}, ${counted(probes, "probe")}`;
}

/** The first failures, and how many more there were. */
export function failureLines({ failed, firstFailures }: Totals): string[] {
  const more = failed - firstFailures.length;
  return [
    ...firstFailures.map(({ atMs, code, message }) => timed(atMs, `failed: ${code}: ${printable(message)}`)),
    ...(more > 0 ? [`          and ${grouped(more)} more`] : []),
  ];
}

function meaning({ searches, failed }: Totals, returned: boolean): string {
  if (searches === 0) return "No search was sent, so this shows nothing.";
  if (failed > 0) return "Some callers saw an error. With other nodes well, none should have.";
  return returned
    ? "No caller noticed: other nodes answered until it had shown that it is back."
    : "Every search was answered.";
}

const longestName = 20;
const stateWidth = "unusable".length;

function cells(nameWidth: number, name: string, state: string, since: string, rate: string, p99: string, why: string) {
  const left = ` ${name.padEnd(nameWidth)}  ${state.padEnd(stateWidth)}  ${since.padStart(8)}`;
  return `${left}  ${rate.padStart(6)}  ${p99.padStart(8)}  ${why}`.trimEnd();
}

export const moodOf: Readonly<Record<NodeState, Mood>> = {
  unverified: "doubtful",
  healthy: "good",
  "slow-start": "doubtful",
  draining: "doubtful",
  down: "bad",
  ejected: "bad",
  unusable: "bad",
};

export function counts({ searches, failed }: Totals): string {
  return `${grouped(searches)} searches, ${grouped(failed)} failed`;
}

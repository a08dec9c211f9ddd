import type { Freshness, ThreadHeartbeat } from "@rollcall/core/view";
import type { Totals } from "../load/tally.js";
import {
  type Colour,
  cut,
  grouped,
  hundredths,
  inOrder,
  milliseconds,
  paintAt,
  printable,
  type TerminalSize,
  tenths,
  timedLine,
  whole,
} from "../screen/format.js";
import { stateColours, stateWidth } from "../screen/node-text.js";
import { searchCounts, searchFigures } from "../screen/totals-text.js";
import type { NodeReport, ReplicaReport, ViewReport } from "./replica-messages.js";
import { isUpToDate, threadText, viewText } from "./replica-text.js";

/** All replicas at one moment, side by side. */
export interface FleetPicture {
  readonly nowMs: number;
  readonly replicas: readonly ReplicaColumn[];
  /** Of all replicas together. */
  readonly totals: Totals;
}

export interface ReplicaColumn {
  /** Such as "replica 1". */
  readonly name: string;
  /** Absent before its first report. */
  readonly report?: ReplicaReport;
}

/**
 * For a terminal: a column for each replica, with a row for each node, then its searches, its view and its threads. No
 * line is wider than the terminal, and all fit its rows.
 *
 *              replica 1                        replica 2
 *  node        state        req/s       p99     state        req/s       p99
 *  n1          healthy        101    4.1 ms     healthy         99    4.0 ms
 *  searches    203/s, 0 failed                  201/s, 0 failed
 *  view        fresh, 0.8 s old, version 4      fresh, 0.8 s old, version 4
 *  thread 0    2 calls, version 4               1 call, 1 behind
 */
export function fleetBlock(picture: FleetPicture, size: TerminalSize, colour: boolean): string[] {
  const { nowMs, replicas, totals } = picture;
  // Some terminals wrap a line that fills the last column.
  const columns = Math.max(1, size.columns - 1);
  const width = Math.max(1, Math.floor((columns - labelWidth) / Math.max(1, replicas.length)));
  const rows = rowsOf(replicas);
  // The totals, a line for the rows left out, and the line of the cursor.
  const room = Math.max(1, size.rows - 3);
  const hidden = Math.max(0, rows.length - room);
  return [
    ...rows.slice(0, room).map(({ label, cells }) => lineOf(label, cells, width, columns, colour)),
    ...(hidden === 0 ? [] : [cut(` and ${hidden} more`, columns)]),
    cut(` ${tenths(nowMs)}  ${searchCounts(totals)}`, columns),
  ];
}

/** For a pipe or a file: a line for each replica. A thread is named only if it is not up to date. */
export function fleetLines({ nowMs, replicas }: FleetPicture): string[] {
  return replicas.map(({ name, report }) => {
    if (report === undefined) return timedLine(nowMs, `${name}: no report yet`);
    const { nodes, totals, view, threads } = report;
    const nodeTexts = [...nodes]
      .sort((a, b) => inOrder(a.name, b.name))
      .map((node) => `${printable(node.name)} ${node.state} ${whole(node.perSecond)}/s`);
    const upToDate = threads.filter((thread) => isUpToDate(thread, view)).length;
    const threadTexts = threads
      .filter((thread) => !isUpToDate(thread, view))
      .map((thread) => `thread ${thread.thread} ${stateText(thread)}${threadText(thread, view)}`);
    const parts = [
      searchFigures(totals),
      ...nodeTexts,
      view === undefined ? "no view" : `view ${viewText(view)}`,
      `${upToDate} of ${threads.length} threads up to date`,
      ...threadTexts,
    ];
    return timedLine(nowMs, `${name}: ${parts.join(" | ")}`);
  });
}

/** A cell of the block: a word in its colour, and the rest of the text in none. */
interface Cell {
  readonly word: string;
  readonly colour?: Colour;
  readonly rest: string;
}

interface Row {
  readonly label: string;
  readonly cells: readonly Cell[];
}

const labelWidth = 13;

function rowsOf(replicas: readonly ReplicaColumn[]): Row[] {
  const row = (label: string, cell: (report: ReplicaReport) => Cell): Row => ({
    label,
    cells: replicas.map(({ report }) => (report === undefined ? plain("") : cell(report))),
  });
  const reports = replicas.flatMap(({ report }) => (report === undefined ? [] : [report]));
  const names = [...new Set(reports.flatMap(({ nodes }) => nodes.map(({ name }) => name)))].sort(inOrder);
  const threadCount = Math.max(0, ...reports.map(({ threads }) => threads.length));
  return [
    { label: "", cells: replicas.map(({ name }) => plain(name)) },
    row("node", () => plain(nodeText("state", "req/s", "p99"))),
    ...names.map((name) => row(printable(name), ({ nodes }) => nodeCell(nodes.find((node) => node.name === name)))),
    row("searches", ({ nodes, totals }) => plain(`${rateOf(nodes)}/s, ${grouped(totals.failed)} failed`)),
    row("slowest", ({ totals }) => plain(hundredths(totals.slowestMs))),
    row("view", ({ view }) => viewCell(view)),
    ...Array.from({ length: threadCount }, (_, at) =>
      row(`thread ${at}`, ({ view, threads }) =>
        threadCell(
          threads.find(({ thread }) => thread === at),
          view,
        ),
      ),
    ),
  ];
}

function plain(rest: string): Cell {
  return { word: "", rest };
}

function nodeText(state: string, rate: string, p99: string): string {
  return `${state.padEnd(stateWidth)}  ${rate.padStart(6)}  ${p99.padStart(8)}`;
}

function nodeCell(node: NodeReport | undefined): Cell {
  if (node === undefined) return plain("not listed");
  const { state, perSecond, p99Ms } = node;
  const text = nodeText(state, whole(perSecond), p99Ms === undefined ? "-" : milliseconds(p99Ms));
  return { word: state, colour: stateColours[state], rest: text.slice(state.length) };
}

function rateOf(nodes: readonly NodeReport[]): string {
  return whole(nodes.reduce((sum, { perSecond }) => sum + perSecond, 0));
}

const freshnessColours: Readonly<Record<Freshness, Colour>> = { fresh: "green", stale: "yellow", orphan: "red" };

function viewCell(view: ViewReport | undefined): Cell {
  if (view === undefined) return plain("none yet");
  const { freshness } = view;
  return { word: freshness, colour: freshnessColours[freshness], rest: viewText(view).slice(freshness.length) };
}

const threadColours: Readonly<Record<ThreadHeartbeat["state"], Colour>> = {
  starting: "yellow",
  well: "green",
  late: "red",
  failed: "red",
};

function threadCell(thread: ThreadHeartbeat | undefined, view: ViewReport | undefined): Cell {
  if (thread === undefined) return plain("ended");
  const { state } = thread;
  const text = threadText(thread, view);
  return state === "well" ? plain(text) : { word: state, colour: threadColours[state], rest: `, ${text}` };
}

function stateText({ state }: ThreadHeartbeat): string {
  return state === "well" ? "" : `${state}, `;
}

function lineOf(label: string, cells: readonly Cell[], width: number, columns: number, colour: boolean): string {
  const start = ` ${cut(label, labelWidth - 2)}`.padEnd(labelWidth);
  const texts = cells.map(({ word, rest }) => cut(word + rest, width - 1).padEnd(width));
  const line = (start + texts.join("")).trimEnd().slice(0, columns);
  if (!colour) return line;
  // From the right, so that the escape codes shift no place that is still to be painted.
  return cells.reduceRight(
    (text, cell, at) =>
      cell.colour === undefined
        ? text
        : paintAt(text, labelWidth + at * width, Math.min(cell.word.length, width), cell.colour),
    line,
  );
}

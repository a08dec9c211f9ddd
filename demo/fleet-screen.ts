import type { Freshness, ThreadHeartbeat, Version } from "@rollcall/core/view";
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
import type { Act } from "./fleet-story.js";
import type { NodeSight, ReplicaReport, ViewSight } from "./replica-messages.js";
import { asking, counts, failureLines, figures, moodOf } from "./screen.js";
import type { Totals } from "./tally.js";

/** All replicas at one moment of the traffic, side by side. */
export interface FleetPicture {
  readonly nowMs: number;
  readonly replicas: readonly ReplicaColumn[];
  /** Of all replicas together. */
  readonly totals: Totals;
}

export interface ReplicaColumn {
  /** For people, such as "replica 1". */
  readonly name: string;
  /** Absent before its first one. */
  readonly report?: ReplicaReport;
}

/**
 * The live block: a column a replica, with a row a node, then its searches, its view and its threads. Every line fits the
 * terminal, and so does their number.
 *
 *              replica 1                         replica 2
 *  node        state      req/s       p99        state      req/s       p99
 *  n1          up           101    4.1 ms        up            99    4.0 ms
 *  searches    203/s, 0 failed                   201/s, 0 failed
 *  view        fresh, 0.8 s old, version 4       fresh, 0.8 s old, version 4
 *  thread 0    2 calls, version 4                1 call, 1 behind
 */
export function fleetBlock(picture: FleetPicture, size: TerminalSize, colour: boolean): string[] {
  const { nowMs, replicas, totals } = picture;
  const columns = Math.max(1, size.columns - 1); // the last column makes some terminals wrap
  const width = Math.max(1, Math.floor((columns - labelWidth) / Math.max(1, replicas.length)));
  const rows = rowsOf(replicas);
  // The totals, a line for what has no room, and the line of the cursor.
  const room = Math.max(1, size.rows - 3);
  const hidden = Math.max(0, rows.length - room);
  return [
    ...rows.slice(0, room).map(({ label, cells }) => lineOf(label, cells, width, columns, colour)),
    ...(hidden === 0 ? [] : [cut(` and ${hidden} more`, columns)]),
    cut(` ${clock(nowMs)}  ${counts(totals)}`, columns),
  ];
}

/** The same for a pipe or a file: a line a replica. */
export function fleetLines({ nowMs, replicas }: FleetPicture): string[] {
  return replicas.map(({ name, report }) => {
    if (report === undefined) return timed(nowMs, `${name}: nothing heard yet`);
    const nodes = [...report.nodes]
      .sort((a, b) => inOrder(a.name, b.name))
      .map((node) => `${printable(node.name)} ${node.state} ${whole(node.perSecond)}/s`);
    const threads = report.threads.map((thread) => `thread ${thread.thread}: ${threadText(thread, report.view)}`);
    const view =
      report.view === undefined ? "no view" : `view ${ageText(report.view)}, ${versionText(report.view.version)}`;
    return timed(nowMs, `${name}: ${[figures(report.totals), ...nodes, view, ...threads].join(" | ")}`);
  });
}

export interface FleetEnding {
  readonly totals: Totals;
  readonly replicas: number;
  /** Of each replica. */
  readonly threads: number;
  /** Those that are over. */
  readonly acts: readonly Act[];
  /** While the searches went on; absent where nobody can count it. */
  readonly asked?: Asked;
  /** Whether all acts were played to their end. */
  readonly complete: boolean;
}

/** The last words: the figures, a row for each death, what it cost, and what it means. */
export function fleetSummary({ totals, replicas, threads, acts, asked, complete }: FleetEnding): string[] {
  return [
    figures(totals),
    ...failureLines(totals),
    ...(acts.length === 0 ? [] : actLines(acts)),
    ...(asked === undefined
      ? []
      : [`${asking(asked)}: all that ${replicas} replicas with ${threads} threads each cost the cluster`]),
    meaning(totals, complete),
  ];
}

function actLines(acts: readonly Act[]): string[] {
  const row = (victim: string, ...figures: readonly string[]) =>
    [` ${victim.padEnd(victimWidth)}`, ...figures.map((text, at) => text.padStart(actWidths[at] ?? 0))].join("  ");
  return [
    row("killed", "all knew after", "all as before after", "searches", "failed"),
    ...acts.map(({ victim, knownAfterMs, overAfterMs, searches, failed }) =>
      row(printable(victim), hundredths(knownAfterMs), clock(overAfterMs), grouped(searches), grouped(failed)),
    ),
  ];
}

function meaning({ searches, failed }: Totals, complete: boolean): string {
  if (searches === 0) return "No search was sent, so this shows nothing.";
  if (failed > 0) return "Some callers saw an error. None should have.";
  return complete
    ? "Every search was answered: nobody missed the node, Redis or the coordinator."
    : "Every search was answered.";
}

/** A word in its colour, and what follows it in none. */
interface Cell {
  readonly word: string;
  readonly mood?: Mood;
  readonly rest: string;
}

interface Row {
  readonly label: string;
  readonly cells: readonly Cell[];
}

const labelWidth = 13;
const stateWidth = "unusable".length;
const victimWidth = "the coordinator".length;
const actWidths = [14, 19, 8, 6];

function rowsOf(replicas: readonly ReplicaColumn[]): Row[] {
  const row = (label: string, cell: (report: ReplicaReport) => Cell): Row => ({
    label,
    cells: replicas.map(({ report }) => (report === undefined ? plain("") : cell(report))),
  });
  const reports = replicas.flatMap(({ report }) => (report === undefined ? [] : [report]));
  const names = [...new Set(reports.flatMap(({ nodes }) => nodes.map(({ name }) => name)))].sort(inOrder);
  const threads = Math.max(0, ...reports.map((report) => report.threads.length));
  return [
    { label: "", cells: replicas.map(({ name }) => plain(name)) },
    row("node", () => plain(nodeCells("state", "req/s", "p99"))),
    ...names.map((name) => row(printable(name), ({ nodes }) => nodeCell(nodes.find((node) => node.name === name)))),
    row("searches", ({ nodes, totals }) => plain(`${rateOf(nodes)}/s, ${grouped(totals.failed)} failed`)),
    row("slowest", ({ totals }) => plain(hundredths(totals.slowestMs))),
    row("view", ({ view }) => viewCell(view)),
    ...Array.from({ length: threads }, (_, at) =>
      row(`thread ${at}`, ({ view, threads }) =>
        threadCell(
          threads.find(({ thread }) => thread === at),
          view,
        ),
      ),
    ),
  ];
}

/** n2 before n10. */
function inOrder(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}

function plain(rest: string): Cell {
  return { word: "", rest };
}

function nodeCells(state: string, rate: string, p99: string): string {
  return `${state.padEnd(stateWidth)}  ${rate.padStart(6)}  ${p99.padStart(8)}`;
}

function nodeCell(node: NodeSight | undefined): Cell {
  if (node === undefined) return plain("unknown");
  const { state, perSecond, p99Ms } = node;
  const text = nodeCells(state, whole(perSecond), p99Ms === undefined ? "-" : milliseconds(p99Ms));
  return { word: state, mood: moodOf[state], rest: text.slice(state.length) };
}

function rateOf(nodes: readonly NodeSight[]): string {
  return whole(nodes.reduce((sum, { perSecond }) => sum + perSecond, 0));
}

const trusts: Readonly<Record<Freshness, Mood>> = { fresh: "good", stale: "doubtful", orphan: "bad" };

function viewCell(view: ViewSight | undefined): Cell {
  if (view === undefined) return plain("none yet");
  const { freshness, version } = view;
  const text = `${ageText(view)}, ${versionText(version)}`;
  return { word: freshness, mood: trusts[freshness], rest: text.slice(freshness.length) };
}

function ageText({ freshness, ageMs }: ViewSight): string {
  return Number.isFinite(ageMs) ? `${freshness}, ${seconds(Math.max(0, ageMs))} s old` : `${freshness}, never kept`;
}

const threadMoods: Readonly<Record<ThreadHeartbeat["state"], Mood>> = {
  starting: "doubtful",
  well: "good",
  late: "bad",
};

function threadCell(thread: ThreadHeartbeat | undefined, view: ViewSight | undefined): Cell {
  if (thread === undefined) return plain("ended");
  const { state } = thread;
  const text = threadText(thread, view);
  return state === "well" ? plain(text) : { word: state, mood: threadMoods[state], rest: `, ${text}` };
}

function threadText({ calls, topology }: ThreadHeartbeat, view: ViewSight | undefined): string {
  return `${counted(calls, "call")}, ${lagText(topology, view?.version)}`;
}

/** How far the list of nodes that a thread goes by is behind its process's. */
function lagText(own: Version | undefined, newest: Version | undefined): string {
  if (own === undefined) return "no view yet";
  if (newest === undefined) return versionText(own);
  if (own.epoch !== newest.epoch || own.leader !== newest.leader) return "of an earlier leader";
  const behind = newest.sequence - own.sequence;
  return behind <= 0 ? versionText(own) : `${behind} behind`;
}

/** Counts anew with every leader: whose it is, its epoch says, which is no number for people. */
function versionText({ sequence }: Version): string {
  return `version ${sequence}`;
}

function lineOf(label: string, cells: readonly Cell[], width: number, columns: number, colour: boolean): string {
  const start = ` ${cut(label, labelWidth - 2)}`.padEnd(labelWidth);
  const texts = cells.map(({ word, rest }) => cut(word + rest, width - 1).padEnd(width));
  const line = (start + texts.join("")).trimEnd().slice(0, columns);
  if (!colour) return line;
  // From the right, so that what is painted moves nothing that is still to be.
  return cells.reduceRight(
    (text, { word, mood }, at) =>
      mood === undefined ? text : paintAt(text, labelWidth + at * width, Math.min(word.length, width), mood),
    line,
  );
}

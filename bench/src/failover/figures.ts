import { quantile } from "../statistics.js";
import type { Call, NodeChange, ProcessTrace } from "./client.js";

/** What was done to one node. Times are of the system's clock. */
export interface FaultInterval {
  readonly port: number;
  readonly faultAtMs: number;
  /** When it is undone: SIGCONT, the start of a new process, the end of a gray time. */
  readonly endsAtMs: number;
  /** When the node answers again. */
  readonly backAtMs: number;
}

/** One contender in one scenario, with the moments that divide it. */
export interface Run {
  /** Of the processes under load. */
  readonly calls: readonly Call[];
  readonly healthyFromMs: number;
  readonly endedAtMs: number;
  readonly nodes: number;
  /** In order of time; at least one. */
  readonly intervals: readonly FaultInterval[];
  /** Of each process, those without load too; undefined for clients that do not report nodes. */
  readonly changes?: readonly (readonly NodeChange[])[];
  readonly sniffs?: number;
  readonly grayShare?: number;
  /** Processor time of all that stands between callers and nodes, from the first call to the end of the last. */
  readonly cpuMs: number;
  /** The gray percentile counts from so long after the fault. */
  readonly noticeMs: number;
}

/**
 * The figures of a run. Infinity stands for "not before the end". A number is undefined where it is not measured.
 *
 * Errors and requests are of everything after the warm-up.
 */
export interface Figures {
  readonly requests: number;
  readonly errors: ReadonlyMap<string, number>;
  /** Of the calls that touch the time from the first fault to its end. */
  readonly slowestMs: number;
  /** Answers in the worst whole second between the first fault and the last one's end, over the healthy mean. */
  readonly worstSecond: number;
  readonly sniffs: number | undefined;
  /** From the fault to the end of the last call that failed or took longer than a second. */
  readonly troubleMs: number;
  /** From the fault until the last process reports that it avoids the node. Of several faults the slowest. */
  readonly informedMs: number | undefined;
  /** From when the node answers again to the first answer of a call that began after that. Of several the slowest. */
  readonly firstUseMs: number;
  /**
   * From when the last node is back until every node that was hurt has `fullShare` of its fair part for two seconds.
   */
  readonly fullShareMs: number;
  readonly healthyP99Ms: number;
  /** Of the calls that touch the time from `noticeMs` after the fault until it ends, those that hang in it too. */
  readonly grayP99Ms: number;
  readonly grayShare: number | undefined;
  /** Calls that took longer than `slowCallMs`. */
  readonly slowCalls: number;
  readonly cpuMsPerCall: number;
  /** Answers in each second from the first healthy one. */
  readonly perSecond: readonly number[];
}

/** A call that takes longer is trouble. */
export const slowCallMs = 1_000;
/** The part of its fair share that counts as full, after an outage and after a gray time. */
export const fullShare = { outage: 0.9, gray: 0.8 } as const;
const shareWindowMs = 2_000;
const shareStepMs = 500;

export function figuresOf(run: Run, kind: keyof typeof fullShare): Figures {
  const { healthyFromMs, endedAtMs, intervals } = run;
  const first = intervals[0];
  const last = intervals.at(-1);
  if (first === undefined || last === undefined) throw new Error("a run in which nothing was done to any node");
  const counted = run.calls.filter((call) => call.endedAtMs >= healthyFromMs);
  const answers = counted.filter(({ error }) => error === undefined);

  const perSecond = perWholeSecond(answers, healthyFromMs, endedAtMs);
  const healthyCalls = counted.filter((call) => call.endedAtMs < first.faultAtMs);
  const healthyPerSecond =
    (healthyCalls.filter(({ error }) => error === undefined).length * 1_000) / (first.faultAtMs - healthyFromMs);
  const fromFault = perWholeSecond(answers, first.faultAtMs, last.endsAtMs);

  const inFault = counted.filter(
    (call) => call.endedAtMs >= first.faultAtMs && beganAt(call) < Math.max(last.endsAtMs, last.backAtMs),
  );
  const trouble = inFault.filter(({ error, tookMs }) => error !== undefined || tookMs > slowCallMs);
  const gray = counted.filter(
    (call) => call.endedAtMs >= first.faultAtMs + run.noticeMs && beganAt(call) < last.endsAtMs,
  );

  return {
    requests: counted.length,
    errors: kindsOf(counted),
    slowestMs: greatest(inFault.map(({ tookMs }) => tookMs)),
    worstSecond: Math.min(...fromFault) / healthyPerSecond,
    sniffs: run.sniffs,
    troubleMs: greatest(trouble.map((call) => call.endedAtMs - first.faultAtMs)),
    informedMs: run.changes === undefined ? undefined : informedAfter(run.changes, intervals, endedAtMs),
    firstUseMs: greatest(intervals.map((interval) => firstUseAfter(answers, interval))),
    fullShareMs: fullShareAfter(answers, run, fullShare[kind] / run.nodes),
    healthyP99Ms: percentile(healthyCalls),
    grayP99Ms: percentile(gray),
    grayShare: run.grayShare,
    slowCalls: counted.filter(({ tookMs }) => tookMs > slowCallMs).length,
    cpuMsPerCall: run.cpuMs / run.calls.length,
    perSecond,
  };
}

/** The calls of all processes in the order in which they ended. */
export function callsOf(traces: readonly ProcessTrace[]): readonly Call[] {
  return traces.flatMap(({ calls }) => calls).sort((a, b) => a.endedAtMs - b.endedAtMs);
}

function beganAt({ endedAtMs, tookMs }: Call): number {
  return endedAtMs - tookMs;
}

/** 0 of none. Not `Math.max(...)`: there are more calls than arguments can be. */
function greatest(values: readonly number[]): number {
  return values.reduce((a, b) => Math.max(a, b), 0);
}

function percentile(calls: readonly Call[]): number {
  return calls.length === 0
    ? Number.NaN
    : quantile(
        calls.map(({ tookMs }) => tookMs),
        0.99,
      );
}

function perWholeSecond(calls: readonly Call[], fromMs: number, toMs: number): number[] {
  const counts = Array.from({ length: Math.floor((toMs - fromMs) / 1_000) }, () => 0);
  for (const { endedAtMs } of calls) {
    const second = Math.floor((endedAtMs - fromMs) / 1_000);
    const count = counts[second];
    if (count !== undefined) counts[second] = count + 1;
  }
  return counts;
}

function kindsOf(calls: readonly Call[]): ReadonlyMap<string, number> {
  const kinds = new Map<string, number>();
  for (const { error } of calls) if (error !== undefined) kinds.set(error, (kinds.get(error) ?? 0) + 1);
  return kinds;
}

const avoided = new Set(["ejected", "down", "draining", "absent"]);

/** A process that avoided the node before the fault, and still does, has nothing to learn. */
function informedAfter(
  processes: readonly (readonly NodeChange[])[],
  intervals: readonly FaultInterval[],
  endedAtMs: number,
): number {
  const waits = intervals.flatMap(({ port, faultAtMs, backAtMs }) =>
    processes.map((changes) => {
      const ofNode = changes.filter((change) => change.port === port);
      const before = ofNode.findLast(({ atMs }) => atMs < faultAtMs);
      if (before !== undefined && avoided.has(before.to)) return 0;
      const found = ofNode.find(({ atMs, to }) => atMs >= faultAtMs && avoided.has(to));
      return found === undefined || found.atMs > Math.min(backAtMs, endedAtMs)
        ? Number.POSITIVE_INFINITY
        : found.atMs - faultAtMs;
    }),
  );
  return greatest(waits);
}

function firstUseAfter(answers: readonly Call[], { port, backAtMs }: FaultInterval): number {
  const first = answers.find((call) => call.port === port && beganAt(call) >= backAtMs);
  return first === undefined ? Number.POSITIVE_INFINITY : first.endedAtMs - backAtMs;
}

function fullShareAfter(answers: readonly Call[], { intervals, endedAtMs }: Run, part: number): number {
  const fromMs = greatest(intervals.map(({ backAtMs }) => backAtMs));
  const ports = [...new Set(intervals.map(({ port }) => port))];
  for (let atMs = fromMs; atMs + shareWindowMs <= endedAtMs; atMs += shareStepMs) {
    const inWindow = answers.filter((call) => call.endedAtMs >= atMs && call.endedAtMs < atMs + shareWindowMs);
    const has = (port: number) => inWindow.filter((call) => call.port === port).length >= part * inWindow.length;
    if (inWindow.length > 0 && ports.every(has)) return atMs - fromMs;
  }
  return Number.POSITIVE_INFINITY;
}

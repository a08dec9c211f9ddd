import type { Random } from "../random.js";
import { type Backoff, equalJitter } from "./backoff.js";
import { type NodeEffect, type ProbeResult, reportOf } from "./node-probe.js";

/**
 * This many connection failures in a row eject a node, and one does where a probe fails too: one may be chance, and each
 * of them was retried elsewhere.
 */
const failuresToEject = 3;
const ejectionMs = { baseMs: 1_000, capMs: 30_000 };
/** A node that accepts connections and sends nothing is more often frozen than dead: try it again soon. */
const stallEjectionMs = { baseMs: 1_000, capMs: 5_000 };
/** A trial without a result for this long has failed. Longer than any probe may take. */
const trialDeadlineMs = 5_000;
/** A doubtful down mark is put to a trial after this time, up to twice as long: a fleet spreads its trials. */
const doubtMs = 5_000;
/** After an ejection, requests return over this time instead of all at once. */
export const localSlowStartMs = 10_000;
/** One earlier ejection is forgotten for each such time without another. */
const forgetMs = 30_000;

/** The circuit breaker of one node: see the drawing in node.ts. All times are monotonic milliseconds. */
export type CircuitBreaker = Closed | Open | HalfOpen | Suspended;

interface Closed {
  readonly state: "closed";
  readonly sinceMs: number;
  /** The node has just returned from an ejection: its requests return over {@link localSlowStartMs}. */
  readonly slowStart: boolean;
  /** Ejections not yet forgotten when this state began. */
  readonly ejections: number;
  /** Connection failures in a row. */
  readonly failures: number;
  /** When the last of them was counted, and how many answers the node had given by then. */
  readonly countedAtMs: number;
  readonly answers: number;
  /** The probe that follows a first failure is under way. */
  readonly isVerifying: boolean;
}

interface Ejection {
  /** Since when, and why, this process keeps its requests off the node. */
  readonly sinceMs: number;
  readonly reason: string;
  /** Ejections not yet forgotten, with this one and its failed trials. */
  readonly count: number;
  /** How long the node stays ejected after each failed trial. */
  readonly backoff: Backoff;
}

interface Open {
  readonly state: "open";
  readonly ejection: Ejection;
  readonly untilMs: number;
}

interface HalfOpen {
  readonly state: "half-open";
  readonly ejection: Ejection;
  readonly deadlineMs: number;
}

interface Suspended {
  readonly state: "suspended";
  readonly ejections: number;
}

type BreakerStep = readonly [CircuitBreaker, readonly NodeEffect[]];

export function closedBreaker(sinceMs: number, ejections = 0, slowStart = false): CircuitBreaker {
  const countedAtMs = Number.NEGATIVE_INFINITY;
  const none = { failures: 0, countedAtMs, answers: 0, isVerifying: false };
  return { state: "closed", sinceMs, slowStart, ejections, ...none };
}

/** The ejection in force; undefined while requests may go to the node. */
export function ejectionOf(breaker: CircuitBreaker): { readonly sinceMs: number; readonly reason: string } | undefined {
  return breaker.state === "open" || breaker.state === "half-open" ? breaker.ejection : undefined;
}

export interface ConnectionFailure {
  /** When the attempt began. */
  readonly startedAtMs: number;
  /** How many answers the node has given in all. Only a change of it matters, so it may wrap around. */
  readonly answers: number;
  readonly reason: string;
}

/** An attempt failed on its connection. In any other state it was sent before the ejection, or in panic: no news. */
export function failedAttempt(
  breaker: CircuitBreaker,
  { startedAtMs, answers, reason }: ConnectionFailure,
  nowMs: number,
  random: Random,
): BreakerStep {
  // Attempts that were in flight together fail together: they count as one.
  if (breaker.state !== "closed" || startedAtMs < breaker.countedAtMs) return [breaker, []];
  const failures = answers === breaker.answers ? breaker.failures + 1 : 1;
  const isVerifying = breaker.isVerifying || failures === 1;
  const effects = isVerifying && !breaker.isVerifying ? [verifying] : [];
  if (failures < failuresToEject) return [{ ...breaker, failures, countedAtMs: nowMs, answers, isVerifying }, effects];
  const count = remembered(breaker, nowMs);
  const opened = open({ sinceMs: nowMs, reason, count, backoff: ejectionMs }, nowMs, random);
  return [opened, breaker.isVerifying ? [] : [verifying]];
}

const verifying: NodeEffect = { type: "probe", probe: { purpose: "verify" } };

/** Requests wait on the node, and it has not answered a probe either. */
export function stalledNode(breaker: CircuitBreaker, reason: string, nowMs: number, random: Random): BreakerStep {
  if (breaker.state !== "closed") return [breaker, []];
  const ejection = { sinceMs: nowMs, reason, count: remembered(breaker, nowMs), backoff: stallEjectionMs };
  return [open(ejection, nowMs, random), [{ type: "report", reason, probed: true }]];
}

/**
 * The result of the probe that follows a first failure or an ejection: the failures come from the node, or from something
 * else. `lastByteMs`: when a byte of the node last came.
 */
export function verified(
  breaker: CircuitBreaker,
  result: ProbeResult,
  lastByteMs: number,
  nowMs: number,
  random: Random,
): BreakerStep {
  const ejection = ejectionOf(breaker);
  if (ejection !== undefined) {
    if (result.kind !== "reached") return [breaker, reportOf(result, ejection.reason)];
    return breaker.state === "open" ? [closedBreaker(nowMs, breaker.ejection.count, true), []] : [breaker, []];
  }
  if (breaker.state !== "closed") return [breaker, []];
  const isFailing = breaker.failures > 0 && lastByteMs <= breaker.countedAtMs;
  if (!isFailing || result.kind !== "unreachable") return [{ ...breaker, isVerifying: false }, []];
  const { reason } = result;
  const count = remembered(breaker, nowMs);
  return [open({ sinceMs: nowMs, reason, count, backoff: ejectionMs }, nowMs, random), reportOf(result, reason)];
}

/** The ejection has been served. */
export function beginTrial({ ejection }: Open, nowMs: number): BreakerStep {
  const trial: CircuitBreaker = { state: "half-open", ejection, deadlineMs: nowMs + trialDeadlineMs };
  return [trial, [{ type: "probe", probe: { purpose: "trial" } }]];
}

export function endTrial(breaker: CircuitBreaker, result: ProbeResult, nowMs: number, random: Random): BreakerStep {
  if (breaker.state !== "half-open") return [breaker, []];
  const { ejection } = breaker;
  if (result.kind === "reached") return [closedBreaker(nowMs, ejection.count, true), []];
  const { reason } = result;
  return [open({ ...ejection, reason }, nowMs, random), reportOf(result, reason)];
}

/** No result has come in time: the node stays ejected, and is reported without a failed probe. */
export function missTrial({ ejection }: HalfOpen, nowMs: number, random: Random): BreakerStep {
  const reason = "no answer to the trial probe";
  return [open({ ...ejection, reason }, nowMs, random), [{ type: "report", reason, probed: false }]];
}

/** A down mark is obeyed: the leader probes the node for all, and this process does not. */
export function suspend(breaker: CircuitBreaker, nowMs: number): CircuitBreaker {
  return breaker.state === "suspended" ? breaker : { state: "suspended", ejections: remembered(breaker, nowMs) };
}

/** No leader stands behind the down mark any more: the node stays ejected until a trial has shown otherwise. */
export function doubt(breaker: CircuitBreaker, reason: string, nowMs: number, random: Random): CircuitBreaker {
  if (breaker.state !== "suspended") return breaker;
  const ejection = { sinceMs: nowMs, reason, count: breaker.ejections, backoff: ejectionMs };
  return { state: "open", ejection, untilMs: nowMs + doubtMs * (1 + random()) };
}

/**
 * The node is not marked down any more. Without a slow start here: the mark that follows brings one for all processes.
 */
export function resume(breaker: CircuitBreaker, nowMs: number): CircuitBreaker {
  return breaker.state === "suspended" ? closedBreaker(nowMs, breaker.ejections) : breaker;
}

function open(ejection: Ejection, nowMs: number, random: Random): Open {
  const { count, backoff } = ejection;
  const untilMs = nowMs + equalJitter(backoff, count, random);
  return { state: "open", ejection: { ...ejection, count: count + 1 }, untilMs };
}

function remembered(breaker: CircuitBreaker, nowMs: number): number {
  switch (breaker.state) {
    case "closed":
      return Math.max(0, breaker.ejections - Math.floor((nowMs - breaker.sinceMs) / forgetMs));
    case "open":
    case "half-open":
      return breaker.ejection.count;
    case "suspended":
      return breaker.ejections;
  }
}

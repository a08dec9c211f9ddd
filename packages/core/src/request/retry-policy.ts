import type { RollcallErrorCode, Sent } from "../errors.js";
import type { Random } from "../random.js";
import { refusedBackoffMs, retryBackoffMs } from "./backoff.js";
import type { RequestClass } from "./classify.js";
import { mayHaveSent, type Outcome } from "./outcome.js";
import type { RetryBudget } from "./retry-budget.js";

/** The parts of a request that the policy reads. All times are of one monotonic clock. */
export interface RetryableCall {
  readonly class: RequestClass;
  /** Retries after bytes may have been sent. 0 (`retry: false`) means one attempt exactly, whatever becomes of it. */
  readonly maxRetries: number;
  readonly deadlineMs: number;
  /** How long to retry while no node accepts a connection. */
  readonly noNodeWaitMs: number;
}

/**
 * What a request's earlier attempts leave behind. Begin with {@link noHistory} or {@link historyOfSent}, go on with
 * what a retry hands back and with {@link withGivenUpAttempt}. The one place that holds what was sent: see
 * {@link sentOf}.
 */
export interface History {
  /** Bytes of some attempt may have been written. False is a promise. */
  readonly mayHaveSent: boolean;
  /** Retries that counted against `maxRetries`. */
  readonly retries: number;
  readonly freeRetryUsed: boolean;
  /** A Read has moved to another node at no cost to the budget: once, and no more. */
  readonly moved: boolean;
  readonly badResponseSeen: boolean;
  /** The unbroken run of connections never made that the last attempt belonged to. */
  readonly refusals?: { readonly sinceMs: number; readonly onlyTls: boolean } | undefined;
}

export const noHistory: History = {
  mayHaveSent: false,
  retries: 0,
  freeRetryUsed: false,
  moved: false,
  badResponseSeen: false,
};

/** The history of a request whose thread died after it had handed so many attempts to a socket. */
export function historyOfSent(attempts: number): History {
  // Which of them were free retries is not known: all count, so that the bound on retries holds.
  return attempts === 0
    ? noHistory
    : { ...noHistory, mayHaveSent: true, freeRetryUsed: true, moved: true, retries: attempts };
}

/** The history with an attempt that was given up: its request was cancelled, or sent to another node. */
export function withGivenUpAttempt(history: History, handedToSocket: boolean): History {
  return history.mayHaveSent || !handedToSocket ? history : { ...history, mayHaveSent: true };
}

export function sentOf({ mayHaveSent: isPossible }: History): Sent {
  return isPossible ? "maybe" : "no";
}

export interface FinishedAttempt {
  readonly outcome: Outcome;
  readonly startedAtMs: number;
  /** How many nodes this request might still go to and has not tried. */
  readonly untriedNodes: number;
}

/**
 * return  hand the answer to the caller as it is
 * retry   wait, then send again, to a node not tried yet if there is one
 * move    send again to a node not tried yet, when its turn comes: see nextMoveTurn
 * fail    reject with the code; `sent` is "no" only if no attempt was ever handed to a socket
 */
export type Decision =
  | { readonly next: "return" }
  | { readonly next: "retry"; readonly afterMs: number; readonly history: History }
  | { readonly next: "move"; readonly history: History }
  | { readonly next: "fail"; readonly code: RollcallErrorCode; readonly sent: Sent };

/**
 * What to do after an attempt.
 *
 * | outcome                 | Read, Repeatable                              | Never                       |
 * |-------------------------|-----------------------------------------------|-----------------------------|
 * | not-connected           | again at once while a node is untried, then every 100 to 500 ms: NO_NODE or TLS   ||
 * | stale-socket            | the first: again at once; then as lost        | DISCONNECTED, sent "maybe"  |
 * | lost before first byte  | a Read moves once; then as lost               | DISCONNECTED, sent "maybe"  |
 * | lost                    | again, else DISCONNECTED                      | DISCONNECTED, sent "maybe"  |
 * | bad-response            | a Read once, as lost; else BAD_RESPONSE       | BAD_RESPONSE, sent "maybe"  |
 * | 429, 502, 503, 504      | again, else the answer                        | the answer                  |
 * | any other status        | the answer                                    | the answer                  |
 * | cancelled               | TIMEOUT or ABORTED                            | TIMEOUT or ABORTED          |
 * | local                   | CONFIG                                        | CONFIG                      |
 *
 * The first retry of a 429, 502, 503 or 504 goes out at once if a node is untried and the answer names no time: another
 * node mostly accepts what one refuses. So does the first retry of a Read whose answer was cut off. Further ones back off.
 *
 * Promised: a Never is not resent once it was handed to a socket; no retry begins at or after the deadline; the
 * retries that follow sent bytes are at most `maxRetries` and one free one. Taking a retry that is neither free, nor a
 * move, nor for a connection never made takes it from the budget; nothing else here has an effect. The budget must not
 * deny what failover is for: a node that dies loses many Reads at once, and a young process has saved little.
 */
export function decide(
  call: RetryableCall,
  history: History,
  attempt: FinishedAttempt,
  nowMs: number,
  budget: RetryBudget,
  random: Random,
): Decision {
  const { outcome } = attempt;
  const past = withOutcome(history, attempt);
  const sent = sentOf(past);
  const fail = (code: RollcallErrorCode): Decision => ({ next: "fail", code, sent });
  const retryAfter = (leastWaitMs: number) => {
    const waitMs = Math.max(leastWaitMs, retryBackoffMs(past.retries + 1, random));
    return countedRetry(call, past, waitMs, nowMs, budget);
  };
  const askAnother = () => {
    const retryAfterMs = outcome.kind === "answered" ? outcome.retryAfterMs : undefined;
    const atOnce = retryAfterMs === undefined && past.retries === 0 && attempt.untriedNodes > 0;
    return atOnce ? countedRetry(call, past, 0, nowMs, budget) : retryAfter(retryAfterMs ?? 0);
  };

  switch (outcome.kind) {
    case "not-connected":
      return (
        retryConnect(call, past, attempt, nowMs, random) ?? fail(refusalCode(call, past, attempt, outcome.code, nowMs))
      );
    case "stale-socket":
      return (
        freeRetry(call, history, past, nowMs) ??
        move(call, past, attempt, nowMs) ??
        retryAfter(0) ??
        fail(lossCode(call, past, nowMs))
      );
    case "lost": {
      const moved = outcome.beforeFirstByte ? move(call, past, attempt, nowMs) : undefined;
      const again = call.class === "read" && !outcome.beforeFirstByte ? askAnother : () => retryAfter(0);
      return moved ?? again() ?? fail(lossCode(call, past, nowMs));
    }
    case "bad-response": {
      const worthAnother = call.class === "read" && !outcome.tooLarge && !history.badResponseSeen;
      return (worthAnother ? retryAfter(0) : undefined) ?? fail("BAD_RESPONSE");
    }
    case "answered":
      return (isTransientRefusal(outcome.status) ? askAnother() : undefined) ?? { next: "return" };
    case "cancelled":
      return fail(outcome.reason === "timeout" || nowMs >= call.deadlineMs ? "TIMEOUT" : "ABORTED");
    case "local":
      return fail("CONFIG");
  }
}

function withOutcome(history: History, { outcome, startedAtMs }: FinishedAttempt): History {
  const refused = outcome.kind === "not-connected";
  const tls = refused && outcome.code === "TLS";
  return {
    mayHaveSent: history.mayHaveSent || mayHaveSent(outcome),
    retries: history.retries,
    moved: history.moved,
    freeRetryUsed: history.freeRetryUsed || outcome.kind === "stale-socket",
    badResponseSeen: history.badResponseSeen || outcome.kind === "bad-response",
    refusals: refused
      ? {
          sinceMs: history.refusals?.sinceMs ?? startedAtMs,
          onlyTls: tls && (history.refusals?.onlyTls ?? true),
        }
      : undefined,
  };
}

/** The connection was never made: safe to repeat for every class, free of charge. */
function retryConnect(
  call: RetryableCall,
  past: History,
  { untriedNodes, startedAtMs }: FinishedAttempt,
  nowMs: number,
  random: Random,
): Decision | undefined {
  if (call.maxRetries === 0) return undefined;
  // The wait is bounded, not the number of attempts: two slow connect timeouts must not hide a third node that is
  // healthy.
  if (untriedNodes > 0) return retryWithin(call.deadlineMs, 0, past, nowMs);
  const untilMs = Math.min(call.deadlineMs, (past.refusals?.sinceMs ?? startedAtMs) + call.noNodeWaitMs);
  return retryWithin(untilMs, refusedBackoffMs(random), past, nowMs);
}

function refusalCode(
  call: RetryableCall,
  past: History,
  { untriedNodes }: FinishedAttempt,
  lastCode: "CONNECT" | "TLS",
  nowMs: number,
): RollcallErrorCode {
  if (call.maxRetries === 0) return lastCode;
  if (untriedNodes > 0 && nowMs >= call.deadlineMs) return "TIMEOUT";
  return past.refusals?.onlyTls === true ? "TLS" : "NO_NODE";
}

function lossCode(call: RetryableCall, past: History, nowMs: number): RollcallErrorCode {
  const mayRepeat = call.class !== "never" && past.retries < call.maxRetries;
  return mayRepeat && nowMs >= call.deadlineMs ? "TIMEOUT" : "DISCONNECTED";
}

function freeRetry(call: RetryableCall, history: History, past: History, nowMs: number): Decision | undefined {
  if (call.class === "never" || call.maxRetries === 0 || history.freeRetryUsed) return undefined;
  return retryWithin(call.deadlineMs, 0, past, nowMs);
}

/** It counts against `maxRetries`, and not against the budget. */
function move(
  call: RetryableCall,
  past: History,
  { untriedNodes }: FinishedAttempt,
  nowMs: number,
): Decision | undefined {
  if (call.class !== "read" || past.moved || untriedNodes === 0) return undefined;
  if (past.retries >= call.maxRetries || nowMs >= call.deadlineMs) return undefined;
  return { next: "move", history: { ...past, moved: true, retries: past.retries + 1 } };
}

function countedRetry(
  call: RetryableCall,
  past: History,
  waitMs: number,
  nowMs: number,
  budget: RetryBudget,
): Decision | undefined {
  if (call.class === "never" || past.retries >= call.maxRetries) return undefined;
  const retry = retryWithin(call.deadlineMs, waitMs, { ...past, retries: past.retries + 1 }, nowMs);
  // The budget comes last, so that a retry which would be too late costs nothing.
  return retry !== undefined && budget.trySpend(nowMs) ? retry : undefined;
}

function retryWithin(untilMs: number, afterMs: number, history: History, nowMs: number): Decision | undefined {
  return nowMs + afterMs < untilMs ? { next: "retry", afterMs, history } : undefined;
}

/** The node, or a proxy before it, refuses for now; another node or a later attempt may succeed. */
export function isTransientRefusal(status: number): boolean {
  return status === 429 || status === 502 || status === 503 || status === 504;
}

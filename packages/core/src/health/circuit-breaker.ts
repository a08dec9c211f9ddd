import type { Random } from "../random.js";
import { type Backoff, equalJitter } from "./backoff.js";

/** So many connection failures in a row eject a node: one may be chance, and each of them was retried elsewhere. */
const failuresToEject = 3;
const ejection = { baseMs: 1_000, capMs: 30_000 };
/** A node that is connected to and does not answer is a frozen process more often than a dead one: look again soon. */
const silentEjection = { baseMs: 1_000, capMs: 5_000 };
/** A trial probe that nobody answers for so long has failed. Longer than any probe may take. */
const trialDeadlineMs = 5_000;
/** So long, to twice as long, after a shared DOWN has become a hint it is put to the proof: a fleet does so over a while. */
const doubtMs = 5_000;
/** After an ejection, requests return over this time instead of all at once. */
export const localSlowStartMs = 10_000;
/** Being well for so long makes one earlier ejection forgotten. */
const forgetMs = 30_000;

/**
 * One process's own opinion of one slot. It keeps this process's requests away from a node it cannot connect to, and is
 * reported to the coordinator; no other process acts on it.
 *
 *         3 failures in a row,
 *         or silent                      time served
 *    ok ──────────────────────▶ ejected ─────────────▶ trial
 *    ▲                          │  ▲                   │   │
 *    │                          │  └── probe failed ───┘   │
 *    └── reached after all ─────┴───── probe answered ─────┘     (eased in)
 *
 *    any ── the view says DOWN ──▶ suspended ── it no longer does ──▶ ok
 *                                      └── nobody keeps the view ──▶ ejected
 *
 * While suspended there are no trials: the coordinator's prober watches the node for everybody. Where nobody keeps the
 * view any more, what it said last is a hint: the node stays ejected until a trial of our own shows otherwise.
 *
 * All times are monotonic milliseconds.
 */
export type CircuitBreaker = Ok | Ejected | Trial | Suspended;

interface Ok {
  readonly state: "ok";
  readonly sinceMs: number;
  /** The node has just come back from an ejection: see {@link slowStartSinceMs}. */
  readonly easing: boolean;
  /** Ejections not yet forgotten when this state began. */
  readonly ejections: number;
  /** Connection failures in a row. */
  readonly failures: number;
  /** When the last of them was counted, and the slot's total of answers as it was then. */
  readonly countedAtMs: number;
  readonly answered: number;
}

interface Ejected {
  readonly state: "ejected";
  readonly ejections: number;
  /** How long it stays away after each failed trial. */
  readonly backoff: Backoff;
  readonly untilMs: number;
}

interface Trial {
  readonly state: "trial";
  readonly ejections: number;
  readonly backoff: Backoff;
  readonly deadlineMs: number;
}

interface Suspended {
  readonly state: "suspended";
  readonly ejections: number;
}

export type CircuitBreakerEvent =
  /**
   * An attempt of a user's request failed on its connection: refused, no route, connect timeout, TLS, or reset before
   * the first byte of the answer. A timeout of the answer, 429 and 5xx must not be told here.
   */
  | {
      readonly type: "failed";
      readonly startedAtMs: number;
      /** How many answers the slot has had in all. Only its changing matters, so it may wrap around. */
      readonly answered: number;
      readonly reason: string;
    }
  /** Requests wait on the node, and it has not answered a fresh probe either: see silence.ts. */
  | { readonly type: "silent"; readonly reason: string }
  /** Due at {@link detectorDueMs}; at any other time it does nothing. */
  | { readonly type: "tick" }
  /** What came of a `probe` effect. */
  | { readonly type: "trialled"; readonly ok: true }
  | { readonly type: "trialled"; readonly ok: false; readonly reason: string }
  /** A probe that was made at once after the ejection has reached the node: the failures were something else. */
  | { readonly type: "reached" }
  /** The view marks the node DOWN. */
  | { readonly type: "sharedDown" }
  /** The view marks the node DOWN, but nobody has kept it for a while; may be told again and again. */
  | { readonly type: "sharedDoubtful"; readonly reason: string }
  /** The view does not, or no longer, mark the node DOWN; may be told with every view. */
  | { readonly type: "sharedCleared" };

export type CircuitBreakerEffect =
  /** The node was ejected, or has failed its trial: tell the coordinator. */
  | { readonly type: "report"; readonly reason: string }
  /** Probe the node once, on a new connection, and come back with `trialled`. */
  | { readonly type: "probe" };

type Step = readonly [CircuitBreaker, readonly CircuitBreakerEffect[]];

/** The opinion of a slot that has just been given its node. */
export function newCircuitBreaker(nowMs: number): CircuitBreaker {
  return okSince(nowMs, 0, false);
}

/** Takes one event into account. The same detector comes back if the event changes nothing. */
export function nextCircuitBreaker(
  detector: CircuitBreaker,
  event: CircuitBreakerEvent,
  nowMs: number,
  random: Random,
): Step {
  switch (event.type) {
    case "failed":
      // What a request meets in any other state is no news: it was sent in panic, or before the ejection.
      return detector.state === "ok" ? countFailure(detector, event, nowMs, random) : [detector, []];
    case "silent":
      if (detector.state !== "ok") return [detector, []];
      return eject(remembered(detector, nowMs), silentEjection, event.reason, nowMs, random);
    case "tick":
      if (detector.state === "ejected" && nowMs >= detector.untilMs) {
        const { ejections, backoff } = detector;
        return [{ state: "trial", ejections, backoff, deadlineMs: nowMs + trialDeadlineMs }, [{ type: "probe" }]];
      }
      if (detector.state === "trial" && nowMs >= detector.deadlineMs) {
        return eject(detector.ejections, detector.backoff, "no answer to the trial probe", nowMs, random);
      }
      return [detector, []];
    case "trialled":
      if (detector.state !== "trial") return [detector, []];
      return event.ok
        ? [okSince(nowMs, detector.ejections, true), []]
        : eject(detector.ejections, detector.backoff, event.reason, nowMs, random);
    case "reached":
      return detector.state === "ejected" ? [okSince(nowMs, detector.ejections, true), []] : [detector, []];
    case "sharedDown":
      if (detector.state === "suspended") return [detector, []];
      return [{ state: "suspended", ejections: remembered(detector, nowMs) }, []];
    case "sharedDoubtful": {
      if (detector.state !== "suspended") return [detector, []];
      const untilMs = nowMs + doubtMs * (1 + random());
      return [{ state: "ejected", ejections: detector.ejections, backoff: ejection, untilMs }, []];
    }
    case "sharedCleared":
      // Not eased here: the shared mark that follows DOWN is RAMP, and that eases the node in for everybody.
      return detector.state === "suspended" ? [okSince(nowMs, detector.ejections, false), []] : [detector, []];
  }
}

/** When the next `tick` is due; undefined while nothing waits for the time. */
export function circuitBreakerDueMs(detector: CircuitBreaker): number | undefined {
  switch (detector.state) {
    case "ejected":
      return detector.untilMs;
    case "trial":
      return detector.deadlineMs;
    case "ok":
    case "suspended":
      return undefined;
  }
}

/** Whether this process keeps its requests away from the slot. */
export function isEjected(detector: CircuitBreaker): boolean {
  return detector.state === "ejected" || detector.state === "trial";
}

/** Since when requests come back to the slot bit by bit, over {@link localSlowStartMs}, after an ejection; undefined for never. */
export function slowStartSinceMs(detector: CircuitBreaker): number | undefined {
  return detector.state === "ok" && detector.easing ? detector.sinceMs : undefined;
}

function okSince(sinceMs: number, ejections: number, easing: boolean): Ok {
  return { state: "ok", sinceMs, easing, ejections, failures: 0, countedAtMs: Number.NEGATIVE_INFINITY, answered: 0 };
}

function countFailure(
  detector: Ok,
  { startedAtMs, answered, reason }: Extract<CircuitBreakerEvent, { type: "failed" }>,
  nowMs: number,
  random: Random,
): Step {
  // Attempts that were under way together fail together: one piece of news, not many.
  if (startedAtMs < detector.countedAtMs) return [detector, []];

  // Looking for answers only when something fails keeps them free of any cost here.
  const inARow = answered === detector.answered ? detector.failures + 1 : 1;
  if (inARow >= failuresToEject) return eject(remembered(detector, nowMs), ejection, reason, nowMs, random);
  return [{ ...detector, failures: inARow, countedAtMs: nowMs, answered }, []];
}

function eject(earlier: number, backoff: Backoff, reason: string, nowMs: number, random: Random): Step {
  const untilMs = nowMs + equalJitter(backoff, earlier, random);
  return [{ state: "ejected", ejections: earlier + 1, backoff, untilMs }, [{ type: "report", reason }]];
}

/** The ejections that count against the node: one is forgotten for every {@link forgetMs} of being well. */
function remembered(detector: CircuitBreaker, nowMs: number): number {
  if (detector.state !== "ok") return detector.ejections;
  return Math.max(0, detector.ejections - Math.floor((nowMs - detector.sinceMs) / forgetMs));
}

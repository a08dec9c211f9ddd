import { drainText } from "../view/drain.js";
import type { Drain, Mark, MarkKind } from "../view/view.js";
import { type CircuitBreaker, closedBreaker, ejectionOf, localSlowStartMs } from "./circuit-breaker.js";
import type { Proof } from "./proof.js";
import { clearMark, obeyedMark, type SharedMark } from "./shared-mark.js";
import { slowStartMs } from "./slow-start.js";
import { idleDetector, type StallDetector, suspectedSinceMs } from "./stall-detector.js";

/**
 * All that one process holds of one node, on its main thread: its circuit breaker, its stall detector, and what it
 * makes of the view's mark. Requests stay off the node while it is ejected or while a down mark is obeyed.
 *
 *   circuit breaker
 *              a failure and a failed probe,
 *              3 failures in a row, a stall   time served
 *     closed ──────────────────────▶ open ──────────────────▶ half-open
 *       ▲                            │  ▲ (= ejected)          │   │
 *       │                            │  └──── trial failed ────┘   │
 *       └── verified: it answers ────┴─────── trial answered ──────┘   (slow start)
 *
 *     any ── a down mark is obeyed ──▶ suspended ── the mark is gone or refuted ──▶ closed
 *                                          └────── the mark is doubtful ──▶ open
 *
 *   stall detector
 *            request in flight            no byte for 250 ms x 2^k              no answer
 *     idle ───────────────────▶ waiting ──────────────────────────▶ probing ──────────────▶ stalled  (ejects)
 *      ▲                         │  ▲ ▲                               │ │ ▲ (void: again)      │
 *      └── none in flight ───────┘  │ └── a byte: k = 0 ─────────────┘ │                      │
 *      ▲                            └──── answered: slow, not dead; k + 1                      │
 *      └─────────────────────── a byte, or requests may go to the node again ──────────────────┘
 *
 *   shared mark of a node that is down
 *     clear ──▶ obeyed ◀── view fresh ──▶ doubtful
 *       └─────▶ refuted ── it answers no more ──▶ obeyed or doubtful
 *
 * A trial, a verification, a proof and a sign of life are probes of this process. While a down mark is obeyed it makes
 * none of the first three: the leader probes for all. All times are monotonic milliseconds, but those in marks: these
 * are the store's.
 */
export interface LocalNode {
  readonly breaker: CircuitBreaker;
  readonly stall: StallDetector;
  readonly mark: SharedMark;
  /** Whether there is such a node at all: see proof.ts. */
  readonly proof: Proof;
  /** An operator has taken the node out: it gets no new requests, and is judged as before. */
  readonly drain: Drain | undefined;
  /**
   * Whether the view names the node: a configured address that it does not name counts as unverified until it answers.
   */
  readonly isListed: boolean;
  /** Whether the node has answered this process since `sinceMs`, when the process first had it. */
  readonly hasAnswered: boolean;
  readonly sinceMs: number;
  /** When an attempt last failed on its connection; -Infinity for never. */
  readonly failedAtMs: number;
  /** Whether a sign of life is being asked for, and when the node last gave one; -Infinity for never. */
  readonly isAskedForSign: boolean;
  readonly signAtMs: number;
}

/** A node that the process has just been given. */
export function newNode(nowMs: number): LocalNode {
  return {
    breaker: closedBreaker(nowMs),
    stall: idleDetector,
    mark: clearMark,
    proof: { state: "none" },
    drain: undefined,
    isListed: false,
    hasAnswered: false,
    sinceMs: nowMs,
    failedAtMs: Number.NEGATIVE_INFINITY,
    isAskedForSign: false,
    signAtMs: Number.NEGATIVE_INFINITY,
  };
}

/** How a node stands for this process, and since when, by the clock given. */
export interface LocalStanding {
  readonly state: "unverified" | "healthy" | "slow-start" | "ejected" | "down" | "draining";
  readonly reason?: string;
  /** On this process's monotonic clock. */
  readonly sinceMs?: number;
  /** Who decided it; absent for a healthy node. A node that drains "by" the leader has left the cluster. */
  readonly by?: "leader" | "process" | "operator";
}

/** `storeAheadMs`: the store's clock, which marks go by, minus this process's own. */
export function standingOf(node: LocalNode, storeAheadMs: number): LocalStanding {
  const { drain } = node;
  const standing = undrainedStandingOf(node, storeAheadMs);
  if (drain === undefined) return standing;
  // Whether it is also down matters before its drain is taken back.
  const isAway = standing.state === "down" || standing.state === "ejected";
  const also = isAway ? `; ${standing.state}: ${standing.reason}` : "";
  const sinceMs = drain.sinceMs - storeAheadMs;
  return { state: "draining", reason: `${drainText(drain)}${also}`, sinceMs, by: "operator" };
}

/** The same as if no operator drained it. */
export function undrainedStandingOf(node: LocalNode, storeAheadMs: number): LocalStanding {
  const mark = obeyedMark(node.mark);
  const marked = (state: LocalStanding["state"], { reason, sinceMs }: Mark): LocalStanding => {
    return { state, reason, sinceMs: sinceMs - storeAheadMs, by: "leader" };
  };
  if (mark?.kind === "down" || mark?.kind === "draining") return marked(mark.kind, mark);
  const ejection = ejectionOf(node.breaker);
  if (ejection !== undefined) {
    return { state: "ejected", reason: ejection.reason, sinceMs: ejection.sinceMs, by: "process" };
  }
  if (isUnverified(node)) {
    if (mark !== undefined) return marked("unverified", mark);
    const { proof } = node;
    const reason = "reason" in proof ? proof.reason : "has not answered yet";
    return { state: "unverified", reason, sinceMs: node.sinceMs, by: "process" };
  }
  return mark?.kind === "slow-start" ? marked("slow-start", mark) : { state: "healthy" };
}

/** From when, and over how long, requests return to the node; undefined while all may go there. */
export function slowStartOf(
  { breaker, mark: shared }: LocalNode,
  storeAheadMs: number,
): { readonly fromMs: number; readonly durationMs: number } | undefined {
  const mark = obeyedMark(shared);
  if (mark?.kind === "slow-start") return { fromMs: mark.sinceMs - storeAheadMs, durationMs: slowStartMs };
  if (breaker.state !== "closed" || !breaker.slowStart) return undefined;
  return { fromMs: breaker.sinceMs, durationMs: localSlowStartMs };
}

/** Whether requests stay off the node, by this process's own decision or by the view's. */
export function isKeptOff({ breaker, mark }: LocalNode): boolean {
  return ejectionOf(breaker) !== undefined || obeyedMark(mark)?.kind === "down";
}

/** Since when Reads that wait on the node are better off elsewhere; undefined while they are not. */
export function stuckSinceMs({ stall, mark }: LocalNode): number | undefined {
  if (stall.state === "stalled") return stall.suspectedAtMs;
  return mark.state === "obeyed" && mark.mark.kind === "down" ? mark.sinceMs : undefined;
}

/** Whether the node is probed for a stall, or stalled: no Read is rerouted to it. */
export function isSuspected({ stall }: LocalNode): boolean {
  return suspectedSinceMs(stall) !== undefined;
}

/**
 * Whether the node must see its traffic at each beat even while no request waits on it. `lastByteMs`: when a byte of it
 * last came; an unverified node waits for one alone.
 */
export function needsTraffic(node: LocalNode, lastByteMs: () => number): boolean {
  if (node.stall.state !== "idle" || node.mark.state === "refuted") return true;
  return isUnverified(node) && lastByteMs() > node.sinceMs;
}

/** The mark that readers of the table go by: a drain counts more than any other, and then that there is no proof. */
export function shownMark({ mark, drain, proof }: LocalNode): MarkKind | "none" | "drained" | "unproven" {
  if (drain !== undefined) return "drained";
  return isUnproven(proof) ? "unproven" : (obeyedMark(mark)?.kind ?? "none");
}

/** Neither the leader nor this process has seen it answer, or the leader may not have. */
function isUnverified({ isListed, hasAnswered, mark, proof }: LocalNode): boolean {
  return !hasAnswered && (!isListed || obeyedMark(mark)?.kind === "unverified" || isUnproven(proof));
}

function isUnproven({ state }: Proof): boolean {
  return state === "wanted" || state === "asked";
}

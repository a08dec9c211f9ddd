/**
 * Why a call is refused on its arrival.
 *
 * full      as many wait as may
 * late      its time would be over before its answer came
 * standing  calls have been waiting for long, and more come than are served: the queue stands, and absorbs no burst
 */
export type Refusal = "full" | "late" | "standing";

export const refusals = ["full", "late", "standing"] as const satisfies readonly Refusal[];

/** A call that would have to wait. */
export interface Arrival {
  /** Calls that would go before it. */
  readonly ahead: number;
  readonly waitMs: number;
  /** Until its deadline. */
  readonly leftMs: number;
}

export interface QueueState {
  readonly debtMs: number;
  readonly isOver: boolean;
  readonly isGrowing: boolean;
  /** How long an attempt takes now; 0 while that is not known. */
  readonly nodeMs: number;
}

export interface QueueTerms {
  readonly perThread: number;
  /** The pool's: bounds and thresholds are shares of it. */
  readonly timeoutMs: number;
}

/** Of `timeoutMs`: a queue that has stood for so long is no burst. */
const standingShare = 1 / 2;
/** Of `timeoutMs`: while what waits grows, so much wait is too much; otherwise so much. */
const growingWaitShare = 1 / 20;
const overWaitShare = 1 / 2;

/** Undefined: the call may wait. To be asked once, on arrival: a call that waits is never refused. */
export function refusalOf(arrival: Arrival, queue: QueueState, terms: QueueTerms): Refusal | undefined {
  const { ahead, waitMs, leftMs } = arrival;
  const { perThread, timeoutMs } = terms;
  if (ahead >= perThread) return "full";
  if (waitMs + queue.nodeMs > leftMs) return "late";
  if (queue.debtMs <= timeoutMs * standingShare) return undefined;
  if (queue.isGrowing && waitMs > timeoutMs * growingWaitShare) return "standing";
  return queue.isOver && waitMs > timeoutMs * overWaitShare ? "standing" : undefined;
}

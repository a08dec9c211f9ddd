import { isInTime } from "../in-time.js";

/** How often a loop records that it runs. */
export const beatMs = 50;

/**
 * How an event loop has run. What a loop did not see while it did not run proves nothing: behind a blocked loop, a long
 * garbage collection or a stopped process every node looks stalled and every answer looks late.
 *
 *              a beat in time                    no beat for 50 ms after it was due
 *           ┌──────────────────▶ running ─────────────────────────────────────────▶ stalled
 *           └─────────────────────┘  ▲                                                │
 *                                    └───────── the late beat: running since now ─────┘
 *
 * Node runs timers before it reads sockets, so the late beat comes before any answer that has arrived meanwhile. All
 * times are monotonic milliseconds.
 */
export interface LoopLag {
  /** Since when the loop has run without a stall. */
  readonly sinceMs: number;
  /** When the next beat is due. */
  readonly dueMs: number;
  /** The total duration of all stalls so far. */
  readonly stalledMs: number;
}

/** The lag of a loop that runs now. Its owner calls {@link nextLoopLag} every {@link beatMs}. */
export function newLoopLag(nowMs: number): LoopLag {
  return { sinceMs: nowMs, dueMs: nowMs + beatMs, stalledMs: 0 };
}

/** Records a beat. */
export function nextLoopLag(lag: LoopLag, nowMs: number): LoopLag {
  const missedMs = stalledNowMs(lag, nowMs);
  return {
    sinceMs: missedMs > 0 ? nowMs : lag.sinceMs,
    dueMs: nowMs + beatMs,
    stalledMs: lag.stalledMs + missedMs,
  };
}

/**
 * From when on something that began at `startedMs` has been waited for by a loop that ran without a stall. After a
 * stall the wait begins again; undefined while the loop is stalled.
 */
export function waitingSinceMs(lag: LoopLag, startedMs: number, nowMs: number): number | undefined {
  return stalledNowMs(lag, nowMs) > 0 ? undefined : Math.max(startedMs, lag.sinceMs);
}

/**
 * A clock that stands still while the loop is stalled. The difference of two readings, but at least 0, is how long
 * something took as far as this loop can measure it.
 */
export function ranMs(lag: LoopLag, nowMs: number): number {
  return nowMs - lag.stalledMs - stalledNowMs(lag, nowMs);
}

function stalledNowMs({ dueMs }: LoopLag, nowMs: number): number {
  return isInTime(dueMs, nowMs) ? 0 : nowMs - dueMs;
}

import { lateMs } from "../late.js";

/** How often a loop shows that it runs. */
export const beatMs = 50;

/**
 * Whether one event loop has been running. Who was not running cannot witness: behind a blocked loop, a long collection
 * of garbage or a stopped process, every node looks silent, and every answer late.
 *
 *              a beat in time                    no beat for 50 ms after it was due
 *           ┌──────────────────▶ running ─────────────────────────────────────────▶ stalled
 *           └─────────────────────┘  ▲                                                │
 *                                    └───────── the late beat: running since now ─────┘
 *
 * The late beat itself is the news: Node runs timers before it reads sockets, so it comes before any answer that has
 * been waiting meanwhile. All times are monotonic milliseconds.
 */
export interface LoopLag {
  /** Running without a stall since then. */
  readonly sinceMs: number;
  /** When the next beat is due. */
  readonly dueMs: number;
  /** How long all stalls so far have lasted. */
  readonly stalledMs: number;
}

/** The watch over a loop that runs now. Its owner beats every {@link beatMs}. */
export function newLoopLag(nowMs: number): LoopLag {
  return { sinceMs: nowMs, dueMs: nowMs + beatMs, stalledMs: 0 };
}

/** The loop shows that it runs. */
export function nextLoopLag(watch: LoopLag, nowMs: number): LoopLag {
  const missedMs = stalledNowMs(watch, nowMs);
  return {
    sinceMs: missedMs > 0 ? nowMs : watch.sinceMs,
    dueMs: nowMs + beatMs,
    stalledMs: watch.stalledMs + missedMs,
  };
}

/**
 * Since when something that began at `startedMs` has been waited for by a loop that ran all the while; undefined while
 * the loop does not run, for then nobody is waiting. After a stall the waiting begins again.
 */
export function waitingSinceMs(watch: LoopLag, startedMs: number, nowMs: number): number | undefined {
  return stalledNowMs(watch, nowMs) > 0 ? undefined : Math.max(startedMs, watch.sinceMs);
}

/**
 * A clock that stands still while the loop does not run: the difference of two readings, but not less than 0, is how
 * long something took, as far as this loop can say.
 */
export function ranMs(watch: LoopLag, nowMs: number): number {
  return nowMs - watch.stalledMs - stalledNowMs(watch, nowMs);
}

/** Whether a timer that was due at `dueMs`, and fires now, may still judge. */
export function isInTime(dueMs: number, nowMs: number): boolean {
  return nowMs - dueMs <= lateMs;
}

function stalledNowMs({ dueMs }: LoopLag, nowMs: number): number {
  return isInTime(dueMs, nowMs) ? 0 : nowMs - dueMs;
}

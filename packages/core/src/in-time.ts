/**
 * A timer that fires more than this after it was due shows that the event loop was not running. What the timer was to
 * judge is void, because nothing was received meanwhile.
 */
export const lateMs = 50;

/** Whether a timer that was due at `dueMs` and fires now may judge what has not been received. */
export function isInTime(dueMs: number, nowMs: number): boolean {
  return nowMs - dueMs <= lateMs;
}

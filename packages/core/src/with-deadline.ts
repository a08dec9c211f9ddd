import type { Timers } from "./clock.js";

/**
 * Waits for `work`, but no longer than `limitMs`: then resolves with what `onLate` returns, or rejects with what it
 * throws. The work itself goes on; a rejection of it that comes later is ignored.
 */
export function withDeadline<Result>(
  work: Promise<Result>,
  limitMs: number,
  timers: Timers,
  onLate: () => Result,
): Promise<Result> {
  let cancel = () => {};
  const late = new Promise<Result>((resolve, reject) => {
    cancel = timers.after(limitMs, () => {
      try {
        resolve(onLate());
      } catch (error) {
        reject(error);
      }
    });
  });
  return Promise.race([work, late]).finally(() => cancel());
}

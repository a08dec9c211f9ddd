/** How long the slow start of a node lasts that joins or returns. */
export const slowStartMs = 30_000;

/** The lowest share of draws in slow start: without any request, a node could not prove itself. */
const lowestWeight = 0.1;

/**
 * The probability with which a node takes part in a draw, `nowMs - sinceMs` into its slow start: 0.1 at first, then the
 * share of `durationMs` that has passed, and 1 after it.
 */
export function slowStartWeight(sinceMs: number, nowMs: number, durationMs: number): number {
  return Math.min(1, Math.max(lowestWeight, (nowMs - sinceMs) / durationMs));
}

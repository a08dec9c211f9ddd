/** How long the slow start of a node lasts that joins or returns. */
export const slowStartMs = 30_000;

/** The lowest share of draws in slow start: without any request, a node could not prove itself. */
const lowestWeight = 0.1;

/** A node whose answers are in line with those of the others takes its share so many times sooner. */
const soonerInLine = 4;

/**
 * The probability with which a node takes part in a draw, `nowMs - sinceMs` into its slow start: 0.1 at first, then the
 * share of `durationMs` that has passed, and 1 after it. `isInLine`: the node's answers are as quick as those of the
 * others; the share of a quarter of `durationMs` counts then, until they are not.
 */
export function slowStartWeight(sinceMs: number, nowMs: number, durationMs: number, isInLine: boolean): number {
  const passedMs = (nowMs - sinceMs) * (isInLine ? soonerInLine : 1);
  return Math.min(1, Math.max(lowestWeight, passedMs / durationMs));
}

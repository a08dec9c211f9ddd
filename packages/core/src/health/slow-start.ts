/** How long the slow start of a node lasts that joins or returns. */
export const slowStartMs = 30_000;

/** The lowest share of draws in slow start: without any request, a node could not prove itself. */
const lowestWeight = 0.1;

/** A node whose answers are in line with those of the others may take its share so many times sooner. */
const soonerInLine = 8;

/**
 * The probability with which a node takes part in a draw, `nowMs - sinceMs` into its slow start: 0.1 at first, then the
 * share of `durationMs` that has passed, and 1 after it.
 *
 * `answersInLine`: so many of its answers have come while they were as quick as those of the others, less those that have
 * not; 0 while they are not. Each of them earns another tenth at once, but no more than the share of an eighth of
 * `durationMs` that has passed: what the node does with a share must show before it gets a much greater one.
 */
export function slowStartWeight(sinceMs: number, nowMs: number, durationMs: number, answersInLine: number): number {
  const passed = (nowMs - sinceMs) / durationMs;
  const earned = lowestWeight * (1 + answersInLine);
  return Math.min(1, Math.max(lowestWeight, passed, Math.min(earned, passed * soonerInLine)));
}

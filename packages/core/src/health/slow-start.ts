/** How long a node that joins or returns is eased in. */
export const slowStartMs = 30_000;

/** A node being eased in takes part in at least this share of the draws: with none, nobody would see it work. */
const lowestWeight = 0.1;

/**
 * The probability with which a node that is eased in since `sinceMs` takes part in a draw: 0.1 at first, then the share
 * of `durationMs` that has passed, and 1 from there on.
 */
export function slowStartWeight(sinceMs: number, nowMs: number, durationMs: number = slowStartMs): number {
  return Math.min(1, Math.max(lowestWeight, (nowMs - sinceMs) / durationMs));
}

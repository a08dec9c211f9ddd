/**
 * How far a shared view is trusted, by the age of its last beat.
 *
 *   fresh   it is applied as it is
 *   stale   its list of nodes is kept; "down" becomes a hint, which one probe of this process can overturn
 *   orphan  no leader publishes it any more: this process monitors the cluster itself, from the last view it had
 */
export type Freshness = "fresh" | "stale" | "orphan";

/** A leader that dies is usually replaced within this time. */
export const staleAfterMs = 10_000;
export const orphanAfterMs = 60_000;

export function freshnessOf(beatAgeMs: number): Freshness {
  if (beatAgeMs < staleAfterMs) return "fresh";
  return beatAgeMs < orphanAfterMs ? "stale" : "orphan";
}

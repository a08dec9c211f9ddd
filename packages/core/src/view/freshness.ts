/**
 * How far a shared view is to be trusted, by the age of its last beat.
 *
 *   fresh   it is followed
 *   stale   its list of nodes is kept; "down" becomes a hint, which one probe of our own may overturn
 *   orphan  nobody keeps it any more: this process looks after itself, beginning with what it knew last
 */
export type Freshness = "fresh" | "stale" | "orphan";

/** A leader that dies is replaced within this time, mostly. */
export const staleAfterMs = 10_000;
export const orphanAfterMs = 60_000;

export function freshnessOf(beatAgeMs: number): Freshness {
  if (beatAgeMs < staleAfterMs) return "fresh";
  return beatAgeMs < orphanAfterMs ? "stale" : "orphan";
}

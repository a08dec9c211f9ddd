import type { Head } from "./view.js";

/**
 * How far a shared view is trusted, by the age of its last beat.
 *
 *   fresh   it is applied as it is
 *   stale   no beat for 10 s, or its leader has ended and given the lease back: its list of nodes is kept; "down" becomes a hint, which one probe of this process can overturn
 *   orphan  no leader publishes it any more: this process monitors the cluster itself, from the last view it had
 *
 * A process that has held a view for stale or orphan holds it for fresh again by a beat that is younger than 5 s.
 */
export type Freshness = "fresh" | "stale" | "orphan";

/** A leader that dies is usually replaced within this time. */
export const staleAfterMs = 10_000;
export const orphanAfterMs = 60_000;
/** A live leader beats every 2 s. A beat older than this shows none: the view would soon be stale once more. */
export const freshAgainWithinMs = 5_000;

/**
 * Of a view by its head. Once its leader has given the lease back, nothing keeps it: it is stale from then on, however
 * young its last beat is, until another leader publishes.
 */
export function freshnessOfHead({ released }: Pick<Head, "released">, beatAgeMs: number): Freshness {
  return freshnessOf(released === true ? Math.max(staleAfterMs, beatAgeMs) : beatAgeMs);
}

export function freshnessOf(beatAgeMs: number): Freshness {
  if (beatAgeMs < staleAfterMs) return "fresh";
  return beatAgeMs < orphanAfterMs ? "stale" : "orphan";
}

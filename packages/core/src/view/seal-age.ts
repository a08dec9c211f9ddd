import { orphanAfterMs, staleAfterMs } from "./freshness.js";

/**
 * How old something sealed may be to be believed, by the store's clock, in milliseconds. What another client has written
 * down and repeats passes for so long, and no longer.
 */
export const sealMaxAgeMs = {
  /** A message, and a head where a view is at hand already: one that is older is no news. */
  message: staleAfterMs,
  /**
   * The first head that a process finds: from an hour ago it is no fresh view, but a better beginning than none. More
   * than `orphanAfterMs`, so the process monitors the cluster by itself then.
   */
  firstHead: 24 * 60 * orphanAfterMs,
} as const;

/** Whether a seal of this time is to be believed. Ahead of the store's clock it may be as a message may be old. */
export function isInAge(atMs: number, storeNowMs: number, maxAgeMs: number): boolean {
  const ageMs = storeNowMs - atMs;
  return ageMs <= maxAgeMs && -ageMs <= sealMaxAgeMs.message;
}

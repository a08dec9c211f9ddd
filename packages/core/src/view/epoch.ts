/**
 * Epochs of a store that several processes write to: the store's time in milliseconds, times 1,000, plus an ordinal of
 * the leader. So an epoch grows with time even if the store forgot the last one, and two leaders that take the lease in
 * the same millisecond from two stores do not get the same one. Below 2^53 until the year 2255.
 */

/** An epoch further ahead of the store's clock than this was not made by a clock, and is ignored. */
export const epochAheadMaxMs = 86_400_000;

/** The ordinal of a leader, 0 to 999: a hash of its name (FNV-1a). */
export function ordinalOf(leader: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < leader.length; index++) {
    hash = Math.imul(hash ^ leader.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0) % 1_000;
}

/** When an epoch began, on the store's clock, in milliseconds. */
export function epochBegunMs(epoch: number): number {
  return Math.floor(epoch / 1_000);
}

/**
 * Whether a store can have granted this epoch. Epochs follow the store's clock, a thousand a millisecond at most, so
 * that they grow even if a store has lost its count. One that is more than a day ahead would lock every honest leader
 * out.
 *
 * To be asked each time: once the store's clock is set back, an epoch of before may be credible no longer.
 */
export function isCredibleEpoch(epoch: number, storeNowMs: number): boolean {
  return Number.isSafeInteger(epoch) && epoch >= 0 && epochBegunMs(epoch) <= storeNowMs + epochAheadMaxMs;
}

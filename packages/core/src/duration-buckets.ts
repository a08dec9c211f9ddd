/** A quarter of a doubling: a bucket's values differ by less than a fifth. */
const bucketsPerDoubling = 4;
/** From a sixteenth of a millisecond to more than a day. */
const leastDoubling = -4;

/** In how many buckets durations are counted. The last one has no upper bound. */
export const durationBuckets = (28 - leastDoubling) * bucketsPerDoubling;

/** The bucket of a duration. Allocates nothing. */
export function durationBucketOf(durationMs: number): number {
  const doubling = Math.log2(Math.max(durationMs, 2 ** leastDoubling));
  return Math.min(durationBuckets - 1, Math.floor((doubling - leastDoubling) * bucketsPerDoubling));
}

/** What no value of the bucket exceeds, in milliseconds. */
export function bucketEndMs(bucket: number): number {
  return 2 ** ((bucket + 1) / bucketsPerDoubling + leastDoubling);
}

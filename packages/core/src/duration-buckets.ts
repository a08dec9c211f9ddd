/** A quarter of a doubling: a bucket's values differ by less than a fifth. */
const bucketsPerDoubling = 4;
/** From a sixteenth of a millisecond to more than a day. */
const leastDoubling = -4;
const leastMs = 2 ** leastDoubling;

/** In how many buckets durations are counted. The last one has no upper bound. */
export const durationBuckets = (28 - leastDoubling) * bucketsPerDoubling;

/** The bucket of a duration. Allocates nothing. */
export function durationBucketOf(durationMs: number): number {
  const doubling = Math.log2(Math.max(durationMs, leastMs));
  return Math.min(durationBuckets - 1, Math.floor((doubling - leastDoubling) * bucketsPerDoubling));
}

function bucketStartMs(bucket: number): number {
  return 2 ** (bucket / bucketsPerDoubling + leastDoubling);
}

/** What no value of the bucket exceeds, in milliseconds. */
function bucketEndMs(bucket: number): number {
  return bucketStartMs(bucket + 1);
}

/** What all but so many of the counted durations do not exceed, in milliseconds: the end of a bucket. */
export function exceededByMs(durations: number, countIn: (bucket: number) => number): number {
  return bucketEndMs(exceededFrom(durations, countIn).bucket);
}

/** As {@link exceededByMs}, but an estimate: the durations of a bucket count as if they lay evenly within it. */
export function exceededByAboutMs(durations: number, countIn: (bucket: number) => number): number {
  const { bucket, part } = exceededFrom(durations, countIn);
  return bucketEndMs(bucket) - (bucketEndMs(bucket) - bucketStartMs(bucket)) * part;
}

/** The bucket in which so many durations, counted from the longest, end, and which part of the bucket they take. */
function exceededFrom(durations: number, countIn: (bucket: number) => number): { bucket: number; part: number } {
  let left = durations;
  for (let bucket = durationBuckets - 1; bucket > 0; bucket--) {
    const count = countIn(bucket);
    if (left < count) return { bucket, part: left / count };
    left -= count;
  }
  return { bucket: 0, part: 0 };
}

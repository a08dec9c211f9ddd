// Latencies are counted in buckets that grow by half of a power of two: 36 of them reach from 0.25 ms to a minute, and
// tell any percentile within half of it, mostly much closer. Counts of several threads and processes are added bucket by bucket.

/** How many buckets there are. The last one has no upper bound. */
export const latencyBuckets = 36;

/** Buckets begin at multiples of this part of a millisecond. */
const unitsPerMs = 4;

/** The bucket of a latency. Allocates nothing. */
export function latencyBucketOf(ms: number): number {
  const units = ms * unitsPerMs;
  if (!(units >= 2)) return units >= 1 ? 1 : 0;
  if (units >= 2 ** 18) return latencyBuckets - 1;
  const exponent = 31 - Math.clz32(units);
  return 2 * exponent + ((units >> (exponent - 1)) & 1);
}

/**
 * The latency that this part of what was counted, from 0 to 1, does not exceed, in milliseconds; undefined where
 * nothing was counted. Within a bucket, latencies are taken to be spread evenly.
 */
export function latencyPercentileMs(counts: ArrayLike<number>, part: number): number | undefined {
  let total = 0;
  for (let bucket = 0; bucket < counts.length; bucket++) total += counts[bucket] ?? 0;
  if (total === 0) return undefined;
  let before = 0;
  for (let bucket = 0; bucket < counts.length; bucket++) {
    const count = counts[bucket] ?? 0;
    if (count > 0 && before + count >= part * total) {
      const [low, high] = [beginningMs(bucket), beginningMs(bucket + 1)];
      return low + (high - low) * Math.max(0, (part * total - before) / count);
    }
    before += count;
  }
  return beginningMs(counts.length);
}

function beginningMs(bucket: number): number {
  if (bucket < 2) return bucket / unitsPerMs;
  return ((2 + (bucket & 1)) * 2 ** ((bucket >> 1) - 1)) / unitsPerMs;
}

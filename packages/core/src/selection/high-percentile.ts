import { durationBucketOf, durationBuckets, exceededByMs } from "../duration-buckets.js";

const wanted = 0.99;
/** Among fewer values, one in a hundred means nothing. */
const valuesToKnow = 100;
/** At this count all counts are halved, so that the result covers the last few thousand values. */
const valuesToHalve = 4_096;

/**
 * The 99th percentile of the last few thousand durations, to within a fifth.
 *
 * Counts in buckets whose bounds grow geometrically. Constant memory, one addition a value, no tuning to the scale of
 * what is measured, and it forgets: three things that no estimator of a few markers has at once (P², for one, keeps
 * what it learned in a first hour for the next). A fifth is exact enough for a bound that is multiplied by five.
 */
export class HighPercentile {
  private readonly counts = new Float64Array(durationBuckets);
  private total = 0;

  add(durationMs: number): void {
    const bucket = durationBucketOf(durationMs);
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
    this.total++;
    if (this.total < valuesToHalve) return;
    for (const [at, count] of this.counts.entries()) this.counts[at] = count / 2;
    this.total /= 2;
  }

  /** The upper bound of its bucket, in milliseconds; undefined as long as fewer than a hundred values were added. */
  valueMs(): number | undefined {
    if (this.total < valuesToKnow) return undefined;
    return exceededByMs(this.total * (1 - wanted), (bucket) => this.counts[bucket] ?? 0);
  }
}

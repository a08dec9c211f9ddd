import { durationBucketOf, durationBuckets, exceededByAboutMs } from "../duration-buckets.js";

/** The older of the two windows is dropped after so long and so many answers. */
const windowMs = 5_000;
const windowAnswers = 256;
/** Fewer answers show nothing. */
const answersToKnow = 20;
/** A hedge waits for so many times what all but one answer in a hundred need, within bounds, and for the least delay. */
const overNearlyAll = 1.5;
/** The bounds, in times of what nine answers of ten need. */
const overMost = { least: 2, most: 3 };
const delayMinMs = 20;
/** The longest answer is forgotten by this part with each further one. */
const maxForgotten = 1 / 4_096;
/** The delay is worked out again after this part of the answers that it rests on. */
const outdatedAfter = 1 / 16;

/**
 * How long the answers to one kind of Read take, and so when a hedge is due: after 1.5 times what 99 of 100 need, at
 * least twice and at most three times what nine of ten need. The lower bound is for answers that all take about as long,
 * which a cluster that becomes a little slower all exceed. The upper one is for what the slowest should not decide: a
 * slow start of the cluster, a node that stalls.
 *
 * Two windows of counts: a slow start of the cluster is forgotten after two windows, a quarter of a minute under load.
 * A percentile of the last 4,096 values keeps it for minutes, and hedging is blind meanwhile.
 */
export class AnswerTimes {
  private newer = new Uint32Array(durationBuckets);
  private older = new Uint32Array(durationBuckets);
  private newerCount = 0;
  private olderCount = 0;
  private newerSinceMs = Number.NEGATIVE_INFINITY;
  private longestMs = 0;
  private knownDelayMs: number | undefined;
  private untilOutdated = 0;

  add(tookMs: number, nowMs: number): void {
    if (this.newerCount === 0) this.newerSinceMs = nowMs;
    else if (this.newerCount >= windowAnswers && nowMs - this.newerSinceMs >= windowMs) this.beginWindow(nowMs);
    const bucket = durationBucketOf(tookMs);
    this.newer[bucket] = (this.newer[bucket] ?? 0) + 1;
    this.newerCount++;
    this.untilOutdated--;
    this.longestMs = Math.max(tookMs, this.longestMs * (1 - maxForgotten));
  }

  /** The longest answer so far, less what was forgotten; 0 before any. */
  get maxMs(): number {
    return this.longestMs;
  }

  /** How long a hedge waits; undefined as long as there were too few answers. */
  delayMs(): number | undefined {
    if (this.untilOutdated > 0) return this.knownDelayMs;
    const count = this.newerCount + this.olderCount;
    if (count < answersToKnow) return undefined;
    this.untilOutdated = Math.ceil(count * outdatedAfter);
    const mostMs = this.neededMs(count * 0.1);
    const wantedMs = Math.max(overMost.least * mostMs, overNearlyAll * this.neededMs(count * 0.01));
    this.knownDelayMs = Math.max(delayMinMs, Math.min(overMost.most * mostMs, wantedMs));
    return this.knownDelayMs;
  }

  /** What all but so many of the answers need. */
  private neededMs(butFor: number): number {
    return exceededByAboutMs(butFor, (bucket) => (this.newer[bucket] ?? 0) + (this.older[bucket] ?? 0));
  }

  private beginWindow(nowMs: number): void {
    [this.older, this.newer] = [this.newer, this.older];
    this.newer.fill(0);
    this.olderCount = this.newerCount;
    this.newerCount = 0;
    this.newerSinceMs = nowMs;
  }
}

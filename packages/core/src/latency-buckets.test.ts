import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { latencyBucketOf, latencyBuckets, latencyPercentileMs } from "./latency-buckets.js";

function countsOf(...latenciesMs: readonly number[]): number[] {
  const counts = new Array<number>(latencyBuckets).fill(0);
  for (const ms of latenciesMs) {
    const bucket = latencyBucketOf(ms);
    counts[bucket] = (counts[bucket] ?? 0) + 1;
  }
  return counts;
}

it("a percentile is right within half of it, from half a millisecond to a minute", () => {
  fc.assert(
    fc.property(fc.double({ min: 0.5, max: 60_000, noNaN: true }), (ms) => {
      for (const part of [0.01, 0.5, 0.99]) {
        const found = latencyPercentileMs(countsOf(ms), part) ?? assert.fail();
        assert.ok(found >= ms / 1.51 && found <= ms * 1.51, `${ms}: ${found}`);
      }
    }),
  );
});

it("percentiles tell the usual from the slow answers", () => {
  const counts = countsOf(...new Array<number>(97).fill(4.1), 900, 900, 900);
  const [median = 0, high = 0] = [latencyPercentileMs(counts, 0.5), latencyPercentileMs(counts, 0.99)];
  assert.ok(median > 4 && median < 6 && high > 768 && high < 1_024, `${median} ${high}`);
  assert.equal(latencyPercentileMs(countsOf(), 0.5), undefined);
});

it("every latency has a bucket, and a longer one no lower bucket", () => {
  assert.deepEqual([0, 0.3, 0.5, 1, 1.5, Number.POSITIVE_INFINITY, 1e9].map(latencyBucketOf), [0, 1, 2, 4, 5, 35, 35]);
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e6, noNaN: true }), fc.double({ min: 0, max: 1e6, noNaN: true }), (a, b) => {
      const [low, high] = [latencyBucketOf(Math.min(a, b)), latencyBucketOf(Math.max(a, b))];
      assert.ok(low <= high && low >= 0 && high < latencyBuckets);
    }),
  );
});

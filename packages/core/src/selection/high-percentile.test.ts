import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { HighPercentile } from "./high-percentile.js";

it("the high percentile is unknown below a hundred values", () => {
  const high = new HighPercentile();
  for (let at = 0; at < 99; at++) high.add(10);
  assert.equal(high.valueMs(), undefined);
  high.add(10);
  assert.notEqual(high.valueMs(), undefined);
});

it("the high percentile is above the exact 99th by less than a fifth", () => {
  const tookMs = fc.double({ min: 0.1, max: 80_000_000, noNaN: true });
  fc.assert(
    fc.property(fc.array(tookMs, { minLength: 100, maxLength: 2_000 }), (values) => {
      const high = new HighPercentile();
      for (const value of values) high.add(value);
      const sorted = values.toSorted((a, b) => a - b);
      const exact = sorted[Math.ceil(values.length * 0.99) - 1] ?? assert.fail();
      const found = high.valueMs() ?? assert.fail();
      assert.ok(found >= exact * 0.999 && found <= exact * 1.2, `${found} for ${exact}`);
    }),
  );
});

it("the high percentile takes times outside its buckets", () => {
  const high = new HighPercentile();
  for (let at = 0; at < 100; at++) high.add(at < 50 ? 0 : Number.MAX_VALUE);
  assert.ok((high.valueMs() ?? 0) > 86_400_000);
});

it("the high percentile forgets old values", () => {
  const high = new HighPercentile();
  for (let at = 0; at < 100_000; at++) high.add(1_000);
  for (let at = 0; at < 50_000; at++) high.add(10);
  assert.ok((high.valueMs() ?? 0) < 12);
});

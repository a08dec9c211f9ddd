import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { equalJitter } from "./backoff.js";

const lowest = () => 0;
const highest = () => 1 - Number.EPSILON;

describe("equalJitter", () => {
  it("waits for half of the doubling time at least, and for less than all of it", () => {
    const backoff = { baseMs: 1_000, capMs: 30_000 };
    assert.deepEqual(
      [0, 1, 2, 3, 4, 5, 6].map((failures) => equalJitter(backoff, failures, lowest)),
      [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000],
    );
    assert.equal(Math.round(equalJitter(backoff, 2, highest)), 4_000);
  });

  it("stays between half the base and the cap, however often it failed", () => {
    fc.assert(
      fc.property(fc.nat(), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (failures, random) => {
        const waitMs = equalJitter({ baseMs: 1_000, capMs: 10_000 }, failures, () => random);
        assert.ok(waitMs >= 500 && waitMs <= 10_000);
      }),
    );
  });
});

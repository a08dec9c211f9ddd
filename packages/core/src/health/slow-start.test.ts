import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { slowStartWeight } from "./slow-start.js";

describe("rampWeight", () => {
  it("is a tenth for the first tenth of the time, then grows with it, and stays at 1", () => {
    const weights = [0, 3_000, 15_000, 30_000, 3_600_000].map((elapsedMs) => slowStartWeight(1_000, 1_000 + elapsedMs));
    assert.deepEqual(weights, [0.1, 0.1, 0.5, 1, 1]);
  });

  it("takes as long as it is told", () => {
    assert.equal(slowStartWeight(0, 5_000, 10_000), 0.5);
  });
});

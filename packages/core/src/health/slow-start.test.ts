import assert from "node:assert/strict";
import { it } from "node:test";
import { slowStartWeight } from "./slow-start.js";

it("the weight in slow start is a tenth at first, then grows with the time that has passed, and stays at 1", () => {
  const weights = [0, 1_000, 5_000, 10_000, 3_600_000].map((ms) => slowStartWeight(1_000, 1_000 + ms, 10_000, false));
  assert.deepEqual(weights, [0.1, 0.1, 0.5, 1, 1]);
});

it("a node in slow start whose answers are in line takes its share four times sooner, and loses it when they are not", () => {
  const weights = [0, 1_000, 2_500].map((ms) => slowStartWeight(0, ms, 10_000, true));
  assert.deepEqual(weights, [0.1, 0.4, 1]);
  assert.equal(slowStartWeight(0, 2_500, 10_000, false), 0.25);
});

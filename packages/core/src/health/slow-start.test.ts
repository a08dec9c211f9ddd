import assert from "node:assert/strict";
import { it } from "node:test";
import { slowStartWeight } from "./slow-start.js";

it("the weight in slow start is a tenth at first, then grows with the time that has passed, and stays at 1", () => {
  const weights = [0, 1_000, 5_000, 10_000, 3_600_000].map((ms) => slowStartWeight(1_000, 1_000 + ms, 10_000, 0));
  assert.deepEqual(weights, [0.1, 0.1, 0.5, 1, 1]);
});

it("each answer in line earns a tenth more in slow start, and all is lost when an answer is not in line", () => {
  const weights = [0, 1, 3, 8, 9, 50].map((answers) => slowStartWeight(0, 2_500, 10_000, answers));
  assert.deepEqual(
    weights.map((weight) => Math.round(weight * 100)),
    [25, 25, 40, 90, 100, 100],
  );
});

it("answers in line bring a node its share at most eight times sooner, however many they are", () => {
  const weights = [0, 250, 625, 1_250].map((ms) => slowStartWeight(0, ms, 10_000, 1_000));
  assert.deepEqual(weights, [0.1, 0.2, 0.5, 1]);
});

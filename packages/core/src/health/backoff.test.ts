import assert from "node:assert/strict";
import { it } from "node:test";
import { equalJitter } from "./backoff.js";

it("a backoff waits at least half of the doubled time, less than all of it, and never more than its cap", () => {
  const backoff = { baseMs: 1_000, capMs: 30_000 };
  const waits = (random: () => number) => [0, 1, 2, 4, 5, 6, 2 ** 31].map((one) => equalJitter(backoff, one, random));
  assert.deepEqual(
    waits(() => 0),
    [500, 1_000, 2_000, 8_000, 15_000, 15_000, 15_000],
  );
  assert.deepEqual(
    waits(() => 0.5),
    [750, 1_500, 3_000, 12_000, 22_500, 22_500, 22_500],
  );
  assert.ok(waits(() => 1 - Number.EPSILON).every((waitMs) => waitMs <= 30_000));
});

import assert from "node:assert/strict";
import { it } from "node:test";
import { growthOf, hasGrown } from "./growth.js";
import type { HeldSample } from "./messages.js";

/** A sample each half minute, for an hour. */
const samples = (heap: (minute: number, at: number) => number, series = "heap"): HeldSample[] =>
  Array.from({ length: 121 }, (_, at) => ({ atMs: at * 30_000, held: { [series]: heap(at / 2, at) } }));
const warmUntilMs = 600_000;

it("a heap that grows by a line is found, however it goes up and down on it", () => {
  const [leak] = growthOf(
    samples((minute, at) => 16e6 + minute * 40_000 + (at % 2 === 0 ? 3e6 : 0)),
    warmUntilMs,
  );
  assert.ok(leak !== undefined && hasGrown(leak), JSON.stringify(leak));
  assert.ok(Math.abs(leak.rise - 2e6) < 2e5, `${leak.rise}`);
});

it("a heap that goes up and down around a level has not grown, nor has one that grew in the warm-up alone", () => {
  for (const heap of [
    (_: number, at: number) => 16e6 + (at % 2 === 0 ? 3e6 : 0),
    (minute: number) => 16e6 + Math.min(minute, 10) * 1e6,
  ]) {
    const [growth] = growthOf(samples(heap), warmUntilMs);
    assert.ok(growth !== undefined && !hasGrown(growth), JSON.stringify(growth));
  }
});

it("code that is still being compiled is no leak, and code without end is one", () => {
  const compiled = (minute: number) => 4e6 + 1.5e6 * Math.sqrt(minute / 60);
  for (const [series, megabytes, expected] of [
    ["code", compiled, false],
    ["code of thread 1", (minute: number) => 4e6 + minute * 50_000, true],
  ] as const) {
    const [growth] = growthOf(samples(megabytes, series), warmUntilMs);
    assert.ok(growth !== undefined && hasGrown(growth) === expected, JSON.stringify(growth));
  }
});

it("a few minutes say nothing of growth", () => {
  const few = samples((minute) => 16e6 + minute * 1e6).slice(-10);
  assert.equal(growthOf(few, 0).some(hasGrown), false);
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { sumOf, Tally } from "./tally.js";

const failure = { atMs: 0, code: "TIMEOUT", message: "late" };

describe("demo", () => {
  it("a tally counts answers and failures as searches, counts failures apart and keeps the first three of them", () => {
    const tally = new Tally();
    tally.answered("a:1", 5, 10);
    tally.answered("b:1", 7, 12);
    for (let atMs = 1; atMs <= 5; atMs++) tally.missed({ ...failure, atMs }, 90);
    const { firstFailures, ...counts } = tally.totals();
    assert.deepEqual(counts, { searches: 7, failed: 5, slowestMs: 90 });
    assert.deepEqual(
      firstFailures.map(({ atMs }) => atMs),
      [1, 2, 3],
    );
    assert.equal(tally.answersOf("a:1"), 1);
    assert.equal(tally.answersOf("c:1"), 0);
  });

  it("a tally computes a node's pace from the last five seconds alone", () => {
    const tally = new Tally();
    for (let atMs = 0; atMs < 20_000; atMs += 100) tally.answered("a:1", atMs < 15_000 ? 500 : 4, atMs);
    assert.deepEqual(tally.paceOf("a:1", 19_999), { perSecond: 10, p99Ms: 4 });
    assert.deepEqual(tally.paceOf("a:1", 30_000), { perSecond: 0 });
    assert.equal(tally.answersOf("a:1"), 200);
  });

  it("a tally divides by the elapsed time while that is less than five seconds", () => {
    const tally = new Tally();
    for (let atMs = 0; atMs < 1_000; atMs += 100) tally.answered("a:1", 4, atMs);
    assert.equal(tally.paceOf("a:1", 1_000).perSecond, 10);
  });

  it("a tally forgets a node's pace on request and keeps its answers", () => {
    const tally = new Tally();
    tally.answered("a:1", 5, 900);
    tally.forgetPace("a:1");
    assert.deepEqual(tally.paceOf("a:1", 1_000), { perSecond: 0 });
    assert.equal(tally.answersOf("a:1"), 1);
  });

  it("a tally reports as p99 the least duration that 99 of 100 searches did not exceed", () => {
    const durationsMs = fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 1, maxLength: 400, size: "max" });
    fc.assert(
      fc.property(durationsMs, (durations) => {
        const tally = new Tally();
        for (const tookMs of durations) tally.answered("a:1", tookMs, 100);
        const { p99Ms = Number.NaN } = tally.paceOf("a:1", 100);
        const within = (limitMs: number) => durations.filter((tookMs) => tookMs <= limitMs).length / durations.length;
        assert.ok(durations.includes(p99Ms));
        assert.ok(within(p99Ms) >= 0.99);
        assert.ok(within(p99Ms - 1) < 0.99);
      }),
    );
  });
});

describe("demo", () => {
  it("the sum of tallies adds the counts, takes the slowest, and keeps the three earliest failures", () => {
    const failures = (...times: number[]) => times.map((atMs) => ({ ...failure, atMs }));
    const one = { searches: 10, failed: 2, slowestMs: 40, firstFailures: failures(5, 30) };
    const two = { searches: 20, failed: 2, slowestMs: 90, firstFailures: failures(1, 20) };
    assert.deepEqual(sumOf([one, two]), { searches: 30, failed: 4, slowestMs: 90, firstFailures: failures(1, 5, 20) });
    assert.deepEqual(sumOf([]), { searches: 0, failed: 0, slowestMs: 0, firstFailures: [] });
  });
});

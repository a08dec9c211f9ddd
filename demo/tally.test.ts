import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { sumOf, Tally } from "./tally.js";

const failure = { atMs: 0, code: "TIMEOUT", message: "late" };

describe("a tally", () => {
  it("counts answers and failures together as searches, and failures apart", () => {
    const tally = new Tally();
    tally.answered("a:1", 5, 10);
    tally.answered("b:1", 7, 12);
    tally.missed(failure, 90);
    const { searches, failed, slowestMs } = tally.totals();
    assert.deepEqual({ searches, failed, slowestMs }, { searches: 3, failed: 1, slowestMs: 90 });
    assert.equal(tally.answersOf("a:1"), 1);
    assert.equal(tally.answersOf("c:1"), 0);
  });

  it("keeps the first three failures", () => {
    const tally = new Tally();
    for (let atMs = 1; atMs <= 5; atMs++) tally.missed({ ...failure, atMs }, 1);
    assert.deepEqual(
      tally.totals().firstFailures.map(({ atMs }) => atMs),
      [1, 2, 3],
    );
    assert.equal(tally.totals().failed, 5);
  });

  it("gives a node's rate over the last five seconds, and nothing of what came before", () => {
    const tally = new Tally();
    for (let atMs = 0; atMs < 20_000; atMs += 100) tally.answered("a:1", atMs < 15_000 ? 500 : 4, atMs);
    assert.deepEqual(tally.paceOf("a:1", 19_999), { perSecond: 10, p99Ms: 4 });
    assert.deepEqual(tally.paceOf("a:1", 30_000), { perSecond: 0 });
    assert.equal(tally.answersOf("a:1"), 200);
  });

  it("forgets a node's pace when told to, but none of its answers", () => {
    const tally = new Tally();
    tally.answered("a:1", 5, 900);
    tally.forgetPace("a:1");
    assert.deepEqual(tally.paceOf("a:1", 1_000), { perSecond: 0 });
    assert.equal(tally.answersOf("a:1"), 1);
  });

  it("divides by the time there has been, in the first five seconds", () => {
    const tally = new Tally();
    for (let atMs = 0; atMs < 1_000; atMs += 100) tally.answered("a:1", 4, atMs);
    assert.equal(tally.paceOf("a:1", 1_000).perSecond, 10);
  });

  it("reports as p99 a duration that at least 99 of 100 searches did not exceed, and no greater one", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 1, maxLength: 400, size: "max" }),
        (durations) => {
          const tally = new Tally();
          for (const tookMs of durations) tally.answered("a:1", tookMs, 100);
          const { p99Ms } = tally.paceOf("a:1", 100);
          assert.ok(p99Ms !== undefined);
          const within = (limitMs: number) => durations.filter((tookMs) => tookMs <= limitMs).length / durations.length;
          assert.ok(durations.includes(p99Ms));
          assert.ok(within(p99Ms) >= 0.99);
          assert.ok(within(p99Ms - 1) < 0.99);
        },
      ),
    );
  });
});

describe("the sum of tallies", () => {
  it("adds what is counted, takes the slowest, and keeps the three failures that came first", () => {
    const failures = (...times: number[]) => times.map((atMs) => ({ ...failure, atMs }));
    const one = { searches: 10, failed: 2, slowestMs: 40, firstFailures: failures(5, 30) };
    const two = { searches: 20, failed: 2, slowestMs: 90, firstFailures: failures(1, 20) };
    assert.deepEqual(sumOf([one, two]), {
      searches: 30,
      failed: 4,
      slowestMs: 90,
      firstFailures: failures(1, 5, 20),
    });
    assert.deepEqual(sumOf([]), { searches: 0, failed: 0, slowestMs: 0, firstFailures: [] });
  });
});

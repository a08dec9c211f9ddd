import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { seededRandom } from "@rollcall/testing";
import fc from "fast-check";
import { afterSniff, beginSniff, firstSniff, hastenSniff, type SniffSchedule } from "./sniff-schedule.js";

const times = { intervalMs: 30_000, jitter: 0.1 };
const middle = () => 0.5;

const sniffed = (schedule: SniffSchedule, result: "changed" | "same" | "searching", nowMs: number) =>
  afterSniff(beginSniff(schedule), result, nowMs, times, middle);

describe("sniff schedule", () => {
  it("the first sniff is due at once", () => {
    assert.equal(firstSniff(7).dueMs, 7);
  });

  it("after a change, sniffs follow at 2, 5 and 10 s, then at the interval", () => {
    let schedule = sniffed(firstSniff(0), "changed", 0);
    const dueTimes: number[] = [];
    for (let count = 0; count < 5; count++) {
      dueTimes.push(schedule.dueMs);
      schedule = sniffed(schedule, "same", schedule.dueMs);
    }
    assert.deepEqual(dueTimes, [2_000, 5_000, 10_000, 40_000, 70_000]);
  });

  it("every change starts the further sniffs again", () => {
    const changed = sniffed(sniffed(firstSniff(0), "changed", 0), "changed", 5_000);
    assert.deepEqual(changed.settling, [7_000, 10_000, 15_000]);
  });

  it("a further sniff whose time a slow sniff has passed is dropped", () => {
    const slow = sniffed(sniffed(firstSniff(0), "changed", 0), "same", 6_000);
    assert.equal(slow.dueMs, 10_000);
  });

  it("while searching, a sniff follows every 1 to 2 s", () => {
    const at = (random: number) => afterSniff(firstSniff(0), "searching", 100, times, () => random).dueMs;
    assert.deepEqual([at(0), at(0.5), at(1)], [1_100, 1_600, 2_100]);
  });

  it("a requested sniff comes at once, but 2 s after the last at the earliest", () => {
    const schedule = sniffed(firstSniff(0), "same", 1_000);
    assert.equal(hastenSniff(schedule, 1_500).dueMs, 3_000);
    assert.equal(hastenSniff(schedule, 9_000).dueMs, 9_000);
    assert.equal(hastenSniff({ ...schedule, dueMs: 4_000 }, 9_000).dueMs, 4_000);
  });

  it("a sniff that is requested during a sniff follows it", () => {
    const asked = hastenSniff(beginSniff(sniffed(firstSniff(0), "same", 0)), 30_000);
    assert.equal(afterSniff(asked, "same", 31_000, times, middle).dueMs, 33_000);
    assert.equal(afterSniff(beginSniff(asked), "same", 31_000, times, middle).dueMs, 61_000);
  });

  it("no pause is longer than the interval, and none is shorter than 2 s unless it searches", () => {
    const step = fc.record({
      result: fc.constantFrom("changed" as const, "same" as const),
      tookMs: fc.nat(8_000),
      hastenAfterMs: fc.option(fc.nat(40_000)),
      hastenedDuring: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.nat(), (steps, seed) => {
        const random = seededRandom(seed);
        let schedule = firstSniff(0);
        let nowMs = 0;
        for (const { result, tookMs, hastenAfterMs, hastenedDuring } of steps) {
          schedule = beginSniff(schedule);
          assert.equal(schedule.dueMs, Number.POSITIVE_INFINITY);
          if (hastenedDuring) schedule = hastenSniff(schedule, nowMs + tookMs / 2);
          nowMs += tookMs;
          schedule = afterSniff(schedule, result, nowMs, times, random);
          const endedMs = nowMs;
          assert.ok(schedule.dueMs <= endedMs + 33_000);
          if (hastenAfterMs !== null && endedMs + hastenAfterMs < schedule.dueMs) {
            schedule = hastenSniff(schedule, endedMs + hastenAfterMs);
            assert.ok(schedule.dueMs >= endedMs + 2_000 || schedule.settling.includes(schedule.dueMs));
          }
          assert.ok(schedule.dueMs > endedMs);
          nowMs = schedule.dueMs;
        }
      }),
    );
  });
});

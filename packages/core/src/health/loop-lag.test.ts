import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { lateMs } from "../late.js";
import { beatMs, isInTime, newLoopLag, nextLoopLag, ranMs, waitingSinceMs } from "./loop-lag.js";

describe("the watch over a loop", () => {
  it("takes a beat up to 50 ms late for a running loop", () => {
    const watch = nextLoopLag(newLoopLag(0), beatMs + lateMs);
    assert.deepEqual([watch.sinceMs, watch.stalledMs], [0, 0]);
    assert.equal(waitingSinceMs(watch, 20, 120), 20);
  });

  it("begins all waiting again after a later one", () => {
    const watch = nextLoopLag(newLoopLag(0), 651);
    assert.equal(waitingSinceMs(watch, 20, 651), 651);
    assert.equal(waitingSinceMs(watch, 660, 670), 660);
  });

  it("says that nobody waits while the beat is missing, so that other threads can tell", () => {
    const watch = newLoopLag(0);
    assert.equal(waitingSinceMs(watch, 20, beatMs + lateMs), 20);
    assert.equal(waitingSinceMs(watch, 20, beatMs + lateMs + 1), undefined);
  });

  it("leaves the time of a stall out of what something took, before and after the late beat", () => {
    const watch = newLoopLag(0);
    const beganMs = ranMs(watch, 20);
    assert.equal(ranMs(watch, 650) - beganMs, 30);
    assert.equal(ranMs(nextLoopLag(watch, 650), 660) - beganMs, 40);
  });

  it("never lets something take longer than it did, nor, with beats in time, shorter", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(300), { minLength: 1, maxLength: 50 }), (gaps) => {
        let nowMs = 0;
        let watch = newLoopLag(nowMs);
        const startMs = ranMs(watch, nowMs);
        let stalled = false;
        for (const gapMs of gaps) {
          nowMs += gapMs;
          stalled ||= gapMs > beatMs + lateMs;
          watch = nextLoopLag(watch, nowMs);
          const tookMs = ranMs(watch, nowMs) - startMs;
          assert.ok(tookMs >= 0 && tookMs <= nowMs);
          assert.equal(tookMs === nowMs, !stalled);
        }
      }),
    );
  });

  it("lets a timer judge that fires at most 50 ms after it was due", () => {
    assert.deepEqual([isInTime(500, 550), isInTime(500, 551)], [true, false]);
  });
});

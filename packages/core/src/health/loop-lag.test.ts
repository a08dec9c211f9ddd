import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { isInTime, lateMs } from "../in-time.js";
import { beatMs, newLoopLag, nextLoopLag, ranMs, waitingSinceMs } from "./loop-lag.js";

it("a timer may judge if it fires at most 50 ms after it was due", () => {
  assert.deepEqual([isInTime(500, 550), isInTime(500, 551)], [true, false]);
});

it("a beat up to 50 ms late leaves the loop running; a later one begins all waits again", () => {
  const running = nextLoopLag(newLoopLag(0), beatMs + lateMs);
  assert.deepEqual([running.sinceMs, running.stalledMs], [0, 0]);
  assert.equal(waitingSinceMs(running, 20, 120), 20);
  const stalled = nextLoopLag(newLoopLag(0), 651);
  assert.deepEqual([waitingSinceMs(stalled, 20, 651), waitingSinceMs(stalled, 660, 670)], [651, 660]);
});

it("a missing beat shows other threads that the loop is stalled", () => {
  const lag = newLoopLag(0);
  assert.equal(waitingSinceMs(lag, 20, beatMs + lateMs), 20);
  assert.equal(waitingSinceMs(lag, 20, beatMs + lateMs + 1), undefined);
});

it("the time of a stall does not count into a duration, before and after the late beat", () => {
  const lag = newLoopLag(0);
  const beganMs = ranMs(lag, 20);
  assert.equal(ranMs(lag, 650) - beganMs, 30);
  assert.equal(ranMs(nextLoopLag(lag, 650), 660) - beganMs, 40);
});

it("a measured duration is never longer than the true one, and equal to it if every beat is in time", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(300), { minLength: 1, maxLength: 50 }), (gaps) => {
      let nowMs = 0;
      let lag = newLoopLag(nowMs);
      const startMs = ranMs(lag, nowMs);
      let stalled = false;
      for (const gapMs of gaps) {
        nowMs += gapMs;
        stalled ||= gapMs > beatMs + lateMs;
        lag = nextLoopLag(lag, nowMs);
        const tookMs = ranMs(lag, nowMs) - startMs;
        assert.ok(tookMs >= 0 && tookMs <= nowMs);
        assert.equal(tookMs === nowMs, !stalled);
      }
    }),
  );
});

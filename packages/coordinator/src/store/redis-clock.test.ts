import assert from "node:assert/strict";
import { it } from "node:test";
import { ManualTimers } from "@rollcall/testing";
import { RedisClock } from "./redis-clock.js";

it("the clock of Redis goes on from what Redis said, half an answer's way ago", async () => {
  const timers = new ManualTimers(500);
  const clock = new RedisClock(timers);
  assert.ok(Math.abs(clock.nowMs() - Date.now()) < 60_000, "the system's, at first");
  await clock.learn(async () => {
    timers.advance(20);
    return ["1000", "500000"];
  });
  assert.equal(clock.nowMs(), 1_000_510);
  timers.advance(90);
  assert.equal(clock.nowMs(), 1_000_600);
  await clock.learn(async () => ["nonsense", ""]);
  await clock.learn(() => Promise.reject(new Error("Connection is closed.")));
  assert.equal(clock.nowMs(), 1_000_600);
});

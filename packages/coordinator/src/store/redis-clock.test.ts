import assert from "node:assert/strict";
import { it } from "node:test";
import { ManualTimers } from "@rollcall/testing";
import { RedisClock } from "./redis-clock.js";

it("the clock of Redis is the wall clock first, then continues from Redis' answer and half its round trip", async () => {
  const timers = new ManualTimers(500);
  const clock = new RedisClock(timers, () => 77);
  assert.equal(clock.nowMs(), 77);
  await clock.adjust(async () => {
    timers.advance(20);
    return ["1000", "500000"];
  });
  assert.equal(clock.nowMs(), 1_000_510);
  timers.advance(90);
  assert.equal(clock.nowMs(), 1_000_600);
  await clock.adjust(async () => ["nonsense", ""]);
  await assert.rejects(
    clock.adjust(() => Promise.reject(new Error("Connection is closed."))),
    /closed/,
  );
  assert.equal(clock.nowMs(), 1_000_600);
});

import assert from "node:assert/strict";
import { it } from "node:test";
import { ManualTimers } from "@rollcall/testing";
import { RateLimiter } from "./rate-limiter.js";

it("a rate lets so many pass in a second, and the next second as many again", () => {
  const timers = new ManualTimers();
  const rate = new RateLimiter(3, timers);
  const passed = () => [1, 2, 3, 4, 5].filter(() => rate.tryTake()).length;
  assert.equal(passed(), 3);
  timers.advance(999);
  assert.equal(passed(), 0);
  timers.advance(1);
  assert.equal(passed(), 3);
});

import assert from "node:assert/strict";
import { it } from "node:test";
import { settled } from "@rollcall/testing";
import { CoalescingRunner } from "./coalescing-runner.js";

it("a job that is asked for while it runs is run once more after it, however often it was asked for", async () => {
  const ends: (() => void)[] = [];
  let running = 0;
  const job = new CoalescingRunner(async () => {
    assert.equal(++running, 1);
    await new Promise<void>((resolve) => ends.push(resolve));
    running--;
  });
  job.request();
  for (let time = 0; time < 5; time++) job.request();
  assert.equal(ends.length, 1);
  ends[0]?.();
  await settled();
  assert.equal(ends.length, 2);
  ends[1]?.();
  await settled();
  assert.equal(ends.length, 2, "and then it rests");
  job.request();
  assert.equal(ends.length, 3);
  ends[2]?.();
});

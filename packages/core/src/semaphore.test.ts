import assert from "node:assert/strict";
import { it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { Semaphore } from "./semaphore.js";

it("a semaphore runs no more than its limit at once, and all in order, though some fail", async () => {
  const semaphore = new Semaphore(3);
  const begun: number[] = [];
  let running = 0;
  let most = 0;
  const names = Array.from({ length: 20 }, (_, name) => name);
  const work = async (name: number) => {
    begun.push(name);
    most = Math.max(most, ++running);
    await turn();
    running--;
    if (name % 4 === 0) throw new Error("failed");
  };
  const ends = await Promise.allSettled(names.map((name) => semaphore.run(() => work(name))));
  assert.deepEqual([most, begun], [3, names]);
  assert.equal(ends.filter(({ status }) => status === "rejected").length, 5);
});

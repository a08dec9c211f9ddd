import assert from "node:assert/strict";
import { it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { Semaphore } from "./semaphore.js";

it("lets no more at once than allowed, and everybody in the end, in order", async () => {
  const turns = new Semaphore(3);
  const begun: number[] = [];
  let atOnce = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: 20 }, async (_, name) => {
      await turns.acquire();
      begun.push(name);
      most = Math.max(most, ++atOnce);
      await turn();
      atOnce--;
      turns.release();
    }),
  );
  assert.equal(most, 3);
  assert.deepEqual(
    begun,
    Array.from({ length: 20 }, (_, name) => name),
  );
});

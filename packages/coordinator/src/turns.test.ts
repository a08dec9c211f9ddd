import assert from "node:assert/strict";
import { it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { Turns } from "./turns.js";

it("lets no more at once than allowed, and everybody in the end, in order", async () => {
  const turns = new Turns(3);
  const begun: number[] = [];
  let atOnce = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: 20 }, async (_, name) => {
      await turns.take();
      begun.push(name);
      most = Math.max(most, ++atOnce);
      await turn();
      atOnce--;
      turns.give();
    }),
  );
  assert.equal(most, 3);
  assert.deepEqual(
    begun,
    Array.from({ length: 20 }, (_, name) => name),
  );
});

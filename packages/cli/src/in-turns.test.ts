import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { inTurns } from "./in-turns.js";

describe("inTurns", () => {
  it("keeps the order, whoever ends first, and never works on more than it may at once", async () => {
    let working = 0;
    let most = 0;
    const results = await inTurns([5, 1, 4, 2, 3], 2, async (turns) => {
      most = Math.max(most, ++working);
      for (let left = turns; left > 0; left--) await turn();
      working--;
      return turns * 10;
    });
    assert.deepEqual(results, [50, 10, 40, 20, 30]);
    assert.equal(most, 2);
  });

  it("has nothing to do for nothing", async () => {
    assert.deepEqual(await inTurns([], 16, () => Promise.reject(new Error("was asked"))), []);
  });
});

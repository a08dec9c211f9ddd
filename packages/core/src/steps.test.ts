import assert from "node:assert/strict";
import { it } from "node:test";
import { runInTurns } from "./steps.js";

it("each step runs in a turn of its own, and the result is that of the last", async () => {
  const told: string[] = [];
  const steps = function* () {
    for (const step of ["first", "second"]) {
      told.push(step);
      yield;
    }
    return "third";
  };
  const turn = async () => void told.push("turn");
  assert.equal(await runInTurns(steps(), turn), "third");
  assert.deepEqual(told, ["first", "turn", "second", "turn"]);
});

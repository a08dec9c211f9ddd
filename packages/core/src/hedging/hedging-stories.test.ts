import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { readStories } from "../stories.test.support.js";
import { HedgingRig } from "./hedging-rig.test.support.js";

/**
 * usual MS                      all answers took so long lately; 30 answers have shown it
 * NAME at NODE [within MS]      an attempt of a Read begins, with so much time
 * after NODE, NODE: NAME at NODE  the same, of a request that was sent to those before
 * NAME answered | NAME failed   the first attempt ends
 * NAME's hedge answered | NAME's hedge failed | NAME's hedge begins
 * NAME begins | NAME leaves     the first byte of the first attempt; its caller cancels it
 * byte NODE                     a byte of it comes on another request
 * penalty NODE FACTOR
 * refusal                       some node answers 429
 * wait MS                       time passes, with a check every 10 ms
 * block MS                      the process does not run for so long
 */
function run(steps: readonly string[]): string[] {
  const rig = new HedgingRig();
  for (const step of steps) {
    const [what = "", second = "", third = "", , within] = step.split(" ");
    if (what === "usual") rig.usual(Number(second));
    else if (what === "wait") rig.wait(Number(second));
    else if (what === "block") rig.block(Number(second));
    else if (what === "byte") rig.byte(second);
    else if (what === "penalty") rig.penalties.set(rig.slotOf(second), Number(third));
    else if (what === "refusal") rig.budget.refused();
    else if (what === "after") {
      const [, before = "", name = "", node = ""] = /^after (.+): (\w+) at (\w+)$/.exec(step) ?? [];
      rig.begin(name, node, { tried: before.split(", ") });
    } else if (second === "at") rig.begin(what, third, within === undefined ? {} : { withinMs: Number(within) });
    else if (what.endsWith("'s")) hedge(rig, what.slice(0, -2), third);
    else if (second === "answered") rig.answer(what, "first");
    else if (second === "failed") rig.fail(what, "first");
    else if (second === "begins") rig.attemptOf(what, "first").firstByteSeen = true;
    else if (second === "leaves") rig.leave(what);
    else assert.fail(`unknown: ${step}`);
  }
  return rig.lines;
}

function hedge(rig: HedgingRig, name: string, what: string): void {
  if (what === "answered") rig.answer(name, "hedge");
  else if (what === "failed") rig.fail(name, "hedge");
  else if (what === "begins") rig.attemptOf(name, "hedge").firstByteSeen = true;
  else assert.fail(`unknown: ${what}`);
}

describe("stories of hedged Reads", () => {
  const text = readFileSync(new URL("../../src/hedging/testdata/hedging.txt", import.meta.url), "utf8");
  for (const { title, steps, outcome } of readStories(text)) {
    it(title, () => assert.deepEqual(run(steps), outcome));
  }
});

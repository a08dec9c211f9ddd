import assert from "node:assert/strict";
import { it } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { heapHeld } from "./heap-held.js";

setFlagsFromString("--expose-gc");
globalThis.gc = runInNewContext("gc") as typeof globalThis.gc;

it("what a program keeps counts as held, and what it drops does not", async () => {
  const before = await heapHeld();
  const kept = Array.from({ length: 40_000 }, (_, at) => ({ at, text: `call ${at}` }));
  const meanwhile = await heapHeld();
  assert.ok(Math.abs(meanwhile.objects - before.objects - 40_000) < 1_000, `${meanwhile.objects - before.objects}`);
  assert.ok(meanwhile.heapBytes - before.heapBytes > 2e6, `${meanwhile.heapBytes - before.heapBytes}`);
  kept.length = 0;
  const after = await heapHeld();
  assert.ok(Math.abs(after.objects - before.objects) < 1_000, `${after.objects - before.objects}`);
  assert.ok(after.heapBytes - before.heapBytes < 5e5, `${after.heapBytes - before.heapBytes}`);
});

it("code that is compiled while a program runs counts as code", async () => {
  const before = await heapHeld();
  const functions = Array.from({ length: 300 }, (_, at) => {
    const lines = Array.from({ length: 20 }, (_, line) => `sum += (value * ${at + line}) % ${line + 2};`);
    return new Function("value", `let sum = 0; ${lines.join(" ")} return sum;`) as (value: number) => number;
  });
  let sum = 0;
  for (const one of functions) for (let value = 0; value < 1_000; value++) sum += one(value);
  const after = await heapHeld();
  assert.equal(functions.length, 300);
  assert.ok(sum > 0 && after.codeBytes - before.codeBytes > 2e5, `${after.codeBytes - before.codeBytes}`);
});

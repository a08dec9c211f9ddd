import assert from "node:assert/strict";
import { it } from "node:test";
import { settled } from "@rollcall/testing";
import { Reloads } from "./reloads.js";

it("reloads run one at a time, and once more for all that is asked for meanwhile", async () => {
  const ends: (() => void)[] = [];
  const reloads = new Reloads(() => new Promise((resolve) => ends.push(resolve)));
  for (let times = 0; times < 3; times++) reloads.ask();
  await settled();
  assert.equal(ends.length, 1);
  ends[0]?.();
  await settled();
  assert.equal(ends.length, 2);
  ends[1]?.();
  await settled();
  assert.equal(ends.length, 2);
  reloads.ask();
  assert.equal(ends.length, 3);
});

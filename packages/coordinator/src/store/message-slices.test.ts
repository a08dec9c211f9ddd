import assert from "node:assert/strict";
import { it } from "node:test";
import type { ChannelName } from "@rollcall/core/view";
import { ManualTimers } from "@rollcall/testing";
import { MessageSlices } from "./message-slices.js";

function slicing(tookMs: number) {
  const timers = new ManualTimers();
  // Work takes time on this clock although no timer comes due meanwhile.
  let workedMs = 0;
  const slices = new MessageSlices({
    nowMs: () => timers.nowMs() + workedMs,
    after: (ms, run) => timers.after(ms, run),
  });
  const done: string[] = [];
  const run = (channel: ChannelName, what: string) =>
    slices.run(channel, () => {
      workedMs += tookMs;
      done.push(what);
    });
  return { timers, slices, done, run };
}

it("a message is read at once while there is time for it, in the order of arrival", () => {
  const { done, run, slices } = slicing(0.1);
  for (const what of ["1", "2", "3"]) run("reports", what);
  assert.deepEqual([done, slices.isBusy], [["1", "2", "3"], false]);
});

it("a thousand messages at once are worked off a few in each window, events before all others", () => {
  const { timers, slices, done, run } = slicing(0.5);
  for (let at = 0; at < 1_000; at++) run("reports", `report ${at}`);
  assert.equal(done.length, 4);
  run("events", "head");
  const before = done.length;
  timers.advance(10);
  assert.ok(done.length - before <= 5, `${done.length - before} in one turn`);
  assert.equal(done[before], "head");
  for (let windows = 0; slices.isBusy && windows < 1_000; windows++) timers.advance(10);
  assert.deepEqual(
    done.filter((what) => what !== "head"),
    Array.from({ length: 1_000 }, (_, at) => `report ${at}`),
  );
});

it("what waits at the close is not read", () => {
  const { timers, slices, done, run } = slicing(5);
  run("reports", "1");
  run("reports", "2");
  slices.close();
  timers.advance(60_000);
  assert.deepEqual(done, ["1"]);
});

import assert from "node:assert/strict";
import { it } from "node:test";
import { redisKeys } from "@rollcall/core/view";
import { collectingLogger, ManualTimers } from "@rollcall/testing";
import { ChannelFloods } from "./channel-floods.js";

function floods() {
  const timers = new ManualTimers();
  const logger = collectingLogger();
  const keys = redisKeys("logs");
  const calls: string[] = [];
  const all = new ChannelFloods({
    ...{ keys, timers, logger, random: () => 0 },
    suspend: (channel) => calls.push(`suspend ${channel}`),
    resume: (channel) => calls.push(`resume ${channel}`),
  });
  /** So many messages a second for so long; how many were admitted. */
  const arrive = (channel: "events" | "heartbeats" | "reports", perSecond: number, forMs: number, byteLength = 500) => {
    let [admitted, due] = [0, 0];
    for (let ms = 0; ms < forMs; ms += 10) {
      for (due += perSecond / 100; due >= 1; due--) if (all.admits(keys[channel], byteLength)) admitted++;
      timers.advance(10);
    }
    return admitted;
  };
  return { timers, logger, calls, all, arrive, keys };
}

it("what a fleet of a thousand processes sends is read, also when all answer at once", () => {
  const { arrive, logger, calls } = floods();
  assert.equal(arrive("heartbeats", 200, 60_000, 5_500), 12_000);
  assert.equal(arrive("heartbeats", 5_000, 200, 5_500), 1_000);
  assert.equal(arrive("events", 25, 60_000, 9_000), 1_500);
  assert.equal(arrive("reports", 5_000, 3_000, 160), 15_000);
  assert.deepEqual([logger.lines, calls], [[], []]);
});

it("a flood is dropped unread, and the channel left if there is much of it; the times between trials double", () => {
  const { arrive, calls, logger, all, timers } = floods();
  const admitted = arrive("events", 40_000, 1_000);
  assert.ok(admitted <= 60, `${admitted} read`);
  assert.deepEqual(calls, ["suspend events"]);
  assert.deepEqual([all.isFlooded("events"), all.isAway("events"), all.isFlooded("reports")], [true, true, false]);
  const leftAtMs: number[] = [];
  for (let seen = calls.length; leftAtMs.length < 5; ) {
    arrive("events", 40_000, 100);
    if (calls.length - seen < 2) continue;
    seen = calls.length;
    leftAtMs.push(timers.nowMs());
  }
  const waits = leftAtMs.slice(1).map((atMs, index) => Math.round((atMs - (leftAtMs[index] ?? 0)) / 1_000));
  assert.deepEqual(waits, [10, 20, 40, 60]);
  assert.deepEqual(logger.lines.length, 1);
});

it("a flood of few and large messages is left, too", () => {
  const { arrive, calls } = floods();
  arrive("events", 100, 1_000, 2 * 1024 * 1024);
  assert.deepEqual(calls, ["suspend events"]);
});

it("a flood that wanders between channels is one line when it begins and one when it ends", () => {
  const { arrive, logger, timers, all, calls } = floods();
  arrive("events", 20_000, 500);
  arrive("heartbeats", 60_000, 500);
  timers.advance(60_000);
  assert.deepEqual(calls, ["suspend events", "suspend heartbeats", "resume events", "resume heartbeats"]);
  assert.deepEqual([all.isFlooded("events"), all.isFlooded("heartbeats")], [false, false]);
  const [began = "", ended = "", ...more] = logger.lines;
  assert.match(began, /^warn \{rollcall:logs\}:events is flooded: more messages arrive than a fleet sends/);
  assert.match(
    ended,
    /^info the flood of \{rollcall:logs\}:events, \{rollcall:logs\}:heartbeats is over after 1\d s: \d+ m/,
  );
  assert.deepEqual(more, []);
  assert.equal(arrive("events", 100, 100), 10, "afterwards all is read");
});

it("a trickle above the limit is dropped without leaving the channel", () => {
  const { arrive, calls, logger } = floods();
  const admitted = arrive("events", 500, 20_000);
  assert.ok(admitted >= 1_000 && admitted <= 1_100, `${admitted} read`);
  assert.deepEqual([calls, logger.lines.length], [[], 1]);
});

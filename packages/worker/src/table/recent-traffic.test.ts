import assert from "node:assert/strict";
import { it } from "node:test";
import { latencyPercentileMs } from "@rollcall/core";
import { ManualTimers } from "@rollcall/testing";
import { createTable } from "./layout.js";
import { TableReader } from "./reader.js";
import { RecentTraffics } from "./recent-traffic.js";
import { TableTotals } from "./totals.js";
import { TableWriter } from "./writer.js";

const layout = { slots: 3, threads: 2 };

function openTraffics() {
  const timers = new ManualTimers(1_000);
  const nowMs = () => timers.nowMs();
  const words = createTable(layout);
  const readers = [0, 1].map((thread) => new TableReader({ words, layout, thread, inFlightMax: 9, nowMs }));
  const totals = new TableTotals(words, layout);
  const writer = new TableWriter(words);
  const counts = { requests: 0, failed: 0 };
  const traffics = new RecentTraffics(words, layout, totals, timers, () => ({ ...counts }));
  writer.assign(1, 1);
  /** So many attempts in a thread, each answered after so long, with 503 or with 200. */
  const answer = (thread: number, times: number, tookMs: number, isErrorStatus = false) => {
    const reader = readers[thread] ?? assert.fail();
    for (let time = 0; time < times; time++) {
      counts.requests++;
      reader.enter(1);
      reader.leave(1);
      reader.countAnswer(1, isErrorStatus);
      reader.countLatency(1, tookMs);
    }
  };
  return { timers, totals, writer, traffics, counts, readers, answer };
}

it("recent traffic is what all threads have done in the last 10 to 15 s", () => {
  const { timers, traffics, counts, answer } = openTraffics();
  assert.deepEqual([traffics.of(1), traffics.ofPool()], [undefined, undefined]);
  traffics.start();
  answer(0, 100, 500, true);
  timers.advance(16_000);
  answer(0, 30, 4);
  answer(1, 10, 4, true);
  counts.failed += 3;
  timers.advance(2_000);
  const { requests, errors, latency } = traffics.of(1) ?? assert.fail();
  assert.deepEqual([requests, errors], [40, 10]);
  assert.ok((latencyPercentileMs(latency, 0.99) ?? 0) < 10, "the slow ones are forgotten");
  assert.deepEqual(traffics.ofPool(), { overMs: 13_000, requests: 40, failed: 3 });
  assert.equal(traffics.of(2)?.requests, 0);
  traffics.close();
  timers.advance(20_000);
  assert.deepEqual(traffics.ofPool()?.overMs, 33_000, "no sample after the close");
});

it("a node that gets the slot of another one has no traffic of that one", () => {
  const { timers, totals, writer, traffics, answer } = openTraffics();
  traffics.start();
  answer(0, 5, 4);
  timers.advance(5_000);
  writer.assign(1, 2);
  totals.restart(1);
  assert.equal(traffics.of(1), undefined);
  timers.advance(15_000);
  answer(1, 7, 4);
  const { requests, latency } = traffics.of(1) ?? assert.fail();
  assert.deepEqual([requests, latency.reduce((sum, count) => sum + count, 0)], [7, 7]);
  traffics.close();
});

it("what ends in a quiet time is seen, also where no attempt has begun since the last sample", () => {
  const { timers, traffics, readers } = openTraffics();
  const [reader = assert.fail()] = readers;
  reader.enter(1);
  traffics.start();
  timers.advance(12_000);
  reader.leave(1);
  reader.countAnswer(1, true);
  reader.countLatency(1, 4);
  const { errors, latency } = traffics.of(1) ?? assert.fail();
  assert.deepEqual([errors, latency.reduce((sum, count) => sum + count, 0)], [1, 1]);
  timers.advance(20_000);
  const later = traffics.of(1) ?? assert.fail();
  assert.deepEqual([later.errors, later.latency.reduce((sum, count) => sum + count, 0)], [0, 0]);
  traffics.close();
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { seededRandom } from "@rollcall/testing";
import { createTable, stampedMs, stampOf } from "./layout.js";
import { LoopLagMonitor } from "./loop-lag-monitor.js";
import { TableReader } from "./reader.js";
import { TableTotals } from "./totals.js";
import { TableTraffic } from "./traffic.js";
import { TableWriter } from "./writer.js";

const layout = { slots: 2, threads: 3 };
const never = Number.NEGATIVE_INFINITY;

/** Three threads that run, at a time of the test's choice. */
function openTraffic(startMs = 5_000) {
  let timeMs = startMs;
  const nowMs = () => timeMs;
  const words = createTable(layout);
  const threads = [0, 1, 2].map((thread) => {
    const reader = new TableReader({ words, layout, thread, inFlightMax: 9, nowMs });
    return { reader, loop: new LoopLagMonitor(reader, nowMs) };
  });
  const writer = new TableWriter(words);
  for (const slot of [0, 1]) writer.assign(slot, 1);
  const traffic = new TableTraffic(words, layout);
  return {
    traffic,
    totals: new TableTotals(words, layout),
    thread: (at: number) => threads[at] ?? assert.fail("no such thread"),
    of: (slot: number) => traffic.of(slot, timeMs),
    /** The threads named do not run meanwhile. */
    pass(ms: number, stalled: readonly number[] = []) {
      for (let passed = 0; passed < ms; passed += 50) {
        timeMs += 50;
        for (const [at, { loop }] of threads.entries()) if (!stalled.includes(at)) loop.beat();
      }
    },
  };
}

describe("table traffic", () => {
  it("the traffic of a node is its oldest and newest attempt, its last byte and its longest handshake over all threads", () => {
    const { of, thread, traffic } = openTraffic();
    assert.deepEqual(of(0), { oldestMs: undefined, newestMs: undefined, lastByteMs: never, handshakeMs: undefined });
    assert.equal(traffic.isAwaited(0), false);
    thread(0).reader.showWaiting(0, 5_100, 5_300);
    thread(1).reader.showWaiting(0, 5_200, 5_400);
    thread(1).reader.noteByte(0, 4_000);
    thread(2).reader.noteByte(0, 4_500);
    thread(0).reader.noteHandshake(0, 7.2);
    thread(2).reader.noteHandshake(0, 3);
    assert.deepEqual(of(0), { oldestMs: 5_100, newestMs: 5_400, lastByteMs: 4_500, handshakeMs: 8 });
    assert.equal(traffic.isAwaited(0), true);
    assert.equal(traffic.isAwaited(1), false);
    assert.deepEqual(traffic.awaitedSlots(), [0, 0]);
    thread(0).reader.showWaiting(0, undefined, undefined);
    assert.deepEqual(traffic.awaitedSlots(), [0]);
    assert.deepEqual([of(0).oldestMs, of(0).newestMs], [5_200, 5_400]);
  });

  it("the slots that are awaited are those of which each one is, whatever was shown before", () => {
    const { thread, traffic } = openTraffic();
    const random = seededRandom(3);
    for (let change = 0; change < 500; change++) {
      const { reader } = thread(Math.floor(random() * 3));
      const slot = Math.floor(random() * 2);
      if (random() < 0.1) reader.forget(slot);
      else if (random() < 0.5) reader.showWaiting(slot, undefined, undefined);
      else reader.showWaiting(slot, 5_000 + change, 5_000 + change);
      const awaited = [0, 1].filter((one) => traffic.isAwaited(one));
      assert.deepEqual([...new Set(traffic.awaitedSlots())].sort(), awaited);
    }
  });

  it("the wait of a thread that does not run does not count, and begins again when the thread runs", () => {
    const { of, thread, pass, traffic } = openTraffic();
    thread(0).reader.showWaiting(0, 5_000, 5_000);
    pass(1_000, [0]);
    assert.deepEqual([of(0).oldestMs, traffic.isAwaited(0)], [undefined, true]);
    pass(50);
    assert.equal(of(0).oldestMs, 6_050);
    pass(1_000);
    assert.equal(of(0).oldestMs, 6_050);
  });

  it("neither a dead thread nor a slot's last node has traffic", () => {
    const { of, thread, totals, traffic } = openTraffic();
    thread(0).reader.showWaiting(0, 5_000, 5_000);
    totals.fold(0);
    assert.equal(traffic.isAwaited(0), false);
    assert.deepEqual(traffic.awaitedSlots(), []);
    thread(0).reader.noteByte(0, 5_000);
    thread(0).reader.forget(0);
    assert.deepEqual(of(0), { oldestMs: undefined, newestMs: undefined, lastByteMs: never, handshakeMs: undefined });
  });

  it("times are right to the millisecond and never late, also across the wrap of ticks", () => {
    for (const nowMs of [86_400_000.7, 86_400_001, 2 ** 31 - 0.5, 2 ** 31 + 7.3, 2 ** 32, 2 ** 32 + 9.1]) {
      for (const agoMs of [0, 0.3, 1, 700, 86_400_000]) {
        const stamped = stampedMs(stampOf(nowMs - agoMs), nowMs) ?? assert.fail("no time");
        assert.ok(stamped <= nowMs - agoMs && stamped > nowMs - agoMs - 2, `${nowMs} ${agoMs}: ${stamped}`);
      }
    }
    assert.equal(stampedMs(0, 5), undefined);
    assert.equal(stampedMs(stampOf(0), 2_160_000_000), undefined, "25 days ago");
  });
});

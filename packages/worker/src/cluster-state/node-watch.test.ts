import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { beatMs } from "@rollcall/core/health";
import { ManualTimers, seededRandom } from "@rollcall/testing";
import type { RerouteOrder } from "../dispatch/reroute-order.js";
import { createTable, type SlotState } from "../table/layout.js";
import { LoopLagMonitor } from "../table/loop-lag-monitor.js";
import { TableReader } from "../table/reader.js";
import { TableTraffic } from "../table/traffic.js";
import { TableWriter } from "../table/writer.js";
import { NodeWatch } from "./node-watch.js";
import type { ProbeResult } from "./probe-once.js";

const layout = { slots: 4, threads: 2 };
const well: SlotState = { tier: "node", mark: "none", ejected: false };
const reached: ProbeResult = { kind: "reached" };
const unreachable: ProbeResult = { kind: "unreachable", reason: "no answer within 500 ms" };
const unseen: ProbeResult = { kind: "void", reason: "hardly running" };

/** Three nodes that are well, and two threads; the table is real, what the threads do is the test's. */
function openWatch() {
  const timers = new ManualTimers(10_000);
  const words = createTable(layout);
  const writer = new TableWriter(words);
  const nowMs = () => timers.nowMs();
  const readers = [0, 1].map((thread) => new TableReader({ words, layout, thread, inFlightMax: 9, nowMs }));
  const loops = readers.map((reader) => new LoopLagMonitor(reader, nowMs));
  const looks: { readonly slot: number; readonly timeoutMs: number | undefined; answer(seen: ProbeResult): void }[] =
    [];
  const silent: string[] = [];
  const orders: RerouteOrder[] = [];
  const watch = new NodeWatch({
    words,
    traffic: new TableTraffic(words, layout),
    timers,
    random: seededRandom(3),
    look: (slot, timeoutMs) => new Promise((answer) => looks.push({ slot, timeoutMs, answer })),
    silent: (slot, generation, reason) => {
      silent.push(`${slot}/${generation}: ${reason}`);
      writer.setState(slot, { ...well, ejected: true }, undefined);
    },
    move: (order) => orders.push(order),
  });
  for (const slot of [0, 1, 2]) {
    writer.assign(slot, 1);
    writer.setState(slot, well, undefined);
  }
  watch.tick();
  const thread = (at: number) => readers[at] ?? assert.fail("no such thread");
  return {
    timers,
    writer,
    watch,
    thread,
    looks,
    silent,
    orders,
    /** Lets time pass, beat by beat; the threads named do not run. */
    pass(ms: number, stalled: readonly number[] = []) {
      for (let passed = 0; passed < ms; passed += beatMs) {
        timers.advance(beatMs);
        for (const [at, loop] of loops.entries()) if (!stalled.includes(at)) loop.beat();
        watch.tick();
      }
    },
    wait: (slot: number, at = 0) => thread(at).showWaiting(slot, timers.nowMs(), timers.nowMs()),
    /** Answers the oldest look. */
    async answer(seen: ProbeResult) {
      (looks.shift() ?? assert.fail("nobody looked")).answer(seen);
      await nextTurn();
    },
  };
}

describe("the watch over silent nodes", () => {
  it("probes a node on which requests wait without a byte, and tells once that it is silent", async () => {
    const { wait, pass, looks, answer, silent, thread } = openWatch();
    thread(1).noteHandshake(0, 400);
    wait(0);
    pass(200);
    assert.equal(looks.length, 0);
    pass(100);
    assert.deepEqual(
      looks.map(({ slot, timeoutMs }) => [slot, timeoutMs]),
      [[0, 1_200]],
    );
    await answer(unreachable);
    pass(1_000);
    assert.deepEqual([silent, looks], [["0/1: no answer within 500 ms"], []]);
  });

  it("takes a byte in any thread for a sign of life", () => {
    const { wait, pass, looks, thread, timers } = openWatch();
    wait(0);
    for (let times = 0; times < 20; times++) {
      pass(200);
      thread(1).noteHeard(0, timers.nowMs());
    }
    assert.equal(looks.length, 0);
  });

  it("asks ever less often while the node answers probes", async () => {
    const { wait, pass, looks, answer, silent } = openWatch();
    wait(0);
    let probes = 0;
    for (let beats = 0; beats < 200; beats++) {
      pass(beatMs);
      if (looks.length === 0) continue;
      probes++;
      await answer(reached);
    }
    assert.ok(probes >= 3 && probes <= 7, `${probes} in 10 s`);
    assert.deepEqual(silent, []);
  });

  it("counts no time in which the waiting thread did not run", () => {
    const { wait, pass, looks } = openWatch();
    wait(0);
    pass(100);
    pass(2_000, [0]);
    assert.equal(looks.length, 0);
    pass(200);
    assert.equal(looks.length, 0);
    pass(150);
    assert.equal(looks.length, 1);
  });

  it("asks again at once where a probe showed nothing, but not when it failed at once", async () => {
    const { wait, pass, looks, answer, silent } = openWatch();
    wait(0);
    pass(300);
    pass(600);
    await answer(unseen);
    assert.equal(looks.length, 1);
    await answer(unseen);
    pass(4_000);
    assert.equal(looks.length, 0);
    pass(2_000);
    assert.deepEqual([looks.length, silent], [1, []]);
  });

  it("begins anew with another node in the slot, whatever is still said of the last one", async () => {
    const { wait, pass, looks, answer, silent, writer, thread } = openWatch();
    wait(0);
    pass(300);
    thread(0).forget(0);
    writer.assign(0, 2);
    writer.setState(0, well, undefined);
    pass(beatMs);
    await answer(unreachable);
    assert.deepEqual([silent, looks], [[], []]);
  });

  it("says nothing more once it is closed", async () => {
    const { wait, pass, looks, answer, silent, watch } = openWatch();
    wait(0);
    pass(300);
    watch.close();
    await answer(unreachable);
    pass(1_000);
    assert.deepEqual([silent, looks], [[], []]);
  });
});

describe("Reads that wait on a silent node", () => {
  async function withSilentNode() {
    const scene = openWatch();
    scene.wait(0);
    scene.pass(300);
    await scene.answer(unreachable);
    return scene;
  }

  it("may move at once and at every beat, to nodes that are not suspected, with what was heard of them", async () => {
    const { orders, pass, thread, timers, silent } = await withSilentNode();
    assert.equal(silent.length, 1);
    const [first] = orders;
    assert.deepEqual(first?.stuck, [{ slot: 0, generation: 1, suspectedAtMs: 10_250 }]);
    assert.deepEqual(first?.targets.map(({ slot }) => slot).sort(), [1, 2]);
    assert.ok(first?.targets.every(({ heardAtMs }) => heardAtMs === Number.NEGATIVE_INFINITY));
    thread(1).noteHeard(1, timers.nowMs());
    const heardAtMs = timers.nowMs();
    pass(200);
    assert.equal(orders.length, 5);
    assert.equal(orders.at(-1)?.targets.find(({ slot }) => slot === 1)?.heardAtMs, heardAtMs);
    // Its attempts are over.
    thread(0).showWaiting(0, undefined, undefined);
    pass(200);
    assert.equal(orders.length, 5);
  });

  it("are not sent to a node that is suspected itself", async () => {
    const { orders, pass, wait, looks } = await withSilentNode();
    wait(1);
    pass(300);
    assert.equal(looks.length, 1);
    assert.deepEqual(
      orders.at(-1)?.targets.map(({ slot }) => slot),
      [2],
    );
  });

  it("have a node asked for a sign of life, once at a time, and go on when it gives one", async () => {
    const { orders, watch, looks, answer, timers } = await withSilentNode();
    const before = orders.length;
    for (let times = 0; times < 3; times++) watch.signWanted(2);
    assert.deepEqual(
      looks.map(({ slot }) => slot),
      [2],
    );
    await answer(reached);
    assert.equal(orders.length, before + 1);
    assert.equal(orders.at(-1)?.targets.find(({ slot }) => slot === 2)?.heardAtMs, timers.nowMs());
    watch.signWanted(2);
    await answer(unreachable);
    assert.equal(orders.length, before + 1);
  });

  it("stay where they are when no node is left to choose", async () => {
    const { orders, pass, writer } = await withSilentNode();
    const before = orders.length;
    for (const slot of [1, 2]) writer.setState(slot, { ...well, ejected: true }, undefined);
    pass(500);
    assert.equal(orders.length, before);
  });

  it("move off a node that the view marks DOWN, too", () => {
    const { orders, pass, writer, wait, timers } = openWatch();
    wait(1);
    pass(100);
    writer.setState(1, { ...well, mark: "down" }, undefined);
    pass(beatMs);
    assert.deepEqual(orders[0]?.stuck, [{ slot: 1, generation: 1, suspectedAtMs: timers.nowMs() }]);
    assert.deepEqual(orders[0]?.targets.map(({ slot }) => slot).sort(), [0, 2]);
  });

  it("stay once the node is back", async () => {
    const { orders, pass, writer } = await withSilentNode();
    pass(100);
    writer.setState(0, well, undefined);
    const before = orders.length;
    pass(200);
    assert.equal(orders.length, before);
  });
});

describe("whether a node answers this process", () => {
  it("is what was last seen of it: a byte in the last 2 s, no failure since, no suspicion", () => {
    const { watch, thread, timers, pass, wait } = openWatch();
    assert.equal(watch.isAnswering(0, 1), false);
    thread(1).noteHeard(0, timers.nowMs());
    assert.equal(watch.isAnswering(0, 1), true);
    assert.equal(watch.isAnswering(0, 2), false, "another node");
    pass(1_900);
    assert.equal(watch.isAnswering(0, 1), true);
    pass(200);
    assert.equal(watch.isAnswering(0, 1), false);
    thread(1).noteHeard(0, timers.nowMs());
    pass(50);
    watch.failed(0, 2);
    assert.equal(watch.isAnswering(0, 1), true);
    watch.failed(0, 1);
    assert.equal(watch.isAnswering(0, 1), false);
    pass(50);
    thread(1).noteHeard(0, timers.nowMs());
    assert.equal(watch.isAnswering(0, 1), true);
    wait(0);
    pass(300);
    assert.equal(watch.isAnswering(0, 1), false, "it is probed for its silence");
  });
});

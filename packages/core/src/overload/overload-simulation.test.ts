import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Scenario, services, simulate } from "./overload-simulation.test.support.js";

/** Three nodes that together do 600 searches a second, half busy for four seconds before the load comes. */
const fleet = { serviceMs: services.exponential(20), meanServiceMs: 20, lastMs: 24_000, fromMs: 7_000 };
const overload = (load: number): Pick<Scenario, "load"> => ({ load: (nowMs) => (nowMs < 4_000 ? 0.5 : load) });

describe("the rule of the queue, simulated", () => {
  for (const load of [1.5, 3]) {
    for (const senders of [1, 8]) {
      for (const nodeQueue of [100, 1_000]) {
        const what = `${load} times what the nodes can do, from ${senders} senders, ${nodeQueue} places at a node`;
        it(`${what}: nothing is lost, and good calls are quick from the third second`, () => {
          const figures = simulate({ ...fleet, ...overload(load), senders, nodeQueue });
          const text = JSON.stringify(figures);
          assert.ok(figures.goodput >= 0.95, text);
          assert.ok(figures.p50Ms <= 300 && figures.p99Ms <= 640, text);
          assert.equal(figures.slowestRefusalMs, 0, text);
          assert.equal(figures.timedOut, 0, text);
        });
      }
    }
  }

  it("the same without the rule: most good calls wait nearly their whole timeout", () => {
    assert.ok(simulate({ ...fleet, ...overload(3), adaptive: false }).p50Ms > 1_500);
  });

  it("no call is refused at 0.95 of what the nodes can do", () => {
    for (const senders of [1, 8]) {
      const { refusedShare, goodput } = simulate({ ...fleet, load: () => 0.95, senders });
      assert.deepEqual([refusedShare, goodput > 0.9], [0, true]);
    }
  });

  it("of a burst of one second at a load of 0.6, at most 5 % of the calls is refused or times out", () => {
    // It leaves as much as can be answered in the timeout of its last call: chance decides about some.
    for (const senders of [1, 8]) {
      const lost = lostInBurst({ senders });
      assert.ok(lost <= 0.05, String(lost));
    }
  });

  it("one second after an overload calls are as quick as before", () => {
    const load = (nowMs: number) => (nowMs >= 2_000 && nowMs < 8_000 ? 3 : 0.6);
    const after = simulate({ ...fleet, load, senders: 8, fromMs: 9_000, lastMs: 14_000 });
    assert.equal(after.refusedShare, 0);
    assert.ok(after.p99Ms < 250, JSON.stringify(after));
  });

  const crowded = { callers: 256, senders: 8, workers: 2, seed: 3, lastMs: 14_000 };
  const closed = [
    ["64 callers of 20 ms", { callers: 64 }],
    ["256 callers of 20 ms", { callers: 256 }],
    ["256 callers of 20 ms, at 8 senders", { callers: 256, senders: 8 }],
    ["256 callers of 20 ms at half as many workers", { callers: 256, workers: 2 }],
    ["256 callers of 20 ms at half as many workers, at 8 senders", { ...crowded }],
    [
      "64 callers of 2 s, at 8 senders",
      { ...slow(2_000), callers: 64, senders: 8, timeoutMs: 30_000, lastMs: 120_000 },
    ],
    ["64 callers of 2 s", { ...slow(2_000), callers: 64, timeoutMs: 30_000, lastMs: 120_000 }],
    ["64 callers of 8 s", { ...slow(8_000), callers: 64, timeoutMs: 60_000, lastMs: 300_000 }],
  ] as const;
  for (const [what, terms] of closed) {
    it(`callers that wait for their answers are never refused: ${what}`, () => {
      const { refusedShare, good } = simulate({ ...fleet, fromMs: 0, ...terms });
      assert.ok(good > 100);
      assert.equal(refusedShare, 0);
    });
  }

  it("a mix of calls of 5 ms and of 2 s loses none at a load of 0.8 from one sender", () => {
    const mix = { serviceMs: services.mixed(0.05, 2_000, 5), meanServiceMs: 104.75, timeoutMs: 30_000 };
    for (const seed of [1, 2, 3, 4, 5]) {
      const { refusedShare } = simulate({ ...fleet, ...mix, seed, load: () => 0.8, fromMs: 0, lastMs: 120_000 });
      assert.equal(refusedShare, 0, `seed ${seed}`);
    }
  });

  it("finds the mutant that refuses calls which wait already", () => {
    const { slowestRefusalMs } = simulate({ ...fleet, ...overload(3), refusesQueued: true });
    assert.ok(slowestRefusalMs > 0, String(slowestRefusalMs));
  });

  it("finds the mutant that gives no room for what waits: of a burst from many senders more is lost", () => {
    const lost = lostInBurst({ senders: 8, hidesWaiting: true });
    assert.ok(lost > 0.05, String(lost));
  });
});

/** Of the calls around a second of 3x at a load of 0.6, those refused or timed out; the mean of some runs. */
function lostInBurst(terms: Partial<Scenario>): number {
  const load = (nowMs: number) => (nowMs >= 3_000 && nowMs < 4_000 ? 3 : 0.6);
  const lost = [1, 2, 3, 4, 5].map((seed) => {
    const figures = simulate({ ...fleet, load, seed, workers: 2, fromMs: 0, lastMs: 9_000, ...terms });
    return figures.refusedShare + figures.timedOut / figures.begun;
  });
  return lost.reduce((sum, one) => sum + one) / lost.length;
}

function slow(ms: number) {
  return { serviceMs: services.steady(ms), meanServiceMs: ms };
}

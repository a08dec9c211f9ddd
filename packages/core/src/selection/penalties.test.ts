import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Penalties, penalisedAbove } from "./penalties.js";

const nodes = [0, 1, 2];

/** Penalties of three nodes that have each given some answers after 10 ms. */
function wellKnown() {
  const penalties = new Penalties(nodes.length);
  let nowMs = 1_000;
  const answered = (slot: number, tookMs: number) => penalties.answered(slot, tookMs, nowMs);
  const leftWaiting = (slot: number, waitedMs: number) => penalties.leftWaiting(slot, waitedMs, nowMs);
  const pass = (ms: number) => {
    nowMs += ms;
    penalties.advance(nodes, nowMs);
  };
  const answer = (tookMs: number, times = 40, of: readonly number[] = nodes) => {
    for (let time = 0; time < times; time++) {
      pass(10);
      for (const slot of of) answered(slot, tookMs);
    }
    pass(50);
  };
  answer(10);
  return { penalties, pass, answer, answered, leftWaiting };
}

const penalised = (penalties: Penalties) => nodes.filter((slot) => penalties.penaltyOf(slot) > penalisedAbove);

describe("penalties", () => {
  it("are 1 for nodes that nothing is known of", () => {
    const penalties = new Penalties(3);
    penalties.advance(nodes, 5);
    assert.deepEqual(
      [0, 1, 2, 99].map((slot) => penalties.penaltyOf(slot)),
      [1, 1, 1, 1],
    );
  });

  it("grow with the cube of how much slower a node is, from twice on", () => {
    const { penalties, answer } = wellKnown();
    answer(20, 300, [0]);
    assert.equal(penalties.penaltyOf(0), 1);
    // What fades with every sample keeps the mean a little below what comes in.
    answer(40, 1_500, [0]);
    const four = penalties.penaltyOf(0);
    assert.ok(four > 4 && four <= 8, `${four}`);
    answer(80, 1_500, [0]);
    const eight = penalties.penaltyOf(0);
    assert.ok(eight > 40 && eight <= 64, `${eight}`);
    assert.deepEqual(penalised(penalties), [0]);
  });

  it("are for failing more often than the best node, but for 5 %", () => {
    const { penalties, pass, answered } = wellKnown();
    for (let time = 0; time < 400; time++) {
      pass(10);
      answered(1, 10);
      answered(2, 10);
      if (time % 25 === 0) penalties.refused(0);
      else answered(0, 10);
    }
    assert.deepEqual(penalised(penalties), []);
    for (let time = 0; time < 400; time++) {
      pass(10);
      answered(1, 10);
      answered(2, 10);
      if (time % 5 === 0) penalties.refused(0);
      else answered(0, 10);
    }
    assert.deepEqual(penalised(penalties), [0]);
  });

  it("do not hold a quick refusal for a quick answer", () => {
    const { penalties, pass } = wellKnown();
    for (let time = 0; time < 100; time++) {
      pass(10);
      for (const slot of nodes) penalties.refused(slot);
    }
    assert.deepEqual(penalised(penalties), []);
  });

  it("take the time for which a request waited in vain for a latency", () => {
    const { penalties, pass, leftWaiting } = wellKnown();
    for (let time = 0; time < 20; time++) {
      pass(100);
      leftWaiting(0, 750);
    }
    pass(50);
    assert.deepEqual(penalised(penalties), [0]);
  });

  it("are not for one very long request", () => {
    const { penalties, pass, answer, answered } = wellKnown();
    answer(10, 100);
    pass(10);
    answered(0, 30_000);
    pass(50);
    assert.deepEqual(penalised(penalties), []);
  });

  it("are for nobody when the cluster is slow or fails as a whole", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.05, max: 1_000, noNaN: true }),
        fc.nat(30),
        fc.boolean(),
        (factor, each, failing) => {
          const { penalties, pass, answer, answered } = wellKnown();
          for (let time = 0; time < each; time++) {
            pass(10);
            for (const slot of nodes) failing ? penalties.refused(slot) : answered(slot, 10 * factor);
          }
          answer(10 * factor, 1);
          assert.deepEqual(penalised(penalties), []);
        },
      ),
    );
  });

  it("fade while a node gets no requests, on a clock that moves 100 ms a request at most", () => {
    const quick = wellKnown();
    quick.answer(100, 300, [0]);
    const slow = wellKnown();
    slow.answer(100, 300, [0]);
    assert.deepEqual([penalised(quick.penalties), penalised(slow.penalties)], [[0], [0]]);
    for (let time = 0; time < 60; time++) {
      quick.answer(10, 100, [1, 2]);
      slow.pass(1_000);
    }
    assert.deepEqual(penalised(quick.penalties), []);
    assert.deepEqual(penalised(slow.penalties), [0]);
  });

  it("always fade, whatever has happened", () => {
    const event = fc.record({
      slot: fc.nat(2),
      kind: fc.nat(2),
      tookMs: fc.double({ min: 0, max: 60_000, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 200 }), (events) => {
        const { penalties, pass, answered, leftWaiting } = wellKnown();
        for (const { slot, kind, tookMs } of events) {
          pass(7);
          if (kind === 0) answered(slot, tookMs);
          else if (kind === 1) penalties.refused(slot);
          else leftWaiting(slot, tookMs);
          for (const one of nodes)
            assert.ok(penalties.penaltyOf(one) >= 1 && Number.isFinite(penalties.penaltyOf(one)));
        }
        for (let time = 0; time < 4_000; time++) pass(100);
        assert.deepEqual(penalised(penalties), []);
      }),
      { numRuns: 50 },
    );
  });

  it("return to a recovered node after some quick answers", () => {
    const { penalties, pass, answer, answered } = wellKnown();
    answer(100, 300, [0]);
    assert.deepEqual(penalised(penalties), [0]);
    for (let time = 0; time < 10; time++) {
      for (let step = 0; step < 10; step++) pass(100);
      answered(0, 10);
    }
    pass(50);
    assert.deepEqual(penalised(penalties), []);
  });

  it("are forgotten with the node", () => {
    const { penalties, pass, answer } = wellKnown();
    answer(100, 300, [0]);
    penalties.begun(0, 5_000);
    penalties.forget(0);
    assert.deepEqual([penalties.penaltyOf(0), penalties.begunAtMs(0)], [1, 0]);
    pass(50);
    assert.deepEqual(penalised(penalties), []);
  });

  it("do not compare nodes that all fail with one that has not had the time to", () => {
    const { penalties, pass } = wellKnown();
    for (let time = 0; time < 100; time++) {
      pass(10);
      for (const slot of nodes) penalties.refused(slot);
    }
    pass(50);
    penalties.forget(1);
    pass(50);
    assert.deepEqual(penalised(penalties), []);
  });
});

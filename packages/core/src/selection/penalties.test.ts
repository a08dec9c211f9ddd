import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { Penalties, penalizedAbove } from "./penalties.js";

const nodes = [0, 1, 2];

/** Penalties of three nodes that have each given some answers after 10 ms. */
function measured() {
  const penalties = new Penalties(nodes.length);
  let nowMs = 1_000;
  const answered = (slot: number, tookMs: number) => penalties.answered(slot, tookMs, nowMs);
  const leftWaiting = (slot: number, waitedMs: number) => penalties.leftWaiting(slot, waitedMs, nowMs);
  const pass = (ms: number) => {
    nowMs += ms;
    penalties.advance(nodes, nowMs);
  };
  /** Does this as often, 10 ms apart. */
  const every10Ms = (times: number, act: (time: number) => void) => {
    for (let time = 0; time < times; time++) {
      pass(10);
      act(time);
    }
  };
  const answer = (tookMs: number, times = 40, of: readonly number[] = nodes) => {
    every10Ms(times, () => {
      for (const slot of of) answered(slot, tookMs);
    });
    pass(50);
  };
  answer(10);
  const refuse = () => {
    for (const slot of nodes) penalties.refused(slot, 503);
  };
  return { penalties, pass, every10Ms, answer, answered, refuse, leftWaiting };
}

const penalized = (penalties: Penalties) => nodes.filter((slot) => penalties.penaltyOf(slot) > penalizedAbove);

it("a node without measurements has the penalty 1", () => {
  const penalties = new Penalties(3);
  penalties.advance(nodes, 5);
  assert.deepEqual(
    [0, 1, 2, 99].map((slot) => penalties.penaltyOf(slot)),
    [1, 1, 1, 1],
  );
});

it("the answers of a node that has returned count in line while they are about as quick as those of the others", () => {
  const { penalties, answer, pass } = measured();
  penalties.forget(0);
  assert.equal(penalties.answersInLine(0), 0);
  answer(12, 4, [0]);
  assert.equal(penalties.answersInLine(0), 4);
  answer(30, 100, [0]);
  assert.equal(penalties.answersInLine(0), 0, "three times slower");
  assert.ok(penalties.answersInLine(1) > 0);
  for (let time = 0; time < 20; time++) {
    penalties.refused(1, 503);
    pass(50);
  }
  assert.equal(penalties.answersInLine(1), 0, "it refuses");
});

it("answers out of line take away what those in line have shown, one each, and a refusal all of it", () => {
  const { penalties, answer } = measured();
  penalties.forget(0);
  answer(10, 40, [0]);
  assert.equal(penalties.answersInLine(0), 40);
  const leftAfter = (slowAnswers: number) => {
    answer(60, slowAnswers, [0]);
    assert.equal(penalties.answersInLine(0), 0, "out of line");
    for (let answers = 0; penalties.answersInLine(0) === 0 && answers < 1_000; answers++) answer(10, 1, [0]);
    return penalties.answersInLine(0);
  };
  const left = leftAfter(10);
  assert.ok(left > 1 && left < 40, `${left}`);
  assert.equal(leftAfter(100), 1);
  penalties.refused(0, 503);
  answer(10, 1, [0]);
  assert.ok(penalties.answersInLine(0) <= 1);
});

it("a node that has returned is compared with the only other one", () => {
  const penalties = new Penalties(2);
  for (let time = 0; time < 10; time++) penalties.answered(1, 10, 1_000);
  penalties.advance([0, 1], 1_000);
  penalties.answered(0, 12, 1_000);
  assert.equal(penalties.answersInLine(0), 1);
  penalties.answered(0, 40, 1_000);
  penalties.advance([0, 1], 1_100);
  assert.equal(penalties.answersInLine(0), 0);
});

it("a node's penalty grows with the cube of how much slower it is, from twice on", () => {
  const { penalties, answer } = measured();
  answer(20, 300, [0]);
  assert.equal(penalties.penaltyOf(0), 1);
  // What fades with every sample keeps the mean a little below what comes in.
  answer(40, 1_500, [0]);
  const four = penalties.penaltyOf(0);
  assert.ok(four > 4 && four <= 8, `${four}`);
  answer(80, 1_500, [0]);
  const eight = penalties.penaltyOf(0);
  assert.ok(eight > 40 && eight <= 64, `${eight}`);
  assert.deepEqual(penalized(penalties), [0]);
});

it("a node is penalized for failing more often than the best node, beyond 5 %", () => {
  const { penalties, every10Ms, answered } = measured();
  const refuseOneIn = (every: number) =>
    every10Ms(400, (time) => {
      answered(1, 10);
      answered(2, 10);
      if (time % every === 0) penalties.refused(0, 503);
      else answered(0, 10);
    });
  refuseOneIn(25);
  assert.deepEqual(penalized(penalties), []);
  refuseOneIn(5);
  assert.deepEqual(penalized(penalties), [0]);
});

it("a quick refusal does not count as a quick answer", () => {
  const { penalties, every10Ms, refuse } = measured();
  every10Ms(100, refuse);
  assert.deepEqual(penalized(penalties), []);
});

it("the time for which a request waited in vain counts as a latency", () => {
  const { penalties, pass, leftWaiting } = measured();
  for (let time = 0; time < 20; time++) {
    pass(100);
    leftWaiting(0, 750);
  }
  pass(50);
  assert.deepEqual(penalized(penalties), [0]);
});

it("one very long request causes no penalty", () => {
  const { penalties, pass, answer, answered } = measured();
  answer(10, 100);
  pass(10);
  answered(0, 30_000);
  pass(50);
  assert.deepEqual(penalized(penalties), []);
});

it("no node is penalized if the cluster is slow or fails as a whole", () => {
  const anyFactor = fc.double({ min: 0.05, max: 1_000, noNaN: true });
  fc.assert(
    fc.property(anyFactor, fc.nat(30), fc.boolean(), (factor, times, failing) => {
      const { penalties, every10Ms, answer, answered } = measured();
      every10Ms(times, () => {
        for (const slot of nodes) failing ? penalties.refused(slot, 503) : answered(slot, 10 * factor);
      });
      answer(10 * factor, 1);
      assert.deepEqual(penalized(penalties), []);
    }),
  );
});

it("a penalty fades while a node gets no requests, on a clock that moves 100 ms a request at most", () => {
  const quick = measured();
  quick.answer(100, 300, [0]);
  const slow = measured();
  slow.answer(100, 300, [0]);
  assert.deepEqual([penalized(quick.penalties), penalized(slow.penalties)], [[0], [0]]);
  for (let time = 0; time < 60; time++) {
    quick.answer(10, 100, [1, 2]);
    slow.pass(1_000);
  }
  assert.deepEqual(penalized(quick.penalties), []);
  assert.deepEqual(penalized(slow.penalties), [0]);
});

it("every penalty is finite and fades, after any sequence of attempts", () => {
  const tookMs = fc.double({ min: 0, max: 60_000, noNaN: true });
  const event = fc.record({ slot: fc.nat(2), kind: fc.nat(2), tookMs });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 200 }), (events) => {
      const { penalties, pass, answered, leftWaiting } = measured();
      for (const { slot, kind, tookMs } of events) {
        pass(7);
        if (kind === 0) answered(slot, tookMs);
        else if (kind === 1) penalties.refused(slot, 503);
        else leftWaiting(slot, tookMs);
        for (const one of nodes) assert.ok(penalties.penaltyOf(one) >= 1 && Number.isFinite(penalties.penaltyOf(one)));
      }
      for (let time = 0; time < 4_000; time++) pass(100);
      assert.deepEqual(penalized(penalties), []);
    }),
    { numRuns: 50 },
  );
});

it("some quick answers clear the penalty of a recovered node", () => {
  const { penalties, pass, answer, answered } = measured();
  answer(100, 300, [0]);
  assert.deepEqual(penalized(penalties), [0]);
  for (let time = 0; time < 10; time++) {
    for (let step = 0; step < 10; step++) pass(100);
    answered(0, 10);
  }
  pass(50);
  assert.deepEqual(penalized(penalties), []);
});

it("five minutes without a request end every penalty, and four do not", () => {
  const { penalties, pass, answer } = measured();
  answer(100, 300, [0]);
  pass(240_000);
  assert.deepEqual(penalized(penalties), [0]);
  pass(301_000);
  assert.deepEqual([penalized(penalties), penalties.figuresOf(0)], [[], undefined]);
  answer(100, 300, [0]);
  assert.deepEqual(penalized(penalties), [], "what was measured of the others has ended too");
  answer(10, 40, [1, 2]);
  assert.deepEqual(penalized(penalties), [0]);
});

it("a penalty ends with its node", () => {
  const { penalties, pass, answer } = measured();
  answer(100, 300, [0]);
  penalties.begun(0, 5_000);
  penalties.forget(0);
  assert.deepEqual([penalties.penaltyOf(0), penalties.begunAtMs(0)], [1, 0]);
  pass(50);
  assert.deepEqual(penalized(penalties), []);
});

it("nodes that all fail are not penalized beside one that is too new to have failed", () => {
  const { penalties, pass, every10Ms, refuse } = measured();
  every10Ms(100, refuse);
  pass(50);
  penalties.forget(1);
  pass(50);
  assert.deepEqual(penalized(penalties), []);
});

it("the figures of a penalty name what caused it, and nothing else", () => {
  const { penalties, every10Ms, answer, answered, pass } = measured();
  assert.equal(penalties.figuresOf(0), undefined);
  answer(80, 1_500, [0]);
  const slow = penalties.figuresOf(0) ?? assert.fail("no penalty");
  assert.deepEqual(Object.keys(slow), ["factor", "timesSlower"]);
  assert.ok((slow.timesSlower ?? 0) > 6 && (slow.timesSlower ?? 0) <= 8, `${slow.timesSlower}`);
  every10Ms(400, (time) => {
    for (const slot of [0, 2]) answered(slot, 10);
    if (time % 4 === 0) penalties.refused(1, 429);
    else answered(1, 10);
  });
  pass(50);
  const { refused = 0, refusedStatus } = penalties.figuresOf(1) ?? assert.fail("no penalty");
  assert.ok(refused > 0.1 && refused < 0.4, `${refused}`);
  assert.equal(refusedStatus, 429);
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { nextDebt, noDebt } from "./debt.js";
import { expectedWaitMs, nextFlow, noFlow } from "./flow.js";
import { afterAnswer, afterRefusal, afterWindow, inFlightMaxOf, noLimit, roomOf } from "./in-flight-limit.js";
import { LatencySample } from "./latency-sample.js";
import { isGrowing, isOver, nextRecentCalls, noRecentCalls } from "./recent-calls.js";

describe("the averages of what is served", () => {
  /** So many calls are served in each of so many hundredths of a second. */
  function flowOf(hundredths: number, served: number, timedMs = 20) {
    let flow = noFlow(0);
    for (let at = 1; at <= hundredths; at++) {
      flow = nextFlow(flow, { served, timed: served, timedMs: served * timedMs }, at * 10);
    }
    return flow;
  }

  it("a call waits as long as the calls before it take at the rate of answers", () => {
    assert.equal(Math.round(expectedWaitMs(flowOf(200, 5), 49, 0)), 100);
  });

  it("after a pause, what is in flight says how quickly calls go on", () => {
    const idle = nextFlow(flowOf(200, 5), { served: 0, timed: 0, timedMs: 0 }, 60_000);
    assert.equal(Math.round(expectedWaitMs(idle, 49, 10)), 100);
  });

  it("before the first answer no wait is expected: nothing is known", () => {
    assert.equal(expectedWaitMs(noFlow(0), 1_000, 50), 0);
  });
});

describe("the calls of the last second", () => {
  type Step = readonly [offered: number, served: number];

  /** What came and was served in each tenth of a second, one after the other. */
  function recentOf(steps: readonly Step[]) {
    let recent = noRecentCalls(1_000, 0);
    for (const [at, [offered, served]] of steps.entries()) recent = nextRecentCalls(recent, offered, served, at * 100);
    return recent;
  }
  const tenths = (many: number, step: Step) => Array.from({ length: many }, () => step);

  it("more come than are served only where that is beyond chance", () => {
    const overOf = (step: Step) => [isOver(recentOf(tenths(15, step))), isGrowing(recentOf(tenths(15, step)))];
    assert.deepEqual(overOf([30, 30]), [false, false]);
    assert.deepEqual(overOf([32, 30]), [true, false]);
    assert.deepEqual(overOf([36, 30]), [true, true]);
    assert.deepEqual(overOf([0.3, 0]), [false, false], "three calls more are chance");
  });

  it("callers that come at once and wait for their answers are no growth once a second is over", () => {
    const first = recentOf([[256, 0], ...tenths(8, [30, 30])]);
    const later = recentOf([[256, 0], ...tenths(10, [30, 30])]);
    assert.deepEqual([isGrowing(first), isGrowing(later), isOver(later)], [false, false, false]);
  });

  it("nothing grows any more three tenths of a second after a burst", () => {
    const burst = [...tenths(10, [18, 18]), ...tenths(10, [90, 30])];
    assert.equal(isGrowing(recentOf(burst)), true);
    assert.equal(isGrowing(recentOf([...burst, ...tenths(3, [18, 30])])), false);
  });

  it("after a pause of any length nothing is left of what came before it", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1_000, max: 1_000_000 }), (pauseMs) => {
        const recent = nextRecentCalls(recentOf(tenths(15, [50, 10])), 0, 0, 1_500 + pauseMs);
        assert.equal(isOver(nextRecentCalls(recent, 4, 4, 1_500 + pauseMs)), false);
      }),
    );
  });
});

describe("the debt of a queue", () => {
  it("it grows while calls wait, falls a quarter as fast while none does, and stays within its bounds", () => {
    const events = fc.array(fc.record({ isWaiting: fc.boolean(), sinceMs: fc.nat(5_000) }), { maxLength: 50 });
    fc.assert(
      fc.property(events, fc.integer({ min: 1, max: 60_000 }), (steps, timeoutMs) => {
        let debt = noDebt(0);
        let nowMs = 0;
        for (const { isWaiting, sinceMs } of steps) {
          nowMs += sinceMs;
          const before = debt;
          debt = nextDebt(before, isWaiting, nowMs, timeoutMs);
          assert.ok(debt.ms >= 0 && debt.ms <= Math.max(1_250, timeoutMs * 0.625));
          assert.ok(before.isWaiting ? debt.ms >= before.ms : debt.ms <= before.ms);
          assert.ok(Math.abs(debt.ms - before.ms) <= Math.min(1_000, sinceMs));
        }
      }),
    );
  });

  it("a second with waiting calls is paid by four without", () => {
    let debt = nextDebt(noDebt(0), true, 0, 10_000);
    debt = nextDebt(debt, false, 1_000, 10_000);
    assert.equal(debt.ms, 1_000);
    for (let at = 2; at <= 4; at++) debt = nextDebt(debt, false, at * 1_000, 10_000);
    assert.equal(debt.ms, 250);
  });

  it("a time in which this process did not run counts as one second", () => {
    assert.equal(nextDebt(nextDebt(noDebt(0), true, 0, 60_000), true, 50_000, 60_000).ms, 1_000);
  });
});

describe("the limit of attempts in flight", () => {
  it("whatever comes, it is a whole number from its least to its maximum", () => {
    const window = fc.record({
      medianMs: fc.double({ min: 0, max: 100_000, noNaN: true }),
      mostUsed: fc.nat(10_000),
      lengthMs: fc.integer({ min: 250, max: 100_000 }),
    });
    const answer = fc.record({ tookMs: fc.nat(1_000), inFlight: fc.nat(10_000) });
    const terms = fc.record({
      perNode: fc.integer({ min: 1, max: 4_096 }),
      nodes: fc.nat(1_000),
      timeoutMs: fc.integer({ min: 1, max: 86_400_000 }),
    });
    const events = fc.array(fc.oneof(window, answer, fc.constant("refused" as const)), { maxLength: 60 });
    fc.assert(
      fc.property(terms, events, (given, steps) => {
        let state = noLimit;
        for (const [at, step] of steps.entries()) {
          const nowMs = at * 300;
          if (step === "refused") state = afterRefusal(state, given, nowMs);
          else if ("tookMs" in step) state = afterAnswer(state, step, given, nowMs);
          else state = afterWindow(state, step, given, nowMs);
          const limit = inFlightMaxOf(state, given);
          const maximum = given.perNode * Math.max(1, given.nodes);
          assert.ok(Number.isInteger(limit) && limit >= 1 && limit <= maximum, String(limit));
          assert.ok(limit >= Math.min(2, maximum) && limit >= Math.min(given.nodes, maximum));
          const room = roomOf(state, given, at * 50, nowMs);
          assert.ok(Number.isInteger(room) && room >= limit && room <= maximum, String(room));
        }
      }),
    );
  });
});

describe("the sample of a window's latencies", () => {
  it("its median is that of all, however many there are, and it keeps at most 128", () => {
    const sample = new LatencySample();
    for (let at = 0; at < 10_000; at++) sample.add(at % 2 === 0 ? at : 10_000 - at);
    assert.equal(sample.size, 10_000);
    assert.ok(Math.abs(sample.takeMedianMs() - 5_000) < 500);
    assert.deepEqual([sample.size, sample.takeMedianMs()], [0, 0]);
  });
});

import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { AnswerTimes } from "./answer-times.js";
import { HedgeBudget } from "./hedge-budget.js";
import { HedgingRig } from "./hedging-rig.test.support.js";

/** What can happen to one of four Reads, or to all. */
const happening = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      what: fc.constantFrom("begin", "answer", "answerHedge", "fail", "failHedge", "leave"),
      of: fc.nat(3),
    }),
  },
  fc.record({ what: fc.constantFrom("wait", "block"), of: fc.integer({ min: 1, max: 400 }) }),
);

it("whatever happens, each hedge ends once: it wins, loses or is given up; and at most one is under way beside an attempt", () => {
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 120 }), (happenings) => {
      const rig = new HedgingRig();
      rig.usual(20);
      const open = new Set<number>();
      for (const { what, of } of happenings) play(rig, open, what, of);
      for (const name of open) rig.leave(`${name}`);
      const { sent = 0, won = 0, lost = 0, givenUp = 0 } = rig.counts;
      // One whose first attempt had failed and that failed itself, or was cancelled then, has neither won nor lost.
      assert.equal(won + lost + givenUp + rig.alone, sent);
      assert.ok(rig.hedging.isIdle, "something waits although every request has ended");
      assert.ok(rig.sentBesideOne <= 1);
    }),
    { numRuns: 300 },
  );
});

it("a last hedge that fails is a lost one, which costs nothing", () => {
  const rig = new HedgingRig();
  rig.usual(20);
  rig.begin("a", "n0");
  rig.wait(1_000);
  const { sent, givenUp, lost = 0, lostMs = 0 } = rig.counts;
  assert.deepEqual([sent, givenUp, lost], [2, 1, 0]);
  rig.wait(100);
  rig.fail("a", "hedge");
  assert.deepEqual([rig.counts.lost, rig.counts.lostMs], [1, lostMs]);
});

it("a hedge that loses in the moment in which it was sent costs what was reserved for it", () => {
  const rig = new HedgingRig();
  rig.usual(20);
  rig.begin("a", "n0");
  while (rig.counts.sent === undefined) rig.wait(1);
  const { delayMs } = rig.readOf("a");
  const beforeMs = coveredMs(rig);
  rig.answer("a", "first");
  assert.deepEqual([rig.counts.lost, rig.counts.lostMs], [1, 0]);
  // The answer itself earns a fiftieth of what it took.
  assert.ok(coveredMs(rig) <= beforeMs - delayMs + 0.1 * delayMs, `${beforeMs} -> ${coveredMs(rig)}, delay ${delayMs}`);
});

/** What the balance covers, in whole milliseconds; it may be less than nothing. */
function coveredMs({ budget, nowMs }: HedgingRig): number {
  let ms = 10_000;
  while (!budget.covers(ms, nowMs)) ms--;
  return ms;
}

function play(rig: HedgingRig, open: Set<number>, what: string, of: number): void {
  if (what === "wait") return rig.wait(of);
  if (what === "block") return rig.block(of);
  const name = `${of}`;
  if (what === "begin") {
    if (!open.has(of)) rig.begin(name, `n${of % 3}`);
    open.add(of);
    return;
  }
  if (!open.has(of)) return;
  const read = rig.readOf(name);
  const which = what.endsWith("Hedge") ? "hedge" : "first";
  if ((which === "hedge" && read.hedge === undefined) || (which === "first" && rig.hasFailed(name))) return;
  if (what === "leave") rig.leave(name);
  else if (what.startsWith("answer")) rig.answer(name, which);
  else if (rig.fail(name, which)) return;
  open.delete(of);
}

it("whatever lost hedges cost, no more is spent than the balance and the count allow", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 2_000 }), { maxLength: 200 }), (answers) => {
      const budget = new HedgeBudget(0, 0.02);
      let spentMs = 0;
      let earnedMs = 0;
      let sent = 0;
      for (const [at, tookMs] of answers.entries()) {
        const nowMs = (at + 1) * 20;
        budget.countRead(nowMs);
        budget.answered(tookMs, nowMs);
        earnedMs += 0.02 * tookMs + 0.02;
        while (budget.covers(0, nowMs) && budget.takeToken()) {
          // Each costs ten milliseconds, all of them lost.
          budget.lost(10);
          spentMs += 10;
          sent++;
        }
      }
      assert.ok(spentMs <= 50 + earnedMs + 10, `${spentMs} of ${earnedMs}`);
      assert.ok(sent <= 10 + 0.05 * answers.length, `${sent} of ${answers.length}`);
    }),
  );
});

/** The delay after a thousand answers, of which this part took so much longer than the others. */
function delayAfter(usualMs: number, longerPart: number, longerMs: number): number {
  const times = new AnswerTimes();
  const every = 1 / longerPart;
  for (let answer = 0; answer < 1_000; answer++) times.add(answer % every < 1 ? longerMs : usualMs, answer);
  return times.delayMs() ?? 0;
}

it("a hedge waits 1.5 times what all but one answer in a hundred need", () => {
  const delayMs = delayAfter(20, 0.08, 32);
  assert.ok(delayMs > 46 && delayMs < 56, `${delayMs}`);
});

it("a hedge waits at most three times what nine of ten answers need, however long the slowest take", () => {
  const delayMs = delayAfter(20, 0.05, 500);
  assert.ok(delayMs >= 60 && delayMs < 70, `${delayMs}`);
});

it("a hedge waits at least twice what nine of ten answers need, also where all take about as long", () => {
  const delayMs = delayAfter(20, 0.5, 22);
  assert.ok(delayMs >= 40 && delayMs < 47, `${delayMs}`);
});

it("a hedge waits at least 20 ms", () => {
  const times = new AnswerTimes();
  for (let answer = 0; answer < 30; answer++) times.add(1, 0);
  assert.equal(times.delayMs(), 20);
});

it("a slow start is forgotten after two windows of 5 s and 256 answers", () => {
  const times = new AnswerTimes();
  let nowMs = 0;
  const answers = (count: number, tookMs: number) => {
    for (let answer = 0; answer < count; answer++) {
      nowMs += 10;
      times.add(tookMs, nowMs);
    }
  };
  answers(200, 900);
  answers(300, 30);
  assert.ok((times.delayMs() ?? 0) > 1_500);
  answers(1_200, 30);
  assert.ok((times.delayMs() ?? 0) < 120, `${times.delayMs()}`);
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { NodePenalty } from "@rollcall/core/selection";
import fc from "fast-check";
import {
  CounterWord,
  counterRow,
  createTable,
  msSinceTick,
  packState,
  stampOf,
  tickOf,
  unpackState,
} from "./layout.js";
import { TablePenalties } from "./penalties.js";
import { packCause, packFactor } from "./penalty-words.js";
import { TableReader } from "./reader.js";
import { TableTotals } from "./totals.js";
import { TableWriter } from "./writer.js";

const layout = { slots: 8, threads: 2 };

function openTable() {
  let nowMs = 1_000;
  const words = createTable(layout);
  const reader = (thread: number) => new TableReader({ words, layout, thread, inFlightMax: 2, nowMs: () => nowMs });
  return {
    writer: new TableWriter(words),
    totals: new TableTotals(words, layout),
    readers: [reader(0), reader(1)] as const,
    at: (ms: number) => {
      nowMs = ms;
    },
  };
}

const well = { tier: "node", mark: "none", ejected: false } as const;

describe("node table", () => {
  it("every thread sees a change at its next refresh", () => {
    const { writer, readers } = openTable();
    for (const reader of readers) assert.deepEqual(reader.refresh().eligible, []);
    writer.assign(3, 1);
    writer.setState(3, well, undefined);
    for (const reader of readers) assert.deepEqual(reader.refresh().eligible, [3]);
    writer.setState(3, undefined, undefined);
    for (const reader of readers) assert.deepEqual(reader.refresh().eligible, []);
  });

  it("the penalties of a node end when it returns to rotation, or its slot gets another node", () => {
    const { writer, readers } = openTable();
    const [reader] = readers;
    let nowMs = 1_000;
    const failing = (slot: number) => {
      for (let times = 0; times < 20; times++) {
        nowMs += 100;
        reader.penalties.advance([0, 1], nowMs);
        reader.penalties.refused(slot, 503);
      }
      assert.ok(reader.penaltyOf(slot) > 2);
    };
    for (const slot of [0, 1]) {
      writer.assign(slot, 1);
      writer.setState(slot, well, undefined);
    }
    assert.deepEqual(reader.refresh().eligible, [0, 1]);
    failing(0);
    for (const away of [
      { ...well, ejected: true },
      { ...well, mark: "down" },
    ] as const) {
      writer.setState(0, away, undefined);
      assert.deepEqual(reader.refresh().eligible, [1]);
      assert.ok(reader.penaltyOf(0) > 2);
      writer.setState(0, { ...well, mark: "slow-start" }, undefined);
      assert.deepEqual(reader.refresh().eligible, [0, 1]);
      assert.equal(reader.penaltyOf(0), 1);
      failing(0);
    }
    writer.setState(0, well, undefined);
    assert.deepEqual(reader.refresh().eligible, [0, 1]);
    assert.ok(reader.penaltyOf(0) > 2, "the end of a slow start is no return");
    reader.forget(0);
    assert.equal(reader.penaltyOf(0), 1);
  });

  it("a slot state is read as it was written", () => {
    for (const tier of ["preferred", "node", "seed"] as const) {
      for (const mark of ["none", "unverified", "slow-start", "draining", "down"] as const) {
        for (const ejected of [true, false]) {
          assert.deepEqual(unpackState(packState({ tier, mark, ejected })), { tier, mark, ejected });
        }
      }
    }
    assert.equal(unpackState(packState(undefined)), undefined);
    assert.equal(packState(undefined), 0);
  });

  it("each thread's counts are separate, and the main thread sums them", () => {
    const { totals, readers } = openTable();
    const [first, second] = readers;
    first.enter(3);
    first.enter(3);
    second.enter(3);
    first.countAnswer(3, false);
    assert.deepEqual([first.inFlightOf(3), second.inFlightOf(3), totals.ofNode(3).inFlight], [2, 1, 3]);
    assert.deepEqual([first.hasRoom(3), second.hasRoom(3)], [false, true]);
    first.leave(3);
    assert.deepEqual([first.hasRoom(3), totals.ofNode(3).inFlight, totals.ofNode(3).answers], [true, 2, 1]);
    assert.equal(totals.ofNode(2).inFlight, 0);
    assert.equal(totals.ofNode(4).inFlight, 0);
  });

  it("a node's weight grows with time during slow start", () => {
    const { writer, readers, at } = openTable();
    const [reader] = readers;
    writer.assign(0, 1);
    writer.setState(0, { ...well, mark: "slow-start" }, { fromMs: 1_000, durationMs: 10_000 });
    assert.equal(reader.weightOf(0), 0.1);
    at(6_000);
    assert.equal(reader.weightOf(0), 0.5);
    at(20_000);
    assert.equal(reader.weightOf(0), 1);
    at(1_000 + 30 * 86_400_000);
    assert.equal(reader.weightOf(0), 1, "weeks later");
    writer.setState(0, well, undefined);
    assert.equal(reader.weightOf(0), 1);
  });

  it("a node in slow start that answers as quickly as the others has its full share after an eighth of the time", () => {
    const { writer, readers, at } = openTable();
    const [reader] = readers;
    for (const slot of [0, 1, 2]) writer.assign(slot, 1);
    writer.setState(0, { ...well, mark: "slow-start" }, { fromMs: 1_000, durationMs: 30_000 });
    for (const slot of [1, 2]) writer.setState(slot, well, undefined);
    reader.refresh();
    const answers = (tookMs: number, nowMs: number) => {
      at(nowMs);
      for (const slot of [1, 2, 0]) {
        for (let count = 0; count < 10; count++) reader.penalties.answered(slot, slot === 0 ? tookMs : 10, nowMs);
        reader.advancePenalties(nowMs);
      }
      reader.advancePenalties(nowMs + 50);
    };
    answers(11, 2_500);
    assert.equal(reader.weightOf(0), 0.4);
    answers(11, 4_750);
    assert.equal(reader.weightOf(0), 1);
    for (let nowMs = 4_800; nowMs < 6_200; nowMs += 100) answers(100, nowMs);
    assert.ok(reader.weightOf(0) < 0.2, "ten times slower than the others");
  });

  it("a refusal is remembered until the slot gets another node", () => {
    const { readers } = openTable();
    const [reader] = readers;
    assert.equal(reader.refusedAtMs(0), Number.NEGATIVE_INFINITY);
    reader.noteRefusal(0);
    assert.equal(reader.refusedAtMs(0), 1_000);
    reader.forget(0);
    assert.equal(reader.refusedAtMs(0), Number.NEGATIVE_INFINITY);
  });

  it("times are measured across the wrap of the tick", () => {
    fc.assert(
      fc.property(fc.nat(2 ** 40), fc.nat(1_000_000), (fromMs, laterMs) => {
        assert.equal(msSinceTick(tickOf(fromMs), fromMs + laterMs), laterMs);
      }),
    );
  });

  it("the penalty of a node in the process is the share that all its threads leave it, with the worst one's causes", () => {
    const words = createTable(layout);
    const penalties = new TablePenalties(words, layout);
    assert.equal(penalties.of(3, 1_000), undefined);
    const show = (thread: number, penalty: NodePenalty, atMs = 1_000) => {
      const row = counterRow(layout, thread, 3);
      words[row + CounterWord.comparedAt] = stampOf(atMs);
      words[row + CounterWord.penalty] = packFactor(penalty.factor);
      words[row + CounterWord.penaltyCause] = packCause(penalty);
    };
    const slow = { factor: 1_000, timesSlower: 6_553.5, refused: 1, refusedStatus: 504, late: 0.99 };
    show(0, slow);
    assert.deepEqual(penalties.of(3, 1_000), slow);
    show(1, { factor: 1 });
    assert.deepEqual(penalties.of(3, 1_000), { ...slow, factor: 2 });
    show(0, { factor: 4, refused: 0.001, refusedStatus: 429 });
    assert.deepEqual(penalties.of(3, 1_000), { factor: 1.6, refused: 0.01, refusedStatus: 429 });
    show(1, { factor: 9 }, 290_000);
    assert.equal(penalties.of(3, 300_000)?.factor, 5.54);
    assert.deepEqual(penalties.of(3, 302_000), { factor: 9 }, "one thread has sent nothing for five minutes");
    penalties.clear(3);
    assert.equal(penalties.of(3, 302_000), undefined);
  });
});

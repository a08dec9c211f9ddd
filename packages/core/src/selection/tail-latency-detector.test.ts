import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TailLatencyDetector } from "./tail-latency-detector.js";

const nodes = [0, 1, 2];
const usualMs = 10;
const lateMs = 200;

/** Three nodes that each answer four times a second; `late` says which of its answers each holds up. */
function play(
  answers: number,
  late: (slot: number, answer: number) => boolean,
  lateness = new TailLatencyDetector(nodes.length),
) {
  let nowMs = 1_000;
  for (let answer = 1; answer <= answers; answer++) {
    nowMs += 250;
    lateness.compare(nodes, usualMs);
    for (const slot of nodes) lateness.answered(slot, late(slot, answer) ? lateMs : usualMs, nowMs);
  }
  lateness.compare(nodes, usualMs);
  return lateness;
}

const believed = (lateness: TailLatencyDetector) => nodes.filter((slot) => lateness.oddsOf(slot, 1) > 1);

describe("lateness", () => {
  it("is believed of a node that holds up a tenth of its answers as the others do not", () => {
    assert.deepEqual(believed(play(50, (slot, answer) => slot === 1 && answer % 10 === 0)), [1]);
  });

  it("is not believed of a node for two late answers", () => {
    assert.deepEqual(believed(play(30, (slot, answer) => slot === 1 && answer >= 29)), []);
  });

  it("is believed of nobody if all hold up as many, however many that are", () => {
    for (const every of [100, 20, 10, 3, 1]) {
      const lateness = play(1_000, (slot, answer) => (answer + slot) % every === 0);
      assert.deepEqual(believed(lateness), [], `one in ${every}`);
    }
  });

  it("is not believed of a node whose answers take less than a tenth of a second longer", () => {
    const lateness = play(100, () => false);
    for (let answer = 1; answer <= 100; answer++) lateness.answered(1, usualMs + 99, 30_000 + 300 * answer);
    assert.deepEqual(believed(lateness), []);
  });

  it("counts one late answer of those that were waited for at the same time", () => {
    const lateness = play(100, () => false);
    for (let answer = 0; answer < 50; answer++) lateness.answered(1, lateMs, 30_000 + answer);
    assert.deepEqual(believed(lateness), []);
    for (let answer = 1; answer <= 4; answer++) lateness.answered(1, lateMs, 30_000 + 300 * answer);
    assert.deepEqual(believed(lateness), [1]);
  });

  it("is not held against a node for longer because it has gone on for longer", () => {
    const late = (slot: number) => slot === 1;
    const [short, long] = [play(20, late), play(2_000, late)];
    assert.equal(short.oddsOf(1, 1), long.oddsOf(1, 1));
    assert.deepEqual(believed(play(110, () => false, long)), []);
  });

  it("fades, and is forgotten", () => {
    const lateness = play(100, (slot) => slot === 1);
    assert.ok(lateness.oddsOf(1, 1) > 100);
    assert.ok(lateness.oddsOf(1, 0.4) < 1);
    lateness.fade(1, 0.4);
    assert.deepEqual(believed(lateness), []);
    lateness.forget(1);
    assert.equal(lateness.oddsOf(1, 1), 0);
  });

  it("is believed of nobody while nobody knows what is usual", () => {
    const lateness = new TailLatencyDetector(nodes.length);
    lateness.compare(nodes, 0);
    for (let answer = 1; answer <= 100; answer++) lateness.answered(1, 10_000, answer * 20_000);
    assert.deepEqual(believed(lateness), []);
  });
});

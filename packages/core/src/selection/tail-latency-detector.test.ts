import assert from "node:assert/strict";
import { it } from "node:test";
import { TailLatencyDetector } from "./tail-latency-detector.js";

const nodes = [0, 1, 2];
const usualMs = 10;
const lateMs = 200;

/** Three nodes that each answer four times a second; `late` selects the answers that a node delays. */
function play(
  answers: number,
  late: (slot: number, answer: number) => boolean,
  detector = new TailLatencyDetector(nodes.length),
) {
  let nowMs = 1_000;
  for (let answer = 1; answer <= answers; answer++) {
    nowMs += 250;
    detector.compare(nodes, usualMs);
    for (const slot of nodes) detector.answered(slot, late(slot, answer) ? lateMs : usualMs, nowMs);
  }
  detector.compare(nodes, usualMs);
  return detector;
}

const detected = (detector: TailLatencyDetector) => nodes.filter((slot) => detector.oddsOf(slot, 1) > 1);

it("a node that alone delays a tenth of its answers is detected", () => {
  assert.deepEqual(detected(play(50, (slot, answer) => slot === 1 && answer % 10 === 0)), [1]);
});

it("two late answers do not suffice", () => {
  assert.deepEqual(detected(play(30, (slot, answer) => slot === 1 && answer >= 29)), []);
});

it("no node is detected if all delay the same share, however large", () => {
  for (const every of [100, 20, 10, 3, 1]) {
    const detector = play(1_000, (slot, answer) => (answer + slot) % every === 0);
    assert.deepEqual(detected(detector), [], `one in ${every}`);
  }
});

it("a delay of less than a tenth of a second does not count", () => {
  const detector = play(100, () => false);
  for (let answer = 1; answer <= 100; answer++) detector.answered(1, usualMs + 99, 30_000 + 300 * answer);
  assert.deepEqual(detected(detector), []);
});

it("of answers that were waited for at the same time one counts as late", () => {
  const detector = play(100, () => false);
  for (let answer = 0; answer < 50; answer++) detector.answered(1, lateMs, 30_000 + answer);
  assert.deepEqual(detected(detector), []);
  for (let answer = 1; answer <= 4; answer++) detector.answered(1, lateMs, 30_000 + 300 * answer);
  assert.deepEqual(detected(detector), [1]);
});

it("recovery takes no longer after a longer time of delays", () => {
  const late = (slot: number) => slot === 1;
  const [short, long] = [play(20, late), play(2_000, late)];
  assert.equal(short.oddsOf(1, 1), long.oddsOf(1, 1));
  assert.deepEqual(detected(play(110, () => false, long)), []);
});

it("the evidence fades, and ends with the node", () => {
  const detector = play(100, (slot) => slot === 1);
  assert.ok(detector.oddsOf(1, 1) > 100);
  assert.ok(detector.oddsOf(1, 0.4) < 1);
  detector.fade(1, 0.4);
  assert.deepEqual(detected(detector), []);
  detector.forget(1);
  assert.equal(detector.oddsOf(1, 1), 0);
});

it("no node is detected while the usual time is unknown", () => {
  const detector = new TailLatencyDetector(nodes.length);
  detector.compare(nodes, 0);
  for (let answer = 1; answer <= 100; answer++) detector.answered(1, 10_000, answer * 20_000);
  assert.deepEqual(detected(detector), []);
});

import assert from "node:assert/strict";
import { it } from "node:test";
import { penaltyText } from "./penalty-figures.js";
import { clearStanding, nextPenaltyStanding, penalizedOf } from "./penalty-standing.js";

/** Measures a factor each 500 ms, and says from when to when the node counts as penalized, and the worst factor. */
function shownOf(...phases: readonly (readonly [forMs: number, factor: number | undefined])[]): string[] {
  const shown: string[] = [];
  let standing = clearStanding;
  let nowMs = 0;
  for (const [forMs, factor] of phases) {
    for (const endMs = nowMs + forMs; nowMs < endMs; nowMs += 500) {
      const was = penalizedOf(standing);
      standing = nextPenaltyStanding(standing, factor === undefined ? undefined : { factor }, nowMs);
      const is = penalizedOf(standing);
      if (was === undefined && is !== undefined) shown.push(`from ${nowMs}, since ${is.sinceMs}`);
      if (was !== undefined && is === undefined) shown.push(`to ${nowMs}, worst ${was.worst.factor}`);
    }
  }
  return shown;
}

it("a node counts as penalized once its penalty has lasted 10 s, and since its beginning", () => {
  assert.deepEqual(shownOf([5_000, 1], [10_000, 3], [5_000, 2]), []);
  assert.deepEqual(shownOf([5_000, 1], [10_500, 3]), ["from 15000, since 5000"]);
});

it("a penalty that comes and goes is shown as one, until it is gone for 10 s", () => {
  const comesAndGoes = [
    [11_000, 30],
    [9_000, 1.5],
    [1_000, 40],
    [9_000, 1],
    [3_000, 5],
  ] as const;
  assert.deepEqual(shownOf(...comesAndGoes), ["from 10000, since 0"]);
  assert.deepEqual(shownOf(...comesAndGoes, [11_000, 1]), ["from 10000, since 0", "to 43000, worst 40"]);
});

it("a node that goes out of use is penalized no longer at once, and begins anew when it returns", () => {
  assert.deepEqual(shownOf([11_000, 9], [500, undefined], [2_000, 9]), ["from 10000, since 0", "to 11000, worst 9"]);
});

it("the text of a penalty names each cause with its figure", () => {
  assert.equal(penaltyText({ factor: 3_375, timesSlower: 30.04 }), "slow: 30 times the others' latency");
  assert.equal(
    penaltyText({ factor: 7, timesSlower: 2.44, refused: 0.12, refusedStatus: 503, late: 0.08 }),
    "slow: 2.4 times the others' latency; failing: 12 % of its answers are 503; late: 8 % of its answers are delayed",
  );
});

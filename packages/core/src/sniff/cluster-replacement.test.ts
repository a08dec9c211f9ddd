import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nextReplacementCandidate, type ReplacementCandidate } from "./cluster-replacement.js";

/** The seconds at which somebody succeeds. */
function successions(answers: readonly (readonly [second: number, uuid: string | undefined])[]): number[] {
  let claimant: ReplacementCandidate | undefined;
  return answers.flatMap(([second, uuid]) => {
    const next = nextReplacementCandidate(claimant, uuid, second * 1_000);
    claimant = next.claimant;
    return next.succeeds ? [second] : [];
  });
}

describe("another cluster in the place of ours", () => {
  it("succeeds after a minute in which nobody else has answered", () => {
    assert.deepEqual(
      successions([
        [0, "u2"],
        [30, "u2"],
        [59.9, "u2"],
        [60, "u2"],
      ]),
      [60],
    );
  });

  it("does not while a node of ours answers", () => {
    assert.deepEqual(
      successions([
        [0, "u2"],
        [50, undefined],
        [70, "u2"],
        [100, "u2"],
        [129, "u2"],
        [130, "u2"],
      ]),
      [130],
    );
  });

  it("does not by a minute in which we were not looking", () => {
    assert.deepEqual(
      successions([
        [0, "u2"],
        [61, "u2"],
        [91, "u2"],
        [120, "u2"],
        [121, "u2"],
      ]),
      [121],
    );
  });

  it("does not while a third answers too", () => {
    const answers = Array.from({ length: 200 }, (_, second) => [second, second % 2 === 0 ? "u2" : "u3"] as const);
    assert.deepEqual(successions(answers), []);
  });
});

import assert from "node:assert/strict";
import { it } from "node:test";
import { runSeed } from "./seeds.js";

/** Seeds are begun for so long, on whatever machine; some are run in any case. */
const budgetMs = 50_000;
const seedsMin = 6;
const seedsMax = 80;
const minutes = 5;

it("holds what it must through five minutes of misfortune, for every seed that there is time for", async (test) => {
  const endMs = performance.now() + budgetMs;
  let seed = 1;
  for (; seed <= seedsMax && (seed <= seedsMin || performance.now() < endMs); seed++) {
    const { violation, story } = await runSeed({ seed, minutes });
    if (violation === undefined) continue;
    assert.fail(`${story}\nseed ${seed}: ${violation.invariant} is violated: ${violation.text}`);
  }
  test.diagnostic(`${seed - 1} seeds`);
});

it("tells the same story twice for one seed", async () => {
  const stories = [await runSeed({ seed: 7, minutes: 1 }), await runSeed({ seed: 7, minutes: 1 })].map(
    ({ story }) => story,
  );
  assert.equal(stories[0], stories[1]);
});

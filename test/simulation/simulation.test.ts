import assert from "node:assert/strict";
import { it } from "node:test";
import { runSeed } from "./seeds.js";

/** The same on every machine, so that a seed that fails here fails everywhere. `npm run simulate` runs more of them. */
const seeds = 16;
const minutes = 5;

it(`every invariant holds through five minutes of faults, for ${seeds} seeds`, async () => {
  for (let seed = 1; seed <= seeds; seed++) {
    const { violation, story } = await runSeed({ seed, minutes });
    if (violation === undefined) continue;
    assert.fail(`${story}\nseed ${seed}: ${violation.invariant} is violated: ${violation.text}`);
  }
});

it("one seed always has the same story", async () => {
  const stories = [await runSeed({ seed: 7, minutes: 1 }), await runSeed({ seed: 7, minutes: 1 })].map(
    ({ story }) => story,
  );
  assert.equal(stories[0], stories[1]);
});

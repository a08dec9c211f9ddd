import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { mutants } from "./mutants.js";
import { runSeed } from "./seeds.js";

/** A mutant that has come through so many of them is not found out. */
const seedsMax = 40;
const size = { nodes: 5, replicas: 4, requestsPerSecond: 5, coordinators: 3, candidates: 0 };

/** What was found, seed by seed, up to the invariant that is looked for. */
async function found(invariant: string, run: (seed: number) => Promise<string | undefined>): Promise<string[]> {
  const violated: string[] = [];
  for (let seed = 1; seed <= seedsMax && !violated.includes(invariant); seed++) {
    const one = await run(seed);
    if (one !== undefined) violated.push(one);
  }
  return violated;
}

describe("the simulation finds out", () => {
  for (const { what, invariant, seams } of mutants) {
    it(`${what} (${invariant})`, async () => {
      const violated = await found(invariant, async (seed) => {
        return (await runSeed({ seed, minutes: 3, seams, size })).violation?.invariant;
      });
      assert.ok(violated.includes(invariant), `found only ${violated.join(", ")}`);
    });
  }
});

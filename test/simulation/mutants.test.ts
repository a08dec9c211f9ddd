import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { deafToOthers, mutants, wiringMutantsOfScenarios } from "./mutants.js";
import { runScenario } from "./run-scenario.js";
import { scenarios } from "./scenarios.js";
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
        const settles = invariant.startsWith("L");
        return (await runSeed({ seed, minutes: 3, seams, size, settles })).violation?.invariant;
      });
      assert.ok(violated.includes(invariant), `found only ${violated.join(", ")}`);
    });
  }

  for (const { scenario: name, mutant } of wiringMutantsOfScenarios) {
    it(`${mutant.what}, by "${name}" (${mutant.invariant})`, async () => {
      const scenario = scenarios.find(({ what }) => what === name) ?? assert.fail("no such scenario");
      const { problem } = await runScenario(scenario, { seed: 1, seams: mutant.seams });
      assert.match(problem ?? "nothing was found", new RegExp(`^${mutant.invariant}: `));
    });
  }

  it("a leader that no other process can tell anything (L2)", async () => {
    const [crash] = scenarios;
    assert.ok(crash !== undefined);
    const { problem } = await runScenario(crash, { seed: 1, seams: deafToOthers });
    assert.match(problem ?? "", /^L2: /);
  });

  it("a leader that heeds no witness, where it reaches no node itself (S6)", async () => {
    const cutOff = scenarios.find(({ what }) => what === "the leader reaches no node");
    const seams = mutants.find(({ invariant }) => invariant === "S6")?.seams;
    assert.ok(cutOff !== undefined && seams !== undefined);
    const { problem } = await runScenario(cutOff, { seed: 1, seams });
    assert.match(problem ?? "", /^S6: /);
  });
});

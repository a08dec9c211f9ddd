import assert from "node:assert/strict";
import { it } from "node:test";
import { deafToOthers, mutants } from "./mutants.js";
import { runScenario } from "./run-scenario.js";
import { scenarios } from "./scenarios.js";
import type { Mutant, Seams } from "./seams.js";
import { runSeed } from "./seeds.js";
import { wiringMutants, wiringMutantsOfScenarios } from "./wiring-mutants.js";

const size = { nodes: 5, replicas: 4, requestsPerSecond: 5, coordinators: 3, candidates: 0 };

/** The violations found, seed by seed, up to the expected invariant. The seed that found it last comes first. */
async function violatedBy({ invariant, seams, seed: first = 1 }: Mutant, seedsMax: number): Promise<string[]> {
  const violated: string[] = [];
  const settles = invariant.startsWith("L");
  const seeds = [first, ...Array.from({ length: seedsMax }, (_, at) => at + 1)];
  for (const seed of seeds) {
    if (violated.includes(invariant)) break;
    const { violation } = await runSeed({ seed, minutes: 3, seams, size, settles });
    violated.push(violation?.invariant ?? "nothing");
  }
  return violated;
}

async function violatedIn(scenarioName: string, seams: Partial<Seams>): Promise<string> {
  const scenario = scenarios.find(({ what }) => what === scenarioName) ?? assert.fail("no such scenario");
  return (await runScenario(scenario, { seed: 1, seams })).problem ?? "nothing";
}

for (const [list, seedsMax] of [
  [wiringMutants, 12],
  [mutants, 40],
] as const) {
  for (const mutant of list) {
    it(`the simulation finds, by ${mutant.invariant}: ${mutant.what}`, async (test) => {
      const violated = await violatedBy(mutant, seedsMax);
      assert.ok(violated.includes(mutant.invariant), `found only ${violated.join(", ")}`);
      test.diagnostic(`found after ${violated.length} seeds`);
    });
  }
}

for (const { scenario, mutant } of wiringMutantsOfScenarios) {
  it(`the simulation finds, by ${mutant.invariant} where ${scenario}: ${mutant.what}`, async () => {
    assert.match(await violatedIn(scenario, mutant.seams), new RegExp(`^${mutant.invariant}: `));
  });
}

it("the simulation finds, by L2: no other process can report anything to the leader", async () => {
  assert.match(await violatedIn("a node crashes under load", deafToOthers), /^L2: /);
});

it("the simulation finds, by S6: a leader that reaches no node itself heeds no peer probe", async () => {
  const seams = mutants.find(({ invariant }) => invariant === "S6")?.seams ?? assert.fail("no such mutant");
  assert.match(await violatedIn("the leader reaches no node", seams), /^S6: /);
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runScenario } from "./run-scenario.js";
import { scenarios } from "./scenarios.js";

describe("a fleet of 20 replicas before 50 nodes", () => {
  for (const scenario of scenarios) {
    const { what, down } = scenario;
    const expected = down === "never" ? "nothing is marked down" : "it is marked down in time, and nothing else";
    it(`${what}: ${expected}`, async (test) => {
      const { problem, tookMs, story } = await runScenario(scenario, { seed: 1 });
      test.diagnostic(`down after ${tookMs.map((ms) => `${Math.round(ms)} ms`).join(", ") || "never"}`);
      assert.equal(problem, undefined, `${story}\n${problem}`);
    });
  }
});

import assert from "node:assert/strict";
import { it } from "node:test";
import { transitionLine } from "./transition-line.js";

it("the line of a node that went down names the evidence, if there is any", () => {
  const down = (failedProbes: number, reporters: number) => {
    const evidence = { flaps: 1, holdUntilMs: 5_000, failedProbes, reporters };
    return transitionLine("n1", { from: "healthy", to: "down", reason: "connection refused", evidence });
  };
  assert.equal(down(2, 3), "node n1 is down: connection refused (2 failed probes, reported by 3 processes)");
  assert.equal(down(1, 1), "node n1 is down: connection refused (1 failed probe, reported by 1 process)");
  assert.equal(down(2, 0), "node n1 is down: connection refused (2 failed probes)");
  assert.equal(down(0, 0), "node n1 is down: connection refused");
});

it("the lines of a node that is back and of one that joins differ", () => {
  const line = (from: "down" | "joining") => transitionLine("n1", { from, to: "slow-start", reason: "answers again" });
  assert.notEqual(line("down"), line("joining"));
});

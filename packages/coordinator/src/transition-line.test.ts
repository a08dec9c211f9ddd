import assert from "node:assert/strict";
import { it } from "node:test";
import { transitionLine } from "./transition-line.js";

it("says what spoke against a node that went down, as far as anything did", () => {
  const down = (failedProbes: number, reporters: number) => {
    const evidence = { flaps: 1, holdUntilMs: 5_000, failedProbes, reporters };
    return transitionLine("n1", { from: "healthy", to: "down", reason: "connection refused", evidence });
  };
  assert.equal(down(2, 3), "node n1 is down: connection refused (2 failed probes, reported by 3 processes)");
  assert.equal(down(1, 1), "node n1 is down: connection refused (1 failed probe, reported by 1 process)");
  assert.equal(down(2, 0), "node n1 is down: connection refused (2 failed probes)");
  assert.equal(down(0, 0), "node n1 is down: connection refused");
});

it("tells a node that is back from one that joins", () => {
  const line = (from: "down" | "joining") => transitionLine("n1", { from, to: "slow-start", reason: "answers again" });
  assert.notEqual(line("down"), line("joining"));
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { seededRandom } from "@rollcall/testing";
import { nextMoveTurn } from "./move-turn.js";
import { emptyRerouteWindow } from "./reroute.js";
import { RetryBudget } from "./retry-budget.js";

const noBudget = { trySpend: () => false };

/** When the turns come of so many reads that are lost at one time. */
function turnsOf(
  reads: number,
  { targets, inFlight }: { targets: number; inFlight: number },
  budget: Pick<RetryBudget, "trySpend"> = noBudget,
): number[] {
  const random = seededRandom(7);
  let window = emptyRerouteWindow;
  return Array.from({ length: reads }, () => {
    const turn = nextMoveTurn(window, targets, inFlight, 5_000, random, budget);
    window = turn.window;
    return turn.afterMs;
  });
}

/** How many of them fall into each tenth of a second. */
function perWindow(turns: readonly number[]): number[] {
  const counts: number[] = [];
  for (const afterMs of turns) {
    const at = Math.floor(afterMs / 100);
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return counts;
}

describe("turns of reads that move", () => {
  it("a single read moves at once, even to a node that has nothing in flight", () => {
    assert.deepEqual(turnsOf(1, { targets: 1, inFlight: 0 }), [0]);
  });

  it("all reads that one node loses move at once while the retry budget pays, also where the others have little to do", () => {
    assert.deepEqual(turnsOf(60, { targets: 2, inFlight: 4 }, new RetryBudget(5_000)), new Array(60).fill(0));
  });

  it("what many nodes lose at one time is no storm: beyond the retry budget reads wait for their turns", () => {
    const budget = new RetryBudget(5_000);
    const turns = turnsOf(400, { targets: 2, inFlight: 40 }, budget);
    assert.equal(turns.filter((afterMs) => afterMs === 0).length, 20 + 100);
    assert.equal(budget.left(5_000), 0);
    const counts = perWindow(turns.filter((afterMs) => afterMs > 0));
    assert.ok(Math.max(...counts.filter((count) => count !== undefined)) <= 50, String(counts));
  });

  it("without budget, in each tenth of a second as many reads move as half of what the other nodes have in flight", () => {
    const turns = turnsOf(100, { targets: 2, inFlight: 50 });
    assert.equal(turns.filter((afterMs) => afterMs === 0).length, 25);
    assert.deepEqual(perWindow(turns), [25, 25, 25, 25]);
    assert.equal(new Set(turns.filter((afterMs) => afterMs > 0)).size, 75);
  });

  it("no read waits longer than a second, and those beyond it are spread over all of it", () => {
    const counts = perWindow(turnsOf(1_000, { targets: 1, inFlight: 0 }));
    assert.equal(counts.length, 10);
    assert.ok(Math.max(...counts) < 150, String(counts));
  });

  it("a window that is over makes room for the next", () => {
    const full = { sinceMs: 5_000, rerouted: 9 };
    assert.equal(nextMoveTurn(full, 1, 0, 5_050, () => 0, noBudget).afterMs, 50);
    assert.deepEqual(
      nextMoveTurn(full, 1, 0, 5_100, () => 0, noBudget),
      { window: { sinceMs: 5_100, rerouted: 1 }, afterMs: 0 },
    );
  });
});

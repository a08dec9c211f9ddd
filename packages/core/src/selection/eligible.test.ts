import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { rosterOf, type SelectableNode } from "./eligible.js";

type Kind = "well" | "unverified" | "slow-start" | "ejected" | "down" | "draining" | "seed";

/** Candidates in slots 0, 1, 2 … */
function candidates(...kinds: Kind[]): SelectableNode[] {
  return kinds.map((kind, slot) => ({
    slot,
    tier: kind === "seed" ? "seed" : "node",
    mark: kind === "well" || kind === "ejected" || kind === "seed" ? "none" : kind,
    ejected: kind === "ejected",
  }));
}

const many = (count: number, kind: Kind): Kind[] => Array.from({ length: count }, () => kind);

describe("rosterOf", () => {
  it("has nobody for nobody", () => {
    assert.deepEqual(rosterOf([]), { eligible: [], further: [], panic: true });
  });

  it("requests go to healthy, unverified and slow-starting nodes; the others follow in order of preference", () => {
    assert.deepEqual(rosterOf(candidates("seed", "draining", "down", "ejected", "slow-start", "unverified", "well")), {
      eligible: [4, 5, 6],
      further: [[3], [2], [1], [0]],
      panic: false,
    });
  });

  it("goes on with a single node that is well of nine", () => {
    const { eligible, panic } = rosterOf(candidates("well", ...many(8, "down")));
    assert.deepEqual({ eligible, panic }, { eligible: [0], panic: false });
  });

  it("ignores ejections when no node is well", () => {
    assert.deepEqual(rosterOf(candidates("ejected", "ejected", "down", "draining", "seed")), {
      eligible: [0, 1],
      further: [[2], [3], [4]],
      panic: true,
    });
  });

  it("ignores DOWN when every node is down, whether this process has ejected it or not", () => {
    const [node, ...others] = candidates("down", "down", "draining", "seed");
    assert.ok(node !== undefined);
    assert.deepEqual(rosterOf([{ ...node, ejected: true }, ...others]), {
      eligible: [0, 1],
      further: [[2], [3]],
      panic: true,
    });
  });

  it("takes nodes that are leaving before seeds, and seeds when nothing else is known", () => {
    assert.deepEqual(rosterOf(candidates("seed", "draining")), { eligible: [1], further: [[0]], panic: true });
    assert.deepEqual(rosterOf(candidates("seed", "seed")), { eligible: [0, 1], further: [], panic: true });
  });

  it("panics among ten nodes when fewer than half of them are well, step by step", () => {
    const half = rosterOf(candidates(...many(5, "well"), ...many(5, "down")));
    assert.deepEqual([half.eligible.length, half.panic], [5, false]);

    const ejected = rosterOf(candidates(...many(4, "well"), "ejected", ...many(5, "down")));
    assert.deepEqual([ejected.eligible, ejected.panic], [[0, 1, 2, 3, 4], true]);

    const down = rosterOf(candidates(...many(4, "well"), ...many(6, "down"), "draining"));
    assert.deepEqual([down.eligible.length, down.further, down.panic], [10, [[10]], true]);
  });

  it("does not count nodes that are leaving", () => {
    const { eligible, panic } = rosterOf(candidates("well", ...many(3, "down"), ...many(20, "draining")));
    assert.deepEqual({ eligible, panic }, { eligible: [0], panic: false });
  });
});

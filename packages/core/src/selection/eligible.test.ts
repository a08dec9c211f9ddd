import assert from "node:assert/strict";
import { it } from "node:test";
import { rosterOf, type SelectableNode } from "./eligible.js";

type Kind = "well" | "unverified" | "slow-start" | "ejected" | "down" | "draining" | "seed";

/** Nodes in slots 0, 1, 2 … */
function nodesOf(...kinds: Kind[]): SelectableNode[] {
  return kinds.map((kind, slot) => ({
    slot,
    tier: kind === "seed" ? "seed" : "node",
    mark: kind === "well" || kind === "ejected" || kind === "seed" ? "none" : kind,
    ejected: kind === "ejected",
  }));
}

const many = (count: number, kind: Kind): Kind[] => Array.from({ length: count }, () => kind);

it("a roster without nodes is empty", () => {
  assert.deepEqual(rosterOf([]), { eligible: [], further: [], panic: true });
});

it("requests go to healthy, unverified and slow-starting nodes; the others follow in order of preference", () => {
  assert.deepEqual(rosterOf(nodesOf("seed", "draining", "down", "ejected", "slow-start", "unverified", "well")), {
    eligible: [4, 5, 6],
    further: [[3], [2], [1], [0]],
    panic: false,
  });
});

it("one healthy node of nine suffices", () => {
  const { eligible, panic } = rosterOf(nodesOf("well", ...many(8, "down")));
  assert.deepEqual({ eligible, panic }, { eligible: [0], panic: false });
});

it("ejections are ignored if no node is healthy", () => {
  assert.deepEqual(rosterOf(nodesOf("ejected", "ejected", "down", "draining", "seed")), {
    eligible: [0, 1],
    further: [[2], [3], [4]],
    panic: true,
  });
});

it("down marks are ignored if every node is down, ejected or not", () => {
  const [node, ...others] = nodesOf("down", "down", "draining", "seed");
  assert.ok(node !== undefined);
  assert.deepEqual(rosterOf([{ ...node, ejected: true }, ...others]), {
    eligible: [0, 1],
    further: [[2], [3]],
    panic: true,
  });
});

it("draining nodes come before seeds, and seeds are used if there is nothing else", () => {
  assert.deepEqual(rosterOf(nodesOf("seed", "draining")), { eligible: [1], further: [[0]], panic: true });
  assert.deepEqual(rosterOf(nodesOf("seed", "seed")), { eligible: [0, 1], further: [], panic: true });
});

it("with ten nodes, panic begins in steps when fewer than half are healthy", () => {
  const half = rosterOf(nodesOf(...many(5, "well"), ...many(5, "down")));
  assert.deepEqual([half.eligible.length, half.panic], [5, false]);

  const ejected = rosterOf(nodesOf(...many(4, "well"), "ejected", ...many(5, "down")));
  assert.deepEqual([ejected.eligible, ejected.panic], [[0, 1, 2, 3, 4], true]);

  const down = rosterOf(nodesOf(...many(4, "well"), ...many(6, "down"), "draining"));
  assert.deepEqual([down.eligible.length, down.further, down.panic], [10, [[10]], true]);
});

it("draining nodes do not count for panic", () => {
  const { eligible, panic } = rosterOf(nodesOf("well", ...many(3, "down"), ...many(20, "draining")));
  assert.deepEqual({ eligible, panic }, { eligible: [0], panic: false });
});

import assert from "node:assert/strict";
import { it } from "node:test";
import { rosterOf, type SelectableNode } from "./eligible.js";

type Kind = "well" | "unverified" | "slow-start" | "ejected" | "down" | "draining" | "drained" | "unproven" | "seed";
/** With a `+` before its kind, a node is preferred. */

/** Nodes in slots 0, 1, 2 …, such as `well 8*down +well`. */
function nodesOf(text: string): SelectableNode[] {
  const kinds = text.split(" ").flatMap((word) => {
    const [kind, count] = word.split("*").reverse();
    return Array<string>(Number(count ?? 1)).fill(kind ?? "");
  });
  return kinds.map((word, slot) => {
    const kind = word.replace("+", "") as Kind;
    const mark = kind === "well" || kind === "ejected" || kind === "seed" ? "none" : kind;
    return {
      slot,
      tier: word === kind ? (kind === "seed" ? "seed" : "node") : "preferred",
      mark,
      ejected: kind === "ejected",
    };
  });
}

it("a roster without nodes is empty", () => {
  assert.deepEqual(rosterOf([]), { eligible: [], further: [], panic: true });
});

const slots = (count: number) => Array.from({ length: count }, (_, slot) => slot);
const range = (from: number, to: number) => slots(to).slice(from);
const rosters: Readonly<
  Record<string, readonly (readonly [nodes: string, eligible: number[], further: number[][], panic: boolean])[]>
> = {
  "requests go to healthy, unverified and slow-starting nodes; the others follow in order of preference": [
    ["seed draining down ejected slow-start unverified well", [4, 5, 6], [[3], [2], [1], [0]], false],
  ],
  "one healthy node of nine suffices": [["well 8*down", [0], [range(1, 9)], false]],
  "ejections are ignored if no node is healthy": [
    ["ejected ejected down draining seed", [0, 1], [[2], [3], [4]], true],
  ],
  "draining nodes come before seeds, and seeds are used if there is nothing else": [
    ["seed draining", [1], [[0]], true],
    ["seed seed", [0, 1], [], true],
  ],
  "with ten nodes, panic begins in steps when fewer than half are healthy": [
    ["5*well 5*down", slots(5), [range(5, 10)], false],
    ["4*well ejected 5*down", slots(5), [range(5, 10)], true],
    ["4*well 6*down draining", slots(10), [[10]], true],
  ],
  "a node without a proof gets no request while there is any other node, a configured one included": [
    ["well unproven", [0], [], false],
    ["300*unproven 3*well", range(300, 303), [], false],
    ["seed 300*unproven", [0], [], true],
    ["down 300*unproven seed", [0], [[301]], true],
    ["unproven", [0], [], true],
  ],
  "a drained node gets no request, not even a retry, while enough others are in use": [
    ["well drained ejected", [0], [[2]], false],
    ["down drained draining seed", [0], [[2], [1], [3]], true],
    ["drained seed", [0], [[1]], true],
    ["5*well 5*down 20*drained", slots(5), [range(5, 10)], false],
  ],
  "preferred nodes get all requests while more than half of them are in use, and the others its further attempts": [
    ["+well well", [0], [[1]], false],
    ["+well +well +down well ejected seed", [0, 1], [[3], [4], [2], [5]], false],
    ["+unverified +slow-start +well well", [0, 1, 2], [[3]], false],
    ["+well +well", [0, 1], [], false],
  ],
  "with half of the preferred nodes out of use or more, all nodes share the requests": [
    ["+well +down well well", [0, 2, 3], [[1]], false],
    ["+well +ejected +ejected well", [0, 3], [[1, 2]], false],
    ["+down well", [1], [[0]], false],
    ["+ejected ejected", [0, 1], [], true],
  ],
  "preferred nodes that come back do not get all requests before their slow start is over": [
    ["+slow-start +slow-start well", [0, 1, 2], [], false],
    ["+slow-start +down well", [0, 2], [[1]], false],
  ],
  "preferred nodes that leave, or that an operator drains, are not missed": [
    ["+well +drained +draining well", [0], [[3], [2]], false],
    ["+drained +drained well", [2], [], false],
  ],
  "preferred nodes serve alone although most of the other nodes are out of reach": [
    ["4*+well 8*ejected", [0, 1, 2, 3], [range(4, 12)], false],
  ],
  "draining nodes do not count for panic": [["well 3*down 20*draining", [0], [range(1, 4), range(4, 24)], false]],
};
for (const [name, rows] of Object.entries(rosters)) {
  it(name, () => {
    for (const [nodes, eligible, further, panic] of rows) {
      assert.deepEqual(rosterOf(nodesOf(nodes)), { eligible, further, panic }, nodes);
    }
  });
}

it("a configured address that is drained counts as a drained node", () => {
  const [seed, well] = nodesOf("seed well");
  assert.ok(seed !== undefined && well !== undefined);
  assert.deepEqual(rosterOf([{ ...seed, mark: "drained" }, well]), { eligible: [1], further: [], panic: false });
});

it("down marks are ignored if every node is down, ejected or not", () => {
  const [node, ...others] = nodesOf("down down draining seed");
  assert.ok(node !== undefined);
  const roster = { eligible: [0, 1], further: [[2], [3]], panic: true };
  assert.deepEqual(rosterOf([{ ...node, ejected: true }, ...others]), roster);
});

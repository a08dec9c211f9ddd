import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runAtOnce } from "@rollcall/core";
import { addressOf, type NodeRecord, nodeKey } from "@rollcall/core/view";
import fc from "fast-check";
import { type AppliedView, applyView as nextRows, noRows, type Row, type Rows } from "./apply-view.js";

const node = (id: string, port: number): NodeRecord => ({ id, host: "10.0.0.1", port });
const seed = (port: number): NodeRecord => node("", port);

/** In use at once. */
function applyView(...given: Parameters<typeof nextRows>): AppliedView {
  const applied = runAtOnce(nextRows(...given));
  for (const { slot } of applied.removed) applied.rows.ending.add(slot);
  return applied;
}

/** The rows whose node is new, or another than before. */
function freshRows(before: Rows, { rows }: AppliedView): Row[] {
  const generations = new Map([...before.inUse.values()].map(({ slot, generation }) => [slot, generation]));
  return [...rows.inUse.values()].filter(({ slot, generation }) => generations.get(slot) !== generation);
}

/** `port: slot/generation tier`, in order of the slots. */
function drawn({ rows }: AppliedView): string[] {
  return [...rows.inUse.values()]
    .sort((a, b) => a.slot - b.slot)
    .map(({ slot, generation, tier, node: { port } }) => `${port}: ${slot}/${generation} ${tier}`);
}

describe("applying a view", () => {
  it("gives the nodes of a long list their slots in steps of 512, and those of a short one in a single step", () => {
    const pausesOf = (...given: Parameters<typeof nextRows>) => [...nextRows(...given)].length;
    const many = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => node(`n${at}`, from + at));
    const { rows } = applyView(noRows(), many(1, 8_193), [], 16_384);
    assert.equal(pausesOf(rows, many(10_001, 18_193), [], 16_384), (3 * 8_192) / 512);
    assert.equal(pausesOf(applyView(noRows(), many(1, 129), [], 512).rows, many(201, 329), [seed(1), seed(2)], 512), 0);
  });

  it("seeds get slots first, and a node of the view replaces the seed at its address", () => {
    const started = applyView(noRows(), [], [seed(1), seed(2)], 8);
    assert.deepEqual(drawn(started), ["1: 0/1 seed", "2: 1/1 seed"]);
    const sniffed = applyView(started.rows, [node("a", 1), node("c", 3)], [seed(1), seed(2)], 8);
    assert.deepEqual(drawn(sniffed), ["1: 0/1 node", "2: 1/1 seed", "3: 2/1 node"]);
    assert.deepEqual(
      freshRows(started.rows, sniffed).map(({ slot }) => slot),
      [2],
    );
  });

  it("another node at the same address gets the same slot under a new generation", () => {
    const before = applyView(noRows(), [node("a", 1)], [], 8);
    const after = applyView(before.rows, [node("b", 1)], [], 8);
    assert.deepEqual(drawn(after), ["1: 0/2 node"]);
    assert.deepEqual([freshRows(before.rows, after).length, after.removed.length], [1, 0]);
  });

  it("the slot of a removed node is kept until its last request has ended", () => {
    const before = applyView(noRows(), [node("a", 1)], [], 8);
    const gone = applyView(before.rows, [node("b", 2)], [], 8);
    assert.deepEqual(drawn(gone), ["2: 1/1 node"]);
    assert.deepEqual(
      gone.removed.map(({ slot }) => slot),
      [0],
    );
    const busy = applyView(gone.rows, [node("b", 2), node("c", 3)], [], 8);
    assert.deepEqual(drawn(busy), ["2: 1/1 node", "3: 2/1 node"]);
    busy.rows.ending.delete(0);
    const ended = applyView(busy.rows, [node("b", 2), node("c", 3), node("d", 4)], [], 8);
    assert.deepEqual(drawn(ended), ["4: 0/2 node", "2: 1/1 node", "3: 2/1 node"]);
  });

  it("nodes for which there is no slot are left out and named", () => {
    const applied = applyView(noRows(), [node("a", 1), node("b", 2), node("c", 3)], [], 2);
    assert.deepEqual([drawn(applied).length, applied.left.map(({ id }) => id)], [2, ["c"]]);
  });

  it("two nodes never share a slot, and a slot never has two nodes under one generation", () => {
    const view = fc.uniqueArray(
      fc.record({ id: fc.constantFrom("a", "b", "c", ""), port: fc.integer({ min: 1, max: 6 }) }),
      {
        selector: ({ port }) => port,
      },
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(view, fc.boolean()), { maxLength: 20 }), (views) => {
        let rows: Rows = noRows();
        const holders = new Map<string, string>();
        for (const [nodes, endAll] of views) {
          const applied = applyView(
            rows,
            nodes.map(({ id, port }) => node(id, port)),
            [seed(1), seed(9)],
            256,
          );
          ({ rows } = applied);
          const slots = [...rows.inUse.values()].map(({ slot }) => slot);
          assert.equal(new Set(slots).size, slots.length);
          assert.ok(slots.every((slot) => !rows.ending.has(slot)));
          assert.equal(rows.inUse.size, new Set([...nodes.map(({ port }) => port), 1, 9]).size);
          for (const { slot, generation, node: held } of rows.inUse.values()) {
            const known = held.id === "" ? undefined : nodeKey(held);
            const before = holders.get(`${slot}/${generation}`);
            if (known !== undefined && before !== undefined) assert.equal(known, before);
            if (known !== undefined) holders.set(`${slot}/${generation}`, known);
            assert.equal(rows.inUse.get(addressOf(held))?.slot, slot);
          }
          if (endAll) rows.ending.clear();
        }
      }),
    );
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { SlotReclamation } from "./slot-reclamation.js";

describe("slot reclamation", () => {
  it("a slot is held by every thread that got it, until each has released it", () => {
    const reclamation = new SlotReclamation<string>();
    assert.deepEqual(reclamation.handOut(["a", "b"], [0, 1], 1), []);
    assert.deepEqual(reclamation.handOut(["a", "b"], [1], 2), []);
    assert.equal(reclamation.release("a", 0, 2), false);
    assert.equal(reclamation.release("b", 0, 2), true);
    assert.equal(reclamation.release("b", 0, 2), false, "once only");
  });

  it("a slot is free if no thread was up while a list named it", () => {
    const reclamation = new SlotReclamation<string>();
    reclamation.handOut([], [0, 1], 1);
    assert.deepEqual(reclamation.handOut(["a"], [1], 2), [0]);
  });

  it("a thread that joins later holds the slots of the newest list", () => {
    const reclamation = new SlotReclamation<string>();
    reclamation.handOut([], [0], 1);
    reclamation.join("late", 1);
    assert.deepEqual(reclamation.handOut(["late"], [], 2), []);
    assert.equal(reclamation.release("late", 0, 2), true);
  });

  it("a thread that has died holds no slot", () => {
    const reclamation = new SlotReclamation<string>();
    reclamation.handOut(["a", "b"], [0, 1], 1);
    reclamation.handOut(["a", "b"], [1], 2);
    reclamation.release("a", 0, 2);
    assert.deepEqual(reclamation.leave("b"), [0]);
    assert.deepEqual(reclamation.leave("a"), [], "1 is still named");
  });

  it("a release that crosses a newer list naming the slot is ignored", () => {
    const reclamation = new SlotReclamation<string>();
    reclamation.handOut(["a"], [0], 1);
    reclamation.handOut(["a"], [], 2);
    reclamation.handOut(["a"], [0], 3);
    assert.equal(reclamation.release("a", 0, 2), false);
    assert.deepEqual(reclamation.handOut(["a"], [], 4), []);
    assert.equal(reclamation.release("a", 0, 4), true);
  });

  it("a slot is free exactly if no list names it and no thread holds it", () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant("hand" as const), slots: fc.uniqueArray(fc.nat(4)) }),
      fc.record({ kind: fc.constant("see" as const), thread: fc.nat(2) }),
      fc.record({ kind: fc.constant("die" as const), thread: fc.nat(2) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const reclamation = new SlotReclamation<number>();
        // Threads as they are: each applies lists late, holds what its list names, and releases what it named before.
        const lists: number[][] = [[]];
        const applied = [0, 0, 0];
        const held = [new Set<number>(), new Set<number>(), new Set<number>()];
        const free = new Set<number>();
        const heldByAny = (slot: number) => held.some((slots) => slots.has(slot));
        const given = [new Set<number>(), new Set<number>(), new Set<number>()];
        for (const each of steps) {
          if (each.kind === "hand") {
            lists.push(each.slots);
            for (const slots of given) for (const slot of each.slots) slots.add(slot);
            for (const slot of each.slots) free.delete(slot);
            for (const slot of reclamation.handOut([0, 1, 2], each.slots, lists.length - 1)) free.add(slot);
          } else if (each.kind === "see") {
            applied[each.thread] = lists.length - 1;
            const named = new Set(lists.at(-1));
            const mine = given[each.thread] ?? new Set();
            held[each.thread] = named;
            for (const slot of [...mine]) {
              if (named.has(slot)) continue;
              mine.delete(slot);
              if (reclamation.release(each.thread, slot, applied[each.thread] ?? 0)) free.add(slot);
            }
          } else {
            // Another takes its place at once, with the newest list.
            held[each.thread] = new Set();
            for (const slot of reclamation.leave(each.thread)) free.add(slot);
            reclamation.join(each.thread, lists.length - 1);
            applied[each.thread] = lists.length - 1;
            held[each.thread] = new Set(lists.at(-1));
            given[each.thread] = new Set(lists.at(-1));
          }
          for (const slot of free) assert.ok(!heldByAny(slot) && !lists.at(-1)?.includes(slot), `slot ${slot}`);
        }
      }),
    );
  });
});

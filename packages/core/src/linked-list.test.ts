import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { type Link, LinkedList } from "./linked-list.js";

class Numbered implements Link<Numbered> {
  before: Numbered | undefined;
  after: Numbered | undefined;
  constructor(readonly number: number) {}
}

it("a linked list holds what was added and not removed, in its order, in whatever order items leave", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constant("add" as const), fc.nat(20)), { maxLength: 60 }), (steps) => {
      const list = new LinkedList<Numbered>();
      const expected: Numbered[] = [];
      for (const [number, step] of steps.entries()) {
        if (step === "add") {
          const added = new Numbered(number);
          list.add(added);
          expected.push(added);
        } else {
          const [left] = expected.splice(step, 1);
          if (left !== undefined) list.remove(left);
        }
        assert.deepEqual(
          [...list].map((one) => one.number),
          expected.map((one) => one.number),
        );
        assert.deepEqual([list.first, list.last], [expected[0], expected.at(-1)]);
      }
    }),
  );
});

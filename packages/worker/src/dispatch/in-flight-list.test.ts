import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { InFlightList, type Link } from "./in-flight-list.js";

class Numbered implements Link<Numbered> {
  older: Numbered | undefined;
  newer: Numbered | undefined;
  constructor(readonly number: number) {}
}

it("the in-flight list holds the attempts that have not ended, the oldest first, in whatever order they end", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constant("begin" as const), fc.nat(20)), { maxLength: 60 }), (steps) => {
      const list = new InFlightList<Numbered>();
      const expected: Numbered[] = [];
      for (const [number, step] of steps.entries()) {
        if (step === "begin") {
          const begun = new Numbered(number);
          list.add(begun);
          expected.push(begun);
        } else {
          const [ended] = expected.splice(step, 1);
          if (ended !== undefined) list.remove(ended);
        }
        assert.deepEqual(
          [...list].map((one) => one.number),
          expected.map((one) => one.number),
        );
        assert.deepEqual([list.oldest, list.newest], [expected[0], expected.at(-1)]);
      }
    }),
  );
});

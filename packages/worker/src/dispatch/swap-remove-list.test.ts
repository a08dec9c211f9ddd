import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { SwapRemoveList } from "./swap-remove-list.js";

it("the swap-remove list holds what was added and not removed, in whatever order", () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.nat(50)), { maxLength: 200 }), (steps) => {
      const list = new SwapRemoveList<{ readonly name: number; place: number }>();
      let model: { readonly name: number; place: number }[] = [];
      for (const [name, step] of steps.entries()) {
        if (step === null) {
          const item = { name, place: -1 };
          list.add(item);
          model.push(item);
        } else if (model.length > 0) {
          const item = model[step % model.length];
          assert.ok(item);
          list.remove(item);
          model = model.filter((one) => one !== item);
        }
        assert.equal(list.length, model.length);
        assert.deepEqual(new Set(list.toArray()), new Set(model));
      }
    }),
  );
});

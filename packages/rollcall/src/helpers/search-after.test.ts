import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { searchAfterJson, uniqueSort } from "./search-after.js";

it("the values of a sort go back as they came, and none goes back changed", () => {
  const value = fc.oneof(
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
    fc.constantFrom("9223372036854775807", "-9223372036854775808", "null", "true", "1.5", "1e300"),
    fc.string().map((text) => JSON.stringify(text)),
  );
  fc.assert(
    fc.property(fc.array(value, { minLength: 1 }), (values) => {
      const sent = searchAfterJson(JSON.parse(`[${values.join(",")}]`));
      const isRounded = (text: string) => {
        if (!/^-?\d+$/.test(text) || /^(?:9223372036854775807|-9223372036854775808)$/.test(text)) return false;
        return !Number.isSafeInteger(Number(text));
      };
      // Those next to the largest and smallest are taken for them.
      fc.pre(!values.some((text) => isRounded(text) && Math.abs(Number(text)) === 2 ** 63));
      if (values.some(isRounded)) assert.equal(sent, undefined);
      else assert.equal(sent?.replaceAll("1e+300", "1e300"), `[${values.join(",")}]`);
    }),
  );
  for (const none of [undefined, [], "a", null]) assert.equal(searchAfterJson(none), undefined);
});

it("a sort ends with the tiebreaker, unless it has it already in whatever form", () => {
  const last = { _id: "asc" };
  assert.deepEqual(uniqueSort(undefined, "_id"), [last]);
  assert.deepEqual(uniqueSort("n", "_id"), ["n", last]);
  assert.deepEqual(uniqueSort([{ n: "desc" }, "m"], "_id"), [{ n: "desc" }, "m", last]);
  for (const given of ["_id", "_id:desc", { _id: { order: "desc" } }]) {
    assert.deepEqual(uniqueSort(given, "_id"), [given]);
    assert.deepEqual(uniqueSort([given, "n"], "_id"), [given, "n"]);
  }
  assert.deepEqual(uniqueSort(["n"], undefined), ["n"]);
});

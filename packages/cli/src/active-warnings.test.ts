import assert from "node:assert/strict";
import { it } from "node:test";
import { ActiveWarnings } from "./active-warnings.js";

it("each warning is kept once, at most ten, until the store logs that it is over", () => {
  const warnings = new ActiveWarnings();
  for (let number = 0; number < 30; number++) warnings.warn({}, `warning ${number % 15}`);
  warnings.debug();
  assert.equal(warnings.texts.length, 10);
  warnings.info();
  warnings.error({}, "another");
  assert.deepEqual(warnings.texts, ["another"]);
});

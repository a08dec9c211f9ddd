import assert from "node:assert/strict";
import { it } from "node:test";
import { StandingWarnings } from "./standing-warnings.js";

it("keeps each warning once and no more than ten, until the store tells that it is over", () => {
  const warnings = new StandingWarnings();
  for (let number = 0; number < 30; number++) warnings.warn({}, `warning ${number % 15}`);
  warnings.debug();
  assert.equal(warnings.texts.length, 10);
  warnings.info();
  warnings.error({}, "another");
  assert.deepEqual(warnings.texts, ["another"]);
});

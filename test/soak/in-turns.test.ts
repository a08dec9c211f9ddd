import assert from "node:assert/strict";
import { it } from "node:test";
import { seededRandom } from "@rollcall/testing";
import { inTurns } from "./in-turns.js";

it("each member has its turn before any has a second one, in orders that a seed decides", () => {
  const drawn = (seed: number) => {
    const turns = inTurns(["a", "b", "c", "d"], seededRandom(seed));
    return Array.from({ length: 8 }, () => turns.next().value);
  };
  for (let seed = 1; seed <= 20; seed++) {
    const order = drawn(seed);
    assert.deepEqual([...order.slice(0, 4)].sort(), ["a", "b", "c", "d"]);
    assert.deepEqual([...order.slice(4)].sort(), ["a", "b", "c", "d"]);
    assert.deepEqual(drawn(seed), order);
  }
  assert.notDeepEqual(drawn(1), drawn(2));
});

import assert from "node:assert/strict";
import { it } from "node:test";
import { collectingLogger } from "@rollcall/testing";
import { LevelFilter, logLevels } from "./level-filter.js";

it("lines below the level are dropped, and the level can change at any time", () => {
  const collected = collectingLogger();
  const filter = new LevelFilter(collected, "info");
  const shown = () => {
    const before = collected.lines.length;
    for (const level of logLevels) filter[level]({}, level);
    return collected.lines.slice(before);
  };
  assert.deepEqual(shown(), ["info info", "warn warn", "error error"]);
  filter.least = "error";
  assert.deepEqual(shown(), ["error error"]);
  filter.least = "debug";
  assert.equal(shown().length, 4);
});

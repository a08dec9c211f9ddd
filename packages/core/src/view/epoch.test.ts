import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { epochBegunMs, ordinalOf } from "./epoch.js";
import { redisKeys } from "./redis-keys.js";

it("each leader has one ordinal from 0 to 999, and names spread over the ordinals", () => {
  fc.assert(
    fc.property(fc.string(), (leader) => {
      const ordinal = ordinalOf(leader);
      assert.ok(Number.isInteger(ordinal) && ordinal >= 0 && ordinal <= 999);
      assert.equal(ordinalOf(leader), ordinal);
    }),
  );
  const ordinals = new Set(Array.from({ length: 1_000 }, (_, index) => ordinalOf(`app-${index}`)));
  assert.ok(ordinals.size > 500, "names spread over the numbers");
});

it("an epoch contains the time at which it began", () => {
  assert.equal(epochBegunMs(1_764_150_000_000 * 1_000 + 999), 1_764_150_000_000);
});

it("the keys of two views differ, and those of one view are in one slot of a Redis Cluster", () => {
  const logs = Object.values(redisKeys("logs"));
  assert.equal(new Set(logs).size, logs.length);
  for (const key of logs) assert.ok(key.startsWith("{rollcall:logs}:"), key);
  const other = new Set(Object.values(redisKeys("logs2")));
  assert.ok(logs.every((key) => !other.has(key)));
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { waitUntil } from "./wait-until.js";

describe("waitUntil", () => {
  it("gives the first truthy value", async () => {
    let checks = 0;
    assert.equal(await waitUntil("it is three", () => (++checks >= 3 ? checks : 0), { everyMs: 1 }), 3);
  });

  it("says what it waited for and what it saw last", async () => {
    const wait = waitUntil("pigs fly", async () => null, { timeoutMs: 10, everyMs: 1 });
    await assert.rejects(wait, /10 ms in vain until pigs fly; last seen: null/);
  });

  it("passes on at once what the check throws", async () => {
    await assert.rejects(
      waitUntil("it works", () => assert.fail("broken")),
      /broken/,
    );
  });
});

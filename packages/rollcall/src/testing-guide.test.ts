import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { it } from "node:test";
import { type Pool, RollcallError } from "@rollcall/worker";
import { mockPool } from "./testing.js";

it("the example of docs/testing.md does what it says", async () => {
  const guide = readFileSync(new URL("../../../docs/testing.md", import.meta.url), "utf8");
  const [, code = ""] = /```js\n([\s\S]*?)```/.exec(guide) ?? [];
  const [, body] = code.split('import { mockPool } from "rollcall/testing";\n');
  assert.ok(body !== undefined, "it imports the mock pool");
  const run = new Function("mockPool", "assert", "placeOrder", `return (async () => {${body}})()`);
  await run(mockPool, assert, placeOrder);
});

async function placeOrder(pool: Pool, order: object): Promise<void> {
  try {
    (await pool.request({ method: "POST", path: "/orders/_doc", body: order })).throwIfError();
  } catch (error) {
    throw error instanceof RollcallError && error.sent === "maybe" ? new Error("it may have been placed") : error;
  }
}

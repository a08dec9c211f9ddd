import assert from "node:assert/strict";
import { it } from "node:test";
import { readRequestedOperation } from "./requested-operation.js";

const source = { id: "1", from: "10.0.0.9", atMs: 5 };

it("what the page asks for has who and from where, and a time where none is given", () => {
  const origin = { id: "1", atMs: 5, node: "es2" };
  assert.deepEqual(
    readRequestedOperation({ kind: "drain", node: "es2", reason: " update ", name: "ada", force: true }, source),
    { request: { ...origin, kind: "drain", by: "ada@10.0.0.9", reason: "update", forMs: 3_600_000, force: true } },
  );
  assert.deepEqual(readRequestedOperation({ kind: "undrain", node: "es2" }, source), {
    request: { ...origin, kind: "undrain", by: "operator@10.0.0.9", reason: "" },
  });
});

it("each field that is wrong is named, with what is allowed", () => {
  const drain = { kind: "drain", node: "es2" };
  for (const [body, expected] of [
    [undefined, /^the body must be a JSON object$/],
    ["drain", /^the body must be a JSON object$/],
    [{ kind: "pause", node: "es2" }, /^kind must be "drain" or "undrain"$/],
    [{ kind: "drain" }, /^node must name one/],
    [{ ...drain, node: 7 }, /^node must name one/],
    [{ ...drain, reason: "x".repeat(201) }, /^reason must be a text of at most 200 characters$/],
    [{ ...drain, name: {} }, /^name must be a text of at most 64 characters$/],
    [{ ...drain, forMs: 0 }, /^forMs must be a whole number of milliseconds from 1000 to 604800000$/],
    [{ ...drain, forMs: "1" }, /^forMs must be/],
    [{ ...drain, force: "yes" }, /^force must be true or false$/],
  ] as const) {
    const read = readRequestedOperation(body, source);
    assert.match("problem" in read ? read.problem : "", expected);
  }
});

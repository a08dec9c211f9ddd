import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RollcallError } from "@rollcall/core";
import fc from "fast-check";
import { describeThrown, rebuildThrown } from "./task-error.js";

const across = (thrown: unknown) => rebuildThrown(structuredClone(describeThrown(thrown)));

describe("an error that crosses threads", () => {
  it("keeps its name, message, stack, code and causes", () => {
    const error = new TypeError("outer", { cause: Object.assign(new Error("inner"), { code: "EPIPE" }) });
    const got = across(error);
    assert.deepEqual([got.name, got.message, got.stack], ["TypeError", "outer", error.stack]);
    assert.ok(got.cause instanceof Error && "code" in got.cause);
    assert.deepEqual([got.cause.message, got.cause.code], ["inner", "EPIPE"]);
  });

  it("stays ours if it is ours", () => {
    const attempts = [{ node: "a:1", code: "404", ms: 3 }];
    const error = new RollcallError("STATUS", "a said 404", { sent: "maybe", attempts, status: 404, type: "missing" });
    const got = across(error);
    assert.ok(got instanceof RollcallError);
    const { code, message, sent, status, type, stack } = got;
    assert.deepEqual([code, message, sent, status, type], ["STATUS", "a said 404", "maybe", 404, "missing"]);
    assert.deepEqual([got.attempts, stack], [attempts, error.stack]);
  });

  it("is bounded: causes of causes, and a cause of itself", () => {
    const endless = new Error("again");
    endless.cause = endless;
    let depth = 0;
    for (let at: unknown = across(endless); at instanceof Error; at = at.cause) depth++;
    assert.equal(depth, 8);
  });

  it("may be anything at all", () => {
    const nasty = Object.defineProperty(new Error("x"), "message", {
      get() {
        throw new Error("no");
      },
    });
    for (const thrown of [nasty, Symbol("s"), null, undefined, Object.create(null)])
      assert.ok(across(thrown) instanceof Error);
    fc.assert(fc.property(fc.anything(), (thrown) => assert.ok(across(thrown) instanceof Error)));
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RollcallError, type RollcallErrorCode } from "@rollcall/worker";
import { judgeBulkAnswer, judgeBulkError } from "./judge-bulk.js";
import type { Operation } from "./operation.js";
import { answerOf, type Reply } from "./scripted-pool.test.support.js";

const operation = (position: number, action: Operation["action"] = "index"): Operation => ({
  position,
  action,
  index: "i",
  id: `${position}`,
  isRepeatable: true,
  lines: ["{}"],
  byteLength: 3,
});
const two = [operation(0), operation(1)];
const judge = (reply: Partial<Reply>, operations = two) =>
  judgeBulkAnswer(answerOf({ body: {}, ...reply }), operations);

describe("the answer of a bulk", () => {
  it("an answer with an item for each operation says of each whether it is done, refused for now, or has failed", () => {
    const operations = [operation(0), operation(1), operation(2, "create"), operation(3, "delete"), operation(4)];
    const items = [
      { index: { status: 201 } },
      { index: { status: 429, error: { type: "es_rejected_execution_exception", reason: "full" } } },
      { create: { status: 409, error: { type: "version_conflict_engine_exception", reason: "exists" } } },
      { delete: { status: 404 } },
      { index: { status: 503, error: { type: "unavailable_shards_exception" } } },
    ];
    const verdict = judge({ body: { errors: true, items } }, operations);
    assert.ok(verdict.next === "items");
    assert.deepEqual(verdict.refused, [operations[1]]);
    assert.equal(verdict.refusal?.type, "es_rejected_execution_exception");
    assert.deepEqual(
      verdict.failures.map(({ position, status, error, mayBeApplied }) => [position, status, error.type, mayBeApplied]),
      [
        [2, 409, "version_conflict_engine_exception", false],
        [4, 503, "unavailable_shards_exception", true],
      ],
    );
    assert.match(verdict.failures[0]?.error.message ?? "", /409 \(version_conflict_engine_exception\): exists/);
  });

  it("a conflict after an earlier attempt may be that attempt's own doing", () => {
    const body = { items: [{ create: { status: 409, error: {} } }] };
    const mayBeApplied = (attempts: number) => {
      const verdict = judge({ body, attempts }, [operation(0, "create")]);
      return verdict.next === "items" && verdict.failures[0]?.mayBeApplied;
    };
    assert.deepEqual([mayBeApplied(1), mayBeApplied(2)], [false, true]);
  });

  it("an answer without an item for each operation fails them all, and each may be applied", () => {
    const item = { index: { status: 201 } };
    for (const body of ["no JSON", "null", {}, { items: 2 }, { items: [item] }, { items: [item, item, item] }]) {
      const verdict = judge({ body });
      assert.ok(verdict.next === "failed" && verdict.mayBeApplied, JSON.stringify(body));
      assert.equal(verdict.error.code, "BAD_RESPONSE");
    }
    const verdict = judge({ body: { items: [null, { index: {} }] } });
    assert.ok(verdict.next === "items");
    assert.deepEqual(
      verdict.failures.map(({ mayBeApplied }) => mayBeApplied),
      [true, true],
    );
  });

  it("an answer of another status decides by it whether operations are sent again, halved, failed, or all at an end", () => {
    const nextOf = (status: number, operations = two) => {
      const verdict = judge({ status }, operations);
      return "mayBeApplied" in verdict ? [verdict.next, verdict.mayBeApplied] : [verdict.next];
    };
    assert.deepEqual(nextOf(413), ["split"]);
    assert.deepEqual(nextOf(413, [operation(0)]), ["failed", false]);
    assert.deepEqual(nextOf(429), ["again"]);
    assert.deepEqual(nextOf(400), ["failed", true]);
    assert.deepEqual(nextOf(400, [operation(0)]), ["failed", false]);
    for (const status of [401, 403, 404, 405]) assert.deepEqual(nextOf(status), ["end", false]);
    for (const status of [302, 500, 502, 503, 504]) assert.deepEqual(nextOf(status), ["failed", true]);
  });

  it("an answer of 429 says how long to wait at least, up to a minute", () => {
    const waitOf = (value?: string) => {
      const verdict = judge({ status: 429, headers: value === undefined ? {} : { "retry-after": value } });
      return verdict.next === "again" && verdict.afterMs;
    };
    assert.deepEqual(["3", "9999", "soon", undefined].map(waitOf), [3_000, 60_000, 0, 0]);
  });

  it("a request without an answer is sent again only if it was not sent", () => {
    const nextOf = (code: RollcallErrorCode, sent: "no" | "maybe") => {
      const verdict = judgeBulkError(new RollcallError(code, "m", { sent }));
      return "mayBeApplied" in verdict ? [verdict.next, verdict.mayBeApplied] : [verdict.next];
    };
    for (const code of ["TIMEOUT", "DISCONNECTED", "BAD_RESPONSE", "THREAD"] as const) {
      assert.deepEqual(nextOf(code, "maybe"), ["failed", true]);
    }
    for (const code of ["NO_NODE", "QUEUE_FULL", "TIMEOUT"] as const) assert.deepEqual(nextOf(code, "no"), ["again"]);
    assert.deepEqual(nextOf("ABORTED", "maybe"), ["end", true]);
    assert.deepEqual(nextOf("CLOSED", "no"), ["end", false]);
    const foreign = judgeBulkError(new TypeError("of a mock"));
    assert.ok(foreign.next === "end" && foreign.mayBeApplied);
  });
});

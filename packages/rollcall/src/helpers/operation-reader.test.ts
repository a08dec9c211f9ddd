import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RollcallError } from "@rollcall/worker";
import type { BulkOptions } from "./bulk-types.js";
import { ndjsonOf } from "./operation.js";
import { isFailure, OperationReader } from "./operation-reader.js";

const config = { name: "RollcallError", code: "CONFIG" };

/** What is sent for the items, one text an operation; of one that cannot be sent, its error's message. */
function sentFor(items: readonly unknown[], options: Pick<BulkOptions, "index" | "operation"> = {}): string[] {
  const reader = new OperationReader<unknown>(options);
  const sent = items.flatMap((item) => {
    const read = reader.read(item);
    if (read === undefined) return [];
    return [isFailure(read) ? read.error.message : ndjsonOf([read])];
  });
  reader.end();
  return sent;
}

describe("operations", () => {
  it("operations come from a source as pairs, as objects in turn, or as lines, mixed at will", () => {
    const index = '{"index":{"_id":"1"}}\n{"a":1}\n';
    const items = [
      [{ index: { _id: "1" } }, { a: 1 }],
      { index: { _id: "1" } },
      { a: 1 },
      '{"index":{"_id":"1"}}',
      '{"a":1}',
      { delete: { _id: "1" } },
      '{"delete":{"_id":"1"}}',
      [{ delete: { _id: "1" } }],
    ];
    const gone = '{"delete":{"_id":"1"}}\n';
    assert.deepEqual(sentFor(items), [index, index, index, gone, gone, gone]);
  });

  it("operations that `operation` gives alone write the item itself, and merge it for an update", () => {
    const items = [{ id: 1 }, '{"id":2}'];
    const written = sentFor(items, { operation: () => ({ index: {} }) });
    assert.deepEqual(written, ['{"index":{}}\n{"id":1}\n', '{"index":{}}\n{"id":2}\n']);
    const merged = sentFor(items, { operation: () => ({ update: { _id: "7" } }) });
    assert.deepEqual(
      merged,
      [1, 2].map((id) => `{"update":{"_id":"7"}}\n{"doc":{"id":${id}}}\n`),
    );
    const scripted = sentFor([{ id: 1 }], { operation: () => [{ update: { _id: "7" } }, { script: "s" }] });
    assert.deepEqual(scripted, ['{"update":{"_id":"7"}}\n{"script":"s"}\n']);
    assert.deepEqual(sentFor(items, { operation: () => ({ delete: { _id: "7" } }) }).length, 2);
  });

  it("an item that JSON cannot express fails by its position, and the next ones are read", () => {
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    const bad = [circular, { n: 1n }, new Map(), Promise.resolve(), [1], 7, undefined, null, "", "{\n}"];
    const sent = sentFor([...bad, { a: 1 }], { operation: () => ({ index: {} }) });
    assert.equal(sent.pop(), '{"index":{}}\n{"a":1}\n');
    for (const [at, message] of sent.entries()) assert.match(message, new RegExp(`^the document at position ${at} `));
    assert.equal(sent.length, bad.length);
    const bytes = (text: string) => [[{ index: {} }, Buffer.from(text, "latin1")]];
    assert.deepEqual(sentFor(bytes('{"a":1}')), ['{"index":{}}\n{"a":1}\n']);
    assert.match(sentFor(bytes('{"a":"ö"}'))[0] ?? "", /UTF-8/);
  });

  it("an item that is no operation, and an action without its document, end the reading by one clear error", () => {
    for (const item of [
      {},
      { index: {}, create: {} },
      { insert: {} },
      "{",
      "7",
      null,
      { index: 7 },
      [],
      { index: { n: 1n } },
    ]) {
      assert.throws(() => sentFor([item]), { ...config, message: /^bulk: the operation at position 0 must be one of/ });
    }
    assert.throws(() => sentFor([{ index: {} }]), { ...config, message: /position 0 has no document/ });
    const cause = new Error("mine");
    const operation = () => {
      throw cause;
    };
    assert.throws(
      () => sentFor([{}], { operation }),
      (error) => error instanceof RollcallError && error.cause === cause && /position 0/.test(error.message),
    );
  });

  it("operations may be sent twice only if they write one whole document without a condition", () => {
    const reader = new OperationReader<unknown>({ index: "books" });
    const isRepeatable = (action: object) => {
      const read = reader.read([action, {}]);
      return read !== undefined && !isFailure(read) && read.isRepeatable;
    };
    for (const data of [{ _id: "1" }, { _id: 1, routing: "a" }, { _id: "1", _index: "other", pipeline: "p" }]) {
      assert.equal(isRepeatable({ index: data }), true, JSON.stringify(data));
    }
    const not = [
      {},
      { _id: "" },
      { _id: "1", if_seq_no: 1 },
      { _id: "1", version: 1 },
      { _id: "1", op_type: "create" },
    ];
    for (const data of [...not, { _id: "1", _index: "<logs-{now/d}>" }]) {
      assert.equal(isRepeatable({ index: data }), false, JSON.stringify(data));
    }
    for (const action of ["create", "update", "delete"]) assert.equal(isRepeatable({ [action]: { _id: "1" } }), false);
  });
});

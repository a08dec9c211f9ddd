import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { it } from "node:test";
import { RollcallError } from "@rollcall/worker";
import { bulk } from "./bulk.js";
import type { BulkOptions } from "./bulk-types.js";
import { scriptedPool } from "./scripted-pool.test.support.js";

async function problemsOf(options: object, source: unknown = [], pool: object = scriptedPool(() => ({ body: {} }))) {
  const outcome = await bulk(pool as never, source as never, options as BulkOptions).catch((error: unknown) => error);
  return outcome instanceof RollcallError ? [outcome.code, ...outcome.message.split("\n")] : outcome;
}

it("wrong options of a bulk are one error with a line for each: its name, its value, and what is allowed", async () => {
  const wrong = { chunkBytes: 0, concurrency: 65, onFailed: "f", class: "read", signal: 1, index: "", query: [] };
  assert.deepEqual(await problemsOf(wrong), [
    "CONFIG",
    'bulk.onFailed = "f": must be a function',
    "bulk.signal = 1: must be an AbortSignal",
    "bulk.query = an array: must be an object",
    'bulk.class = "read": must be "repeatable" or "never"',
    "bulk.chunkBytes = 0: must be a whole number from 1 to 100000000",
    "bulk.concurrency = 65: must be a whole number from 1 to 64",
    'bulk.index = "": must be a name that is not empty',
  ]);
});

it("an option of another client's bulk is answered with the name that it has here", async () => {
  assert.deepEqual(
    await problemsOf({ flushBytes: 1, onDocument: () => {}, chunkByte: 1, query: { filter_path: "a" } }),
    [
      "CONFIG",
      "bulk.flushBytes: unknown option; use `bulk.chunkBytes`",
      "bulk.onDocument: unknown option; use `bulk.operation`",
      "bulk.chunkByte: unknown option; did you mean chunkBytes?",
      "bulk.query.filter_path: the helper sets it itself",
    ],
  );
});

it("a bulk without a pool or a source says so, and one of a closed pool is CLOSED before anything is read", async () => {
  assert.deepEqual(await problemsOf({}, 7, {}), [
    "CONFIG",
    "bulk(pool, source) = [redacted]: must be an iterable, an async iterable or a text",
    "bulk(pool, source): pool must be what createPool returns, a child of it, or what a task gets",
  ]);
  const read = Readable.from(["a"]);
  await read.toArray();
  const isRead = "bulk(pool, source): the source is a stream that was read before: it must be a new one";
  assert.deepEqual(await problemsOf({}, read), ["CONFIG", isRead]);
  const source = {
    [Symbol.iterator]() {
      assert.fail("it is read");
    },
  };
  const closed = { ...scriptedPool(() => ({ body: {} })), isClosed: true };
  assert.deepEqual(await problemsOf({}, source, closed), ["CLOSED", "the pool is closed"]);
});

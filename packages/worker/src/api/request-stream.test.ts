import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { describe, it } from "node:test";
import { RollcallError } from "@rollcall/core";
import { settled } from "@rollcall/testing";
import { RequestStream } from "./request-stream.js";

/** A stream whose pieces the test pushes. */
function openSource() {
  const source = new Readable({ read() {}, objectMode: true });
  return { source, body: new RequestStream(source) };
}

const isConfig = (error: unknown) => error instanceof RollcallError && error.code === "CONFIG";

describe("a stream as a request's body", () => {
  it("gives pieces of one turn as one, text as UTF-8, and counts what was taken", async () => {
    const { source, body } = openSource();
    assert.equal(body.hasBegun, false);
    for (const piece of ["ü", Buffer.from("b"), "c"]) source.push(piece);
    assert.equal(Buffer.from((await body.next()) ?? "").toString(), "übc");
    assert.deepEqual([body.hasBegun, body.takenBytes], [true, 4]);
    source.push("later");
    source.push(null);
    assert.equal(Buffer.from((await body.next()) ?? "").toString(), "later");
    assert.deepEqual([await body.next(), body.takenBytes, body.failure], [undefined, 9, undefined]);
  });

  it("joins pieces up to a size only, however many wait", async () => {
    const body = new RequestStream(Readable.from(Array.from({ length: 100 }, () => Buffer.alloc(10_000))));
    const first = await body.next();
    assert.ok((first?.length ?? 0) >= 65_536 && (first?.length ?? 0) < 80_000, `${first?.length}`);
  });

  it("what its source throws, or a piece that is no bytes, is its failure, and closes the source", async () => {
    const thrown = new Error("the file is gone");
    const { source, body } = openSource();
    source.destroy(thrown);
    await assert.rejects(body.next(), thrown);
    assert.equal(body.failure, thrown);
    const other = openSource();
    other.source.push({ a: 1 });
    await assert.rejects(other.body.next(), isConfig);
    assert.ok(isConfig(other.body.failure));
    assert.equal(other.source.destroyed, true);
  });

  it("that is stopped while a piece is awaited rejects, closes its source, and has no failure", async () => {
    const { source, body } = openSource();
    const awaited = body.next();
    await settled();
    body.stop();
    await assert.rejects(awaited, /stopped/);
    await assert.rejects(body.next(), /stopped/);
    assert.deepEqual([body.failure, source.destroyed], [undefined, true]);
  });

  it("a generator is returned when it is stopped", async () => {
    let isReturned = false;
    const lines = async function* () {
      try {
        for (;;) yield "a".repeat(65_536);
      } finally {
        isReturned = true;
      }
    };
    const body = new RequestStream(lines());
    await body.next();
    body.stop();
    await settled();
    assert.equal(isReturned, true);
  });

  it("that was given, read, locked, or is an iterable too is CONFIG", async () => {
    const taken = Readable.from(["a"]);
    new RequestStream(taken).take();
    const read = Readable.from(["a"]);
    await read.toArray();
    const locked = new Blob(["a"]).stream();
    locked.getReader();
    const both = Object.assign([1], { async *[Symbol.asyncIterator]() {} });
    for (const stream of [taken, read, locked, both] as AsyncIterable<unknown>[]) {
      assert.throws(() => new RequestStream(stream), isConfig);
    }
  });
});

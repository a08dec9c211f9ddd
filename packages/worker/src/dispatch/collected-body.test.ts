import assert from "node:assert/strict";
import { test } from "node:test";
import { CollectedBody } from "./collected-body.js";

test("the body of an answer in one chunk is that very chunk, and without any it is empty", () => {
  const chunk = Buffer.from("answer");
  const body = new CollectedBody();
  assert.equal(body.bytes.length, 0);
  body.add(chunk);
  assert.equal(body.bytes, chunk);
  assert.equal(body.byteLength, chunk.length);
});

test("the chunks of a body come in their order, however many there are", () => {
  for (const count of [2, 3, 64, 65, 66, 5_000]) {
    const chunks = Array.from({ length: count }, (_, at) => Buffer.from(`${at},`));
    const body = new CollectedBody();
    for (const chunk of chunks) body.add(chunk);
    assert.equal(body.byteLength, Buffer.concat(chunks).length);
    assert.deepEqual(body.bytes, Buffer.concat(chunks));
  }
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ServedBody } from "./served-body.js";

/** A body in its thread with a window of 100 bytes; `credits` is what main has been given. */
function openBody() {
  const credits: number[] = [];
  return { body: new ServedBody(100, (byteLength) => credits.push(byteLength)), credits };
}

const bytes = (length: number) => new Uint8Array(length);

describe("the body of a request in its thread", () => {
  it("gives main a whole window when it is asked for the first piece, then what is taken, in halves of it", async () => {
    const { body, credits } = openBody();
    assert.deepEqual([body.hasBegun, credits], [false, []]);
    const first = body.next();
    assert.deepEqual([body.hasBegun, credits.splice(0)], [true, [100]]);
    for (const length of [40, 40, 20]) body.piece(bytes(length));
    assert.equal((await first)?.length, 40);
    assert.deepEqual(credits, []);
    assert.equal((await body.next())?.length, 40);
    assert.deepEqual(credits, [80]);
  });

  it("ends after what has come if it is whole", async () => {
    const { body } = openBody();
    body.piece(bytes(1));
    body.end(true);
    assert.deepEqual([(await body.next())?.length, await body.next()], [1, undefined]);
  });

  it("fails if it is broken, without what has come, also for a reader that waits", async () => {
    const { body } = openBody();
    const waits = body.next();
    body.end(false);
    await assert.rejects(waits, /broken/);
    const other = openBody().body;
    other.piece(bytes(1));
    other.end(false);
    await assert.rejects(other.next(), /broken/);
  });

  it("keeps nothing and gives no credit once it was stopped", async () => {
    const { body, credits } = openBody();
    body.stop();
    body.piece(bytes(80));
    await assert.rejects(body.next(), /broken/);
    assert.deepEqual(credits, [100]);
  });
});

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import type { BodySource, SentBody } from "./body-source.js";
import { answer, openRig, startRawServer, summary } from "./dispatch-rig.test.support.js";
import { BodyPacking, type PackedRequest } from "./packed-body.js";

const lines = '{"index":{}}\n{"text":"a word and another word"}\n';

function pack(body: SentBody, packing = new BodyPacking(0, 1)): Promise<PackedRequest | undefined> {
  return new Promise((resolve) => packing.pack({ headers: ["x-own", "1"], body }, resolve));
}

const wants = (aboveBytes: number | undefined, body: SentBody, headers: readonly string[] = []) =>
  new BodyPacking(aboveBytes, 1).wants({ body, headers });

/** Gives these pieces, and then fails if `isBroken`. */
function sourceOf(pieces: readonly Uint8Array[], isBroken = false): BodySource & { taken: number } {
  const left = [...pieces];
  return {
    hasBegun: false,
    taken: 0,
    async next() {
      Object.assign(this, { hasBegun: true, taken: this.taken + 1 });
      if (left.length === 0 && isBroken) throw new Error("the source has failed");
      return left.shift();
    },
    stop() {},
  };
}

async function readAll(body: SentBody): Promise<Buffer> {
  const source = body as BodySource;
  const pieces: Uint8Array[] = [];
  for (let piece = await source.next(); piece !== undefined; piece = await source.next()) pieces.push(piece);
  return Buffer.concat(pieces);
}

describe("packing a request's body", () => {
  it("a body is packed above the size in bytes, a stream always, and none that has a coding already", () => {
    assert.deepEqual(
      [wants(4, "1234"), wants(4, "12345"), wants(4, "éé"), wants(4, "ééé")],
      [false, true, false, true],
    );
    assert.deepEqual([wants(4, Buffer.alloc(4)), wants(4, Buffer.alloc(5))], [false, true]);
    assert.deepEqual([wants(4, sourceOf([])), wants(4, undefined), wants(undefined, "12345")], [true, false, false]);
    assert.equal(wants(4, "12345", ["content-encoding", "zstd"]), false);
  });

  it("a packed body is the body, small or large, as text or bytes, and its headers say so", async () => {
    for (const times of [100, 20_000]) {
      for (const body of [lines.repeat(times), Buffer.from(lines.repeat(times))]) {
        const packed = await pack(body);
        assert.deepEqual(packed?.headers, ["x-own", "1", "content-encoding", "gzip"]);
        assert.equal(gunzipSync(packed.body as Buffer).toString(), lines.repeat(times));
      }
    }
  });

  it("a body that gzip would not make smaller is sent as it is", async () => {
    for (const byteLength of [1_000, 100_000]) assert.equal(await pack(randomBytes(byteLength)), undefined);
  });

  it("the thread pool has a bounded number of bodies: others are sent as they are", async () => {
    const packing = new BodyPacking(0, 1);
    const [small, large] = [lines.repeat(10), lines.repeat(20_000)];
    const first = pack(large, packing);
    assert.equal(await pack(large, packing), undefined);
    assert.ok(await pack(small, packing));
    assert.ok(await first);
    assert.ok(await pack(large, packing));
  });

  it("a body that streams is packed as it is read, whatever its pieces", async () => {
    const property = fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 }),
      async (pieces) => {
        const source = sourceOf(pieces);
        const packed = await pack(source);
        assert.equal(source.hasBegun, false);
        assert.deepEqual(gunzipSync(await readAll(packed?.body)), Buffer.concat(pieces));
      },
    );
    await fc.assert(property, { numRuns: 50 });
  });

  it("a body that streams is read no further than what is taken of it needs", async () => {
    const source = sourceOf(Array.from({ length: 500 }, () => randomBytes(65_536)));
    const packed = (await pack(source))?.body as BodySource;
    await packed.next();
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    assert.ok(source.taken < 10, String(source.taken));
  });

  it("a source that fails makes the packed body fail, not end", async () => {
    const packed = await pack(sourceOf([Buffer.from(lines)], true));
    await assert.rejects(readAll(packed?.body), /the source has failed/);
  });

  it("a request that is cancelled while its body is packed was not sent", async (test) => {
    const server = await startRawServer(test, answer);
    const rig = openRig(test, { settings: { packsAboveBytes: 0 } });
    rig.use(server.origin);
    const call = { method: "POST", body: lines.repeat(20_000) } as const;
    const { pending, result } = rig.begin(call);
    pending.cancel("ABORTED", "the test has done so");
    await pack(call.body);
    assert.equal(summary(await rig.request()).status, 200);
    assert.deepEqual(summary(await result), { code: "ABORTED", sent: "no", attempts: [] });
    const destroyed = rig.begin(call);
    await rig.dispatch.destroy();
    assert.deepEqual(summary(await destroyed.result), { code: "CLOSED", sent: "no", attempts: [] });
    await pack(call.body);
    assert.equal(server.requests.length, 1, "the one that was not cancelled");
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as zlib from "node:zlib";
import { waitUntil } from "@rollcall/testing";
import fc from "fast-check";
import { AnswerUnpacking } from "./answer-unpacking.js";
import { type ContentCoding, readsZstd } from "./content-codings.js";
import type { UnpackedReader } from "./content-decoder.js";
import type { UnreadableContent } from "./unreadable-content.js";

const { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } = zlib;
const { zstdCompressSync } = zlib as unknown as { zstdCompressSync(body: Buffer): Buffer };

interface Packing {
  readonly codings: readonly ContentCoding[];
  readonly pack: (body: Buffer) => Buffer;
  /** A byte that is changed is found. */
  readonly isChecked: boolean;
}

const members = (body: Buffer) => Buffer.concat([gzipSync(body.subarray(0, 7)), gzipSync(body.subarray(7))]);
const packings: Readonly<Record<string, Packing>> = {
  gzip: { codings: ["gzip"], pack: (body) => gzipSync(body), isChecked: true },
  "gzip of two members": { codings: ["gzip"], pack: members, isChecked: true },
  "deflate in the format of zlib": { codings: ["deflate"], pack: (body) => deflateSync(body), isChecked: true },
  "raw deflate": { codings: ["deflate"], pack: (body) => deflateRawSync(body), isChecked: false },
  br: { codings: ["br"], pack: (body) => brotliCompressSync(body), isChecked: false },
  "gzip within br": { codings: ["br", "gzip"], pack: (body) => brotliCompressSync(gzipSync(body)), isChecked: true },
  ...(readsZstd ? { zstd: { codings: ["zstd"], pack: zstdCompressSync, isChecked: false } as const } : {}),
};

/** Takes what comes; `takenMax`: so many bytes, and then holds. */
class Taker implements UnpackedReader {
  readonly pieces: Buffer[] = [];
  bytes = 0;
  isFull = false;
  end: { readonly error: UnreadableContent | undefined } | undefined;
  private wake = () => {};
  readonly whenEnded = new Promise<void>((resolve) => {
    this.wake = resolve;
  });

  piece(bytes: Buffer): void {
    assert.equal(this.end, undefined, "nothing follows the end");
    this.pieces.push(bytes);
    this.bytes += bytes.length;
  }

  full(isFull: boolean): void {
    this.isFull = isFull;
  }

  ended(error?: UnreadableContent): void {
    assert.equal(this.end, undefined, "it ends once");
    this.end = { error };
    this.wake();
  }
}

/** Unpacks `packed`, divided at these places. The body, or the code of its error. */
async function unpack(codings: readonly ContentCoding[], packed: Buffer, borders: readonly number[], asItComes = true) {
  const taker = new Taker();
  const unpacking = new AnswerUnpacking(codings, asItComes, taker);
  const places = [0, ...borders.map((place) => place % (packed.length + 1)).sort((a, b) => a - b), packed.length];
  for (const [at, from] of places.entries())
    if (at + 1 < places.length) unpacking.write(packed.subarray(from, places[at + 1]));
  unpacking.end(true);
  await taker.whenEnded;
  return taker.end?.error?.code ?? Buffer.concat(taker.pieces);
}

const body = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc
    .tuple(fc.string({ minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 9_000 }))
    .map(([text, times]) => Buffer.from(text.repeat(times))),
);
const someBody = body.filter(({ length }) => length > 0);
const borders = fc.array(fc.nat(), { maxLength: 6 });
const runs = { numRuns: 60 };

describe("unpacking an answer", () => {
  for (const [name, { codings, pack, isChecked }] of Object.entries(packings)) {
    it(`${name}, divided anywhere, gives the body, as it comes or at once`, async () => {
      const property = fc.asyncProperty(body, borders, fc.boolean(), async (bytes, places, asItComes) => {
        const given = Buffer.from(bytes);
        assert.deepEqual(await unpack(codings, pack(given), places, asItComes), given);
      });
      await fc.assert(property, runs);
    });

    it(`${name} that is cut anywhere, or goes on, is never given out as whole`, async () => {
      const property = fc.asyncProperty(
        someBody,
        fc.nat(),
        borders,
        fc.boolean(),
        async (bytes, place, places, asItComes) => {
          const packed = pack(Buffer.from(bytes));
          const cut = packed.subarray(0, 1 + (place % (packed.length - 1)));
          // Two members cut between them are one whole member.
          if (name !== "gzip of two members")
            assert.equal(await unpack(codings, cut, places, asItComes), "CONTENT_CUT_SHORT");
          const longer = Buffer.concat([packed, Buffer.from([place % 256, 7])]);
          assert.equal(typeof (await unpack(codings, longer, places, asItComes)), "string");
        },
      );
      await fc.assert(property, runs);
    });

    if (isChecked) {
      it(`${name} with a byte changed is damaged, or its change shows nowhere`, async () => {
        const property = fc.asyncProperty(
          body,
          fc.nat(),
          fc.integer({ min: 1, max: 255 }),
          async (bytes, place, change) => {
            const given = Buffer.from(bytes);
            const packed = pack(given);
            // Not the first two: deflate with another beginning may be one without.
            const at = 2 + (place % (packed.length - 2));
            packed[at] = (packed[at] ?? 0) ^ change;
            const found = await unpack(codings, packed, [], false);
            if (typeof found !== "string") assert.deepEqual(found, given);
          },
        );
        await fc.assert(property, runs);
      });
    }
  }

  it("bytes that are no packed body end with an error that names the coding", async () => {
    const taker = new Taker();
    const unpacking = new AnswerUnpacking(["gzip"], false, taker);
    unpacking.write(Buffer.from("{}"));
    unpacking.end(true);
    assert.equal(taker.end?.error?.message, "the answer is damaged: it is not the gzip that its headers say");
  });

  it("a body of no bytes is empty in any coding", async () => {
    for (const { codings } of Object.values(packings))
      assert.deepEqual(await unpack(codings, Buffer.alloc(0), []), Buffer.alloc(0));
  });

  it("a reader that holds gets a bounded part of a body a thousand times as long as its packed form, and the rest later", async () => {
    const whole = Buffer.alloc(20_000_000, "x");
    for (const codings of [["gzip"], ["br", "gzip"]] as const) {
      const packed = codings.length === 1 ? gzipSync(whole) : brotliCompressSync(gzipSync(whole));
      const taker = new Taker();
      const unpacking = new AnswerUnpacking(codings, true, taker);
      taker.piece = (bytes) => {
        taker.bytes += bytes.length;
        unpacking.hold(true);
      };
      unpacking.write(packed);
      unpacking.end(true);
      await waitUntil("it holds", () => taker.bytes > 0);
      for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
      assert.ok(taker.bytes <= 200_000, String(taker.bytes));
      await waitUntil(
        "all has come",
        () => {
          unpacking.hold(false);
          return taker.end !== undefined;
        },
        { everyMs: 0 },
      );
      assert.deepEqual([taker.bytes, taker.end], [whole.length, { error: undefined }]);
    }
  });

  it("an input that nothing takes is full, and takes more once it is read", async () => {
    const taker = new Taker();
    const unpacking = new AnswerUnpacking(["gzip"], true, taker);
    const packed = gzipSync(Buffer.from(Array.from({ length: 1_500_000 }, (_, at) => (at * at * 31) % 251)), {
      level: 0,
    });
    unpacking.hold(true);
    for (let at = 0; at < packed.length && !taker.isFull; at += 65_536) {
      unpacking.write(packed.subarray(at, at + 65_536));
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(taker.isFull, true);
    unpacking.hold(false);
    await waitUntil("it takes more", () => !taker.isFull);
    unpacking.stop();
  });

  it("of a body whose rest is lost, what has come is given out before its end", async () => {
    const whole = Buffer.from("a line of the answer\n".repeat(50_000));
    const packed = gzipSync(whole);
    const taker = new Taker();
    const unpacking = new AnswerUnpacking(["gzip"], true, taker);
    unpacking.hold(true);
    unpacking.write(packed.subarray(0, packed.length - 9));
    unpacking.end(false);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(taker.end, undefined, "it waits for its reader");
    unpacking.hold(false);
    await taker.whenEnded;
    assert.deepEqual(taker.end, { error: undefined });
    assert.ok(taker.bytes > whole.length - 20_000 && taker.bytes <= whole.length, String(taker.bytes));
  });
});

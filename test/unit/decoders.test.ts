import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import fc from "fast-check";
import { countedBlocks, countedParses, endCounting } from "../support/counted-work.js";
import { damagedDocument, damagedText } from "../support/damaged-documents.js";
import { decoders } from "../support/decoders.js";
import { grownDocuments } from "../support/grown-documents.js";

const longDocumentBytes = 80_000;
/** To count takes time: so many documents are counted together. */
const countedTogether = 12;
/** Blocks of code for a document, and for each byte: a scan byte by byte takes five, and all 4,096 nodes a few each. */
const blocksAtLeast = 100_000;
const blocksPerByte = 7;
/** Texts for `JSON.parse` in a document: name and entry of 4,096 nodes. */
const parsesMax = 10_000;
/** Values, and characters of texts, that come of a byte, and once. */
const sizePerByte = 3;
const sizeAtLeast = 300;

after(endCounting);

describe("what reads the bytes of other programs", () => {
  for (const [name, decoder] of Object.entries(decoders)) {
    const { good } = decoder;
    const isJson = "json" in good;
    const whole = "json" in good ? good.json.map((value) => JSON.stringify(value)) : good.text;
    const damaged = "json" in good ? damagedDocument(good.json) : damagedText(good.text);

    it(`${name}: whatever the bytes are, nothing is thrown, and what is read is no larger than they are`, () => {
      for (const text of fc.sample(whole, 3)) assert.notEqual(decoder.read(Buffer.from(text)), undefined, text);
      const check = (bytes: Uint8Array) => {
        const value = decoder.read(bytes);
        const size = sizeOf(value);
        assert.ok(size <= sizeAtLeast + sizePerByte * bytes.length, `${size} of ${bytes.length} bytes`);
        assert.deepEqual(Object.keys(Object.prototype), []);
        if (value === undefined || decoder.write === undefined) return;
        // What is accepted is what its type says: it is written, and read again to the same.
        assert.deepEqual(decoder.read(decoder.write(value)), value);
      };
      fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), check), { numRuns: 20 });
      fc.assert(fc.property(damaged, check), { numRuns: 80 });
    });

    it(`${name}: the work grows with the bytes and no faster, wherever a document is long`, () => {
      const [text = ""] = fc.sample(whole, { seed: 2, numRuns: 1 });
      const documents = [...grownDocuments(text, isJson, decoder.maxBytes ?? longDocumentBytes)];
      for (let at = 0; at < documents.length; at += countedTogether) {
        const some = documents.slice(at, at + countedTogether);
        const allowed = some.reduce((sum, { length }) => sum + blocksAtLeast + blocksPerByte * length, 0);
        const blocks = countedBlocks(() => {
          for (const bytes of some) {
            const parses = countedParses(() => decoder.read(bytes));
            assert.ok(parses <= parsesMax, `${parses} texts in ${textOf(bytes)}`);
          }
        });
        assert.ok(blocks <= allowed, `${blocks} blocks, ${allowed} allowed, for ${some.map(textOf).join("\n")}`);
      }
    });
  }
});

const textOf = (bytes: Uint8Array) => `${bytes.length} bytes: ${Buffer.from(bytes.subarray(0, 100)).toString()}…`;

/** Values, and characters of texts. */
function sizeOf(value: unknown): number {
  if (typeof value === "string") return value.length;
  if (value instanceof Map) return sizeOf([...value]);
  if (typeof value !== "object" || value === null) return 1;
  return Object.entries(value).reduce((sum, [key, part]) => sum + key.length + sizeOf(part), 1);
}

import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { TextLines } from "./text-lines.js";

it("a text has the same lines wherever its bytes are cut, also within a character", () => {
  const line = fc.string({ unit: "binary" }).map((text) => text.replace(/\s/g, "é"));
  fc.assert(
    fc.property(
      fc.array(line),
      fc.constantFrom("\n", "\r\n", "\n\n"),
      fc.boolean(),
      fc.nat(7),
      (given, end, ends, cut) => {
        const lines = new TextLines();
        const bytes = Buffer.from(given.join(end) + (ends ? end : ""));
        const found: string[] = [];
        for (let at = 0; at < bytes.length; at += cut + 1) found.push(...lines.add(bytes.subarray(at, at + cut + 1)));
        found.push(...lines.end());
        const wanted = given.map((text) => Buffer.from(text).toString().trim()).filter((text) => text !== "");
        assert.deepEqual(found, wanted);
      },
    ),
    { numRuns: 40 },
  );
});

it("a piece of a text may be overwritten once it was added", () => {
  const lines = new TextLines();
  const piece = Buffer.from('{"a":');
  lines.add(piece);
  piece.fill("x");
  assert.deepEqual(lines.add(Buffer.from("1}\n")), ['{"a":1}']);
});

it("a text that is not in UTF-8 is an error, and not another text", () => {
  const latin1 = Buffer.from('{"a":"größe"}\n', "latin1");
  assert.throws(() => new TextLines().add(latin1), /not in UTF-8/);
  const lines = new TextLines();
  assert.deepEqual(lines.add(latin1.subarray(0, 10)), []);
  assert.throws(() => lines.end(), /not in UTF-8/);
});

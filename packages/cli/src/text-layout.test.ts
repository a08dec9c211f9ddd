import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { entry } from "./text-layout.js";

it("paragraphs stand beside their label and wrap between words", () => {
  const text = entry("kept", 11, ["word ".repeat(16).trim(), "second"]);
  assert.equal(
    text,
    [
      "  kept         word word word word word word word word word word word word word",
      "               word word word",
      "               second",
    ].join("\n"),
  );
});

it("every word stays whole and in order, within 80 columns unless one word alone is wider", () => {
  const word = fc.stringMatching(/^[a-z0-9.:]{1,90}$/);
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 40 }), (words) => {
      const lines = entry("label", 11, [words.join(" ")]).split("\n");
      assert.deepEqual(lines.join(" ").split(/ +/).filter(Boolean), ["label", ...words]);
      for (const line of lines) assert.ok(line.length <= 80 || line.slice(15).split(" ").length === 1, line);
    }),
  );
});

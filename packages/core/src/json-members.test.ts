import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { membersOf, parseMember } from "./json-members.js";
import { count, finish } from "./steps.test.support.js";

const bytesOf = (text: string) => new TextEncoder().encode(text);

/** The object, member by member; undefined where the text is none. */
function read(text: string, membersMax = 1_000): Record<string, unknown> | undefined {
  const bytes = bytesOf(text);
  const members = finish(membersOf(bytes, { from: 0, to: bytes.length }, membersMax));
  return members && Object.fromEntries([...members].map(([name, range]) => [name, parseMember(bytes, range)]));
}

it("the members of any JSON object are found as JSON.parse finds them, however it is indented", () => {
  const object = fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue());
  fc.assert(
    fc.property(object, fc.constantFrom("", " ", "\t", "\r\n"), (value, space) => {
      const text = `${space}${JSON.stringify(value, undefined, space)}${space}`;
      assert.deepEqual(read(text), Object.fromEntries(Object.entries(JSON.parse(text) as object)));
    }),
    { numRuns: 1_000 },
  );
});

it("of members of one name the last counts, as in JSON.parse", () => {
  assert.deepEqual(read('{"a":1,"a":{"b":[2]}}'), { a: { b: [2] } });
});

it("text that is no object, does not end, or goes on is refused, and nothing throws", () => {
  for (const text of [
    "",
    "[]",
    "{",
    '{"a',
    '{"a"',
    '{"a":',
    '{"a":1',
    '{"a":[1}',
    '{"a":1,',
    "{a:1}",
    "{} {}",
    "{1:2}",
  ]) {
    assert.equal(read(text), undefined, text);
  }
  assert.equal(read('{"a":1,"b":2}', 1), undefined);
  const damaged = fc.array(fc.constantFrom(...'{}[]",:\\ a1'), { maxLength: 30 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(damaged, (text) => void read(text)),
    { numRuns: 2_000 },
  );
});

it("megabytes of nested lists are passed over in many steps", () => {
  const text = `{"deep":${"[".repeat(2_000_000)}${"]".repeat(2_000_000)},"wide":[${"[],".repeat(1_000_000)}[]],"a":1}`;
  const bytes = bytesOf(text);
  const { result, pauses } = count(membersOf(bytes, { from: 0, to: bytes.length }, 10));
  assert.deepEqual([...(result?.keys() ?? [])], ["deep", "wide", "a"]);
  assert.ok(pauses >= 50, `${pauses} pauses`);
});

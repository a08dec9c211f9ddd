import assert from "node:assert/strict";
import { it } from "node:test";
import type { WriteOutcome } from "./messages.js";
import { wrongWrites } from "./wrong-writes.js";

const lost: WriteOutcome = {
  write: { kind: "post", index: "w-1", items: 1 },
  outcome: { code: "DISCONNECTED", sent: "maybe", message: "", attempts: 1 },
};
const refused: WriteOutcome = {
  write: { kind: "post", index: "w-2", items: 1 },
  outcome: { code: "QUEUE_FULL", sent: "no", message: "", attempts: 0 },
};

it("a write without an answer may be done once or not at all, and one that was not sent is not done", () => {
  assert.deepEqual(wrongWrites([lost, refused], new Map()), []);
  assert.deepEqual(wrongWrites([lost, refused], new Map([["w-1/a", 1]])), []);
  const wrong = wrongWrites(
    [lost, refused],
    new Map([
      ["w-1/a", 1],
      ["w-1/b", 1],
      ["w-2/a", 1],
    ]),
  );
  assert.deepEqual(
    wrong.map((text) => text.split(":")[0]),
    ["the post of w-1 was done more than once", "the post of w-2 was said not to be sent, and was done"],
  );
});

it("a write that may be repeated is done as often as its error names attempts, if it names any", () => {
  const put = (attempts: number): WriteOutcome => ({
    write: { kind: "put", index: "w-3", items: 1 },
    outcome: { code: "TIMEOUT", sent: "maybe", message: "", attempts },
  });
  const done = (times: number) => new Map([["w-3/a", times]]);
  assert.deepEqual([wrongWrites([put(2)], done(2)), wrongWrites([put(0)], done(1))], [[], []]);
  assert.equal(wrongWrites([put(1)], done(2)).length, 1);
});

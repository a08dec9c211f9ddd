import assert from "node:assert/strict";
import { it } from "node:test";
import { NumberedLists } from "./numbered-lists.js";

const version = (sequence: number) => ({ epoch: 1, leader: "a", sequence });

it("the newest list numbers lead to the versions of their views, and those before the first view to none", () => {
  const lists = new NumberedLists();
  lists.note(1, undefined);
  for (let number = 2; number <= 100; number++) lists.note(number, version(number));
  assert.deepEqual(lists.versionOf(100), version(100));
  assert.deepEqual(lists.versionOf(37), version(37));
  assert.equal(lists.versionOf(36), undefined);
  assert.equal(lists.versionOf(1), undefined);
});

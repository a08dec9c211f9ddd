import assert from "node:assert/strict";
import { it } from "node:test";
import { NumberedLists } from "./numbered-lists.js";

const version = (sequence: number) => ({ epoch: 1, leader: "a", sequence });

it("tells which view a number stands for, for the newest numbers, and for none before the first view", () => {
  const lists = new NumberedLists();
  lists.note(1, undefined);
  for (let number = 2; number <= 100; number++) lists.note(number, version(number));
  assert.deepEqual(lists.versionOf(100), version(100));
  assert.deepEqual(lists.versionOf(37), version(37));
  assert.equal(lists.versionOf(36), undefined);
  assert.equal(lists.versionOf(1), undefined);
});

import assert from "node:assert/strict";
import { it } from "node:test";
import { durationText } from "./duration-text.js";

it("a duration is shown in one unit, and never as more than it is", () => {
  const minute = 60_000;
  const cases: readonly (readonly [number, string])[] = [
    [-5, "0 s"],
    [0, "0 s"],
    [999, "0.9 s"],
    [9_999, "9.9 s"],
    [10_999, "10 s"],
    [119_999, "119 s"],
    [2 * minute, "2 min"],
    [120 * minute - 1, "119 min"],
    [120 * minute, "2 h"],
    [48 * 60 * minute, "2 d"],
    [400 * 24 * 60 * minute, "400 d"],
  ];
  for (const [ms, text] of cases) assert.equal(durationText(ms), text);
});

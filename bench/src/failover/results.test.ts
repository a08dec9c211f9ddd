import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Figures } from "./figures.js";
import { perSecond, resultsTable } from "./results.js";

const figures = (some: Partial<Figures> = {}): Figures => ({
  requests: 1_000,
  errors: new Map(),
  slowestMs: 50,
  worstSecond: 0.9,
  sniffs: 3,
  troubleMs: 0,
  informedMs: 800,
  firstUseMs: 2_000,
  fullShareMs: 30_000,
  healthyP99Ms: 40,
  grayP99Ms: 50,
  grayShare: 0.005,
  slowCalls: 0,
  cpuMsPerCall: 0.5,
  perSecond: [],
  ...some,
});

const row = (table: string, label: string) =>
  table
    .split("\n")
    .find((line) => line.startsWith(`| ${label} |`))
    ?.split("|")
    .slice(2, -1)
    .map((cell) => cell.trim());

describe("resultsTable", () => {
  it("shows medians over the rounds, and adds up errors by kind", () => {
    const rounds = [
      figures({ slowestMs: 10, errors: new Map([["TIMEOUT", 1]]) }),
      figures({
        slowestMs: 900,
        errors: new Map([
          ["TIMEOUT", 1],
          ["RESET", 5],
        ]),
      }),
      figures({ slowestMs: 70 }),
    ];
    const shown = row(resultsTable("outage", [{ label: "one", rounds }], {}), "one");
    assert.deepEqual(shown?.slice(0, 5), ["1000", "7 (5 RESET, 2 TIMEOUT)", "70 ms", "0", "90 %"]);
  });

  it("distinguishes what was not counted, not reported and not seen from zero", () => {
    const rounds = [figures({ sniffs: undefined, informedMs: undefined, fullShareMs: Number.POSITIVE_INFINITY })];
    const shown = row(resultsTable("outage", [{ label: "one", rounds }], {}), "one");
    assert.deepEqual(shown?.slice(5), ["not counted", "0.0 s", "–", "2.0 s", "not seen", "0.50 ms"]);
  });

  it("takes a round that never got there for the longest", () => {
    const fullShare = (...times: number[]) => {
      const rounds = times.map((fullShareMs) => figures({ fullShareMs }));
      return row(resultsTable("outage", [{ label: "one", rounds }], {}), "one")?.at(-2);
    };
    const never = Number.POSITIVE_INFINITY;
    assert.equal(fullShare(1_000, 2_000, never), "2.0 s");
    assert.equal(fullShare(1_000, never, never), "not seen");
    assert.equal(fullShare(never, never), "not seen");
  });

  it("puts the goals below, under their columns", () => {
    const table = resultsTable("gray", [{ label: "one", rounds: [figures()] }], { p99: "1.5", grayShare: "1 %" });
    assert.deepEqual(row(table, "one")?.slice(2, 4), ["50 ms / 40 ms = 1.25", "0.5 %"]);
    assert.deepEqual(row(table, "*goal for Rollcall*"), ["", "", "≤ 1.5", "≤ 1 %", "", "", "", "", "", ""]);
  });
});

describe("perSecond", () => {
  it("takes the middle of each second, as far as all rounds go", () => {
    const rounds = [
      [1, 5, 9],
      [2, 4],
      [3, 9, 9, 9],
    ].map((seconds) => figures({ perSecond: seconds }));
    assert.deepEqual(perSecond(rounds), [2, 5]);
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inBlocks } from "./blocks.js";
import { comparisonTable, ratioOf } from "./comparison-table.js";

const block = (before: readonly [number, number], after: readonly [number, number]) => ({ before, after });

describe("bench compare", () => {
  it("two builds are measured in the order A B B A, B A A B", async () => {
    const order: string[] = [];
    const blocks = await inBlocks(2, async (build) => order.push(build));
    assert.deepEqual(order, ["before", "after", "after", "before", "after", "before", "before", "after"]);
    assert.deepEqual(blocks, [block([1, 4], [2, 3]), block([6, 7], [5, 8])]);
  });

  it("a ratio beyond the noise in every block is worse or better, any other is the same", () => {
    for (const [blocks, verdict] of [
      [[block([10, 11], [15, 16]), block([10, 10], [14, 15])], "**worse**"],
      [[block([15, 16], [10, 11]), block([14, 15], [10, 10])], "better"],
      [[block([10, 11], [10.2, 11]), block([10, 11], [10.5, 11])], "same"],
      [[block([10, 11], [20, 21]), block([10, 11], [9, 10])], "same"],
      [[block([10, 30], [12, 31]), block([10, 30], [13, 33])], "same"],
      [[block([0, 0], [0, 0])], "same"],
      [[block([0, 0], [3, 3])], "**worse**"],
      [[block([Infinity, Infinity], [Infinity, Infinity])], "same"],
    ] as const) {
      assert.equal(ratioOf(blocks).verdict, verdict, JSON.stringify(blocks));
    }
  });

  it("the table shows medians, the ratio with its least and most, and the noise", () => {
    const blocks = [block([10, 12], [11, 11]), block([10, 10], [20, 20])];
    const rows = comparisonTable([{ what: "CPU", unit: " us", digits: 1, blocks }]).split("\n");
    assert.equal(rows[2], "| CPU | 10.0 us | 15.5 us | 1.50 [1.00, 2.00] | ± 0 % | same |");
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Chart, throughputChart } from "./chart.js";

const chart = (some: Partial<Chart> = {}): Chart => ({
  title: "A frozen node",
  unit: "answers a second",
  lines: [
    { label: "steady", perSecond: [100, 100, 100, 100] },
    { label: "stands still", perSecond: [100, 0, 0, 100] },
  ],
  faults: [{ fromSecond: 1, toSecond: 3 }],
  ...some,
});

/** The points of each line, as numbers. */
function pointsOf(svg: string): [number, number][][] {
  return [...svg.matchAll(/ points="([^"]*)"/g)].map(([, points = ""]) =>
    points.split(" ").map((point) => {
      const [x = Number.NaN, y = Number.NaN] = point.split(",").map(Number);
      return [x, y];
    }),
  );
}

describe("throughputChart", () => {
  it("draws a point for each second, higher for more", () => {
    const [steady = [], still = []] = pointsOf(throughputChart(chart()));
    assert.deepEqual([steady.length, still.length], [4, 4]);
    const heights = (points: [number, number][]) => points.map(([, y]) => y);
    assert.equal(new Set(heights(steady)).size, 1);
    const [before = 0, during = 0, , after = 0] = heights(still);
    // Down is up in SVG.
    assert.ok(during > before && before === after);
    assert.ok(steady.every(([x], at) => at === 0 || x > (steady[at - 1]?.[0] ?? 0)));
  });

  it("shades the fault between the seconds that it touches", () => {
    const svg = throughputChart(chart());
    const [, x, width] = /class="fault" x="([\d.]+)" y="\d+" width="([\d.]+)"/.exec(svg) ?? [];
    const [[, [second] = [0, 0], , [last] = [0, 0]] = []] = pointsOf(svg);
    assert.ok(Number(x) < second && Number(x) + Number(width) > second && Number(x) + Number(width) < last);
  });

  it("names axes, lines and ticks, and escapes what would be markup", () => {
    const svg = throughputChart(chart({ title: "a < b & c", lines: [{ label: 'the "best"', perSecond: [3] }] }));
    for (const text of ["a &lt; b &amp; c", "the &quot;best&quot;", ">seconds<", ">answers a second<", ">0<"]) {
      assert.ok(svg.includes(text), text);
    }
    assert.doesNotMatch(svg.replaceAll(/&(amp|lt|gt|quot);/g, ""), /&/);
  });

  it("stays below 20 KB for three lines of two minutes", () => {
    const perSecond = Array.from({ length: 120 }, (_, second) => 1_000 + second * 7.3);
    const lines = ["one", "two", "three"].map((label) => ({ label, perSecond }));
    assert.ok(Buffer.byteLength(throughputChart(chart({ lines }))) < 20_000);
  });

  it("draws no lines, and nothing but zeros, without dividing by nothing", () => {
    for (const lines of [[], [{ label: "dead", perSecond: [0, 0] }]]) {
      assert.doesNotMatch(throughputChart(chart({ lines })), /NaN|Infinity/);
    }
  });
});

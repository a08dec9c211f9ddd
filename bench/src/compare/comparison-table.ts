import { table } from "../report.js";
import { median } from "../statistics.js";
import type { Block } from "./blocks.js";

/** A figure of which less is better. Infinity stands for "not seen". */
export interface Comparison {
  readonly what: string;
  readonly unit: string;
  readonly digits: number;
  readonly blocks: readonly Block<number>[];
}

export type Verdict = "same" | "better" | "**worse**";

/** The ratio after to before. */
export interface Ratio {
  readonly median: number;
  /** Of the blocks. */
  readonly least: number;
  readonly most: number;
  /** How far two runs of one build in one block are apart, as a part of the smaller one; the median over all pairs. */
  readonly noise: number;
  /** "same" unless the ratio differs from 1 by more than the noise, and every block differs in that direction. */
  readonly verdict: Verdict;
}

export function ratioOf(blocks: readonly Block<number>[]): Ratio {
  const ratios = blocks.map(({ before, after }) => quotient(sum(after), sum(before)));
  const noise = median(
    blocks.flatMap(({ before, after }) =>
      [before, after].map((pair) => quotient(Math.max(...pair), Math.min(...pair)) - 1),
    ),
  );
  const middle = median(ratios);
  const [least, most] = [Math.min(...ratios), Math.max(...ratios)];
  const verdict =
    middle > 1 + noise && least > 1 ? "**worse**" : 1 / middle > 1 + noise && most < 1 ? "better" : "same";
  return { median: middle, least, most, noise, verdict };
}

export function comparisonTable(comparisons: readonly Comparison[]): string {
  return table(
    ["", "before", "after", "after / before", "noise", ""],
    comparisons.map(({ what, unit, digits, blocks }) => {
      const shown = (values: readonly number[]) => {
        const value = median(values);
        return Number.isFinite(value) ? `${value.toFixed(digits)}${unit}` : "not seen";
      };
      const { median: middle, least, most, noise, verdict } = ratioOf(blocks);
      return [
        what,
        shown(blocks.flatMap(({ before }) => before)),
        shown(blocks.flatMap(({ after }) => after)),
        `${middle.toFixed(2)} [${least.toFixed(2)}, ${most.toFixed(2)}]`,
        noise > 1 ? "> 100 %" : `± ${(noise * 100).toFixed(0)} %`,
        verdict,
      ];
    }),
  );
}

function sum([first, second]: readonly [number, number]): number {
  return first + second;
}

/** 1 for equal values, 0 and Infinity among them. */
function quotient(a: number, b: number): number {
  return a === b ? 1 : a / b;
}

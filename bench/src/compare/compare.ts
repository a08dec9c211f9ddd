import { resolve } from "node:path";
import { checkBuilt, commitOf } from "../checkout.js";
import { type Report, root } from "../report.js";
import { compareFailover } from "./failover-comparison.js";
import { compareFleet } from "./fleet-comparison.js";
import { compareHotPath } from "./hot-path-comparison.js";

export interface CompareOptions {
  readonly quick: boolean;
  /** A built checkout; "after" is this repository. */
  readonly before: string;
  /** Blocks of failover and fleet. Default 3, which takes about a quarter of an hour. */
  readonly blocks?: number;
}

/** Compares two builds in one run. @throws if `before` is not built */
export async function compare({ quick, before, blocks: wanted = 3 }: CompareOptions): Promise<Report> {
  const checkouts = { before: resolve(before), after: root };
  checkBuilt(checkouts.before);
  const blocks = quick ? 1 : wanted;
  const sections = [
    await compareHotPath(
      checkouts,
      quick ? { blocks: 1, forMs: 200, warmUpMs: 300 } : { blocks: 4 * blocks, forMs: 350, warmUpMs: 2_000 },
    ),
    await compareFailover(checkouts, blocks),
    await compareFleet(checkouts, blocks, quick ? 2_000 : 10_000),
  ];
  const body =
    `Commit ${commitOf(checkouts.before)} before, commit ${commitOf(root)} after, in turns in one run: a block is before, ` +
    "after, after, before, or the other way round. Less is better everywhere.\n\n" +
    "- *before*, *after*: medians\n" +
    "- *after / before*: the median of the blocks, in brackets the least and the most\n" +
    "- *noise*: how far two runs of the same build in one block are apart, the median of all such pairs\n" +
    "- *worse*, *better*: the ratio differs from 1 by more than the noise, and every block differs in that direction\n\n" +
    sections.join("\n");
  return { title: "Before and after", body };
}

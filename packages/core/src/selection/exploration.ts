import type { NodeReader } from "./node-reader.js";
import { penalizedAbove } from "./penalties.js";

/** One request in so many may go to a penalized node. */
const requestsPerTry = 200;
/** A node that got a request within this time is not explored. */
const unusedMs = 1_000;

/**
 * Sends a few requests to penalized nodes to measure whether they have recovered: at most one in 200, and at most one a
 * second to each node. Without them, a node that draws no requests would keep its old penalty for long.
 *
 * For first attempts of Reads only: if one is slow or fails, another node answers it. One instance for each thread.
 */
export class Exploration {
  private saved = 0;
  private turn = 0;

  /** To be called once for each request that may explore. The slot it explores; undefined if it is picked as usual. */
  next(reader: NodeReader, nowMs: number): number | undefined {
    if (this.saved < requestsPerTry) this.saved++;
    if (this.saved < requestsPerTry) return undefined;
    const { eligible } = reader.roster;
    // Each request checks one node, in turn, so that the cost is the same with three nodes and with three thousand.
    this.turn = this.turn + 1 < eligible.length ? this.turn + 1 : 0;
    const slot = eligible[this.turn];
    if (slot === undefined || reader.penaltyOf(slot) <= penalizedAbove) return undefined;
    if (nowMs - reader.begunAtMs(slot) < unusedMs || !reader.hasRoom(slot)) return undefined;
    this.saved = 0;
    return slot;
  }
}

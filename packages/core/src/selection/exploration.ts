import type { NodeReader } from "./node-reader.js";
import { penalisedAbove } from "./penalties.js";

/** One request in so many may be spent on a penalised node. */
const requestsPerTry = 200;
/** A node that got a request so recently needs no try. */
const unusedMs = 1_000;

/**
 * Sends a few requests to penalised nodes, to see whether they have recovered: at most one in 200, and to each node at
 * most one a second. Without them a node that draws no requests would be judged by its past for long.
 *
 * For first attempts of Reads alone: they may be slow or fail, and then another node answers them. One for each thread.
 */
export class Exploration {
  private saved = 0;
  private turn = 0;

  /** To be asked once for each request that may explore. The node that it is to try; undefined for any other pick. */
  next(reader: NodeReader, nowMs: number): number | undefined {
    if (this.saved < requestsPerTry) this.saved++;
    if (this.saved < requestsPerTry) return undefined;
    const { eligible } = reader.roster;
    // One node a request is looked at, in turn, so that it costs the same among three nodes and three thousand.
    this.turn = this.turn + 1 < eligible.length ? this.turn + 1 : 0;
    const slot = eligible[this.turn];
    if (slot === undefined || reader.penaltyOf(slot) <= penalisedAbove) return undefined;
    if (nowMs - reader.begunAtMs(slot) < unusedMs || !reader.hasRoom(slot)) return undefined;
    this.saved = 0;
    return slot;
  }
}

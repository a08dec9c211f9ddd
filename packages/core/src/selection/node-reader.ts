import type { Roster } from "./eligible.js";

/**
 * What a pick reads from the node table. Each method is called for several nodes of every request: it should read one
 * word and allocate nothing.
 */
export interface NodeReader {
  /** The nodes that may get a request now; made anew whenever a node changes. */
  readonly roster: Roster;
  /** The probability, above 0, with which the node takes part in a draw: below 1 during slow start. */
  weightOf(slot: number): number;
  inFlightOf(slot: number): number;
  /** Whether the node can take one more request: not all of its connections are in use. */
  hasRoom(slot: number): boolean;
  /**
   * When the node last refused a connection, or reset a new one before its first byte, in monotonic milliseconds;
   * -Infinity if it never did, or has answered since.
   */
  refusedAtMs(slot: number): number;
  /**
   * What multiplies the cost of a request at the node: 1 in good standing, more while it is slow or fails
   * (penalties.ts).
   */
  penaltyOf(slot: number): number;
  /** When an attempt at the node last began, in monotonic milliseconds; 0 if none did. */
  begunAtMs(slot: number): number;
}

import type { Roster } from "./eligible.js";

/**
 * The node table as a pick sees it. Its methods are called for every request and several nodes each: they should read a
 * word and allocate nothing.
 */
export interface NodeReader {
  /** Who may get a request now; made again whenever a candidate changes. */
  readonly roster: Roster;
  /** The probability, above 0, with which the node takes part in a draw: below 1 while it is eased in. */
  weightOf(slot: number): number;
  inFlightOf(slot: number): number;
  /** Whether one more request may be sent now: not every connection that is allowed is taken. */
  hasRoom(slot: number): boolean;
  /** When the node last refused a connection, in monotonic milliseconds; -Infinity if it never did. */
  refusedAtMs(slot: number): number;
  /** What multiplies the cost of a request at the node: 1 in good standing, more while it is slow or fails (penalties.ts). */
  penaltyOf(slot: number): number;
  /** When an attempt at the node last began, in monotonic milliseconds; 0 if none did. */
  begunAtMs(slot: number): number;
}

import type { NodeReader } from "../selection/node-reader.js";

/** What the rule reads and writes of the nodes. */
export interface HedgeReader extends NodeReader {
  /** When this thread last had a byte of the node, in monotonic milliseconds; -Infinity if it never had one. */
  lastByteAtMs(slot: number): number;
  /** When a Read last waited too long at the node, without a byte of it; -Infinity if none did. */
  suspectedAtMs(slot: number): number;
  suspect(slot: number, nowMs: number): void;
}

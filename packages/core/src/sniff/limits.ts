import { nodeLimits } from "../view/node-limits.js";

/**
 * The most that is accepted of a sniff answer. A healthy cluster stays far below each limit; what exceeds one was not
 * written by a healthy cluster. Lengths are in characters.
 */
export const sniffLimits = {
  ...nodeLimits,
  /** Of an answer's body. Text is counted in characters, bytes in bytes. */
  bodyMaxLength: 16 * 1024 * 1024,
  /** Of the entry of one node: twice what all of its texts can have. */
  entryMaxBytes: 262_144,
  /** Of a publish address with all that may stand around it. */
  addressMaxLength: 512,
  /** Bound addresses that are read if a node names no publish address. */
  boundAddressesMax: 16,
  /** Of a text from outside that a reason repeats. */
  shownMaxLength: 120,
} as const;

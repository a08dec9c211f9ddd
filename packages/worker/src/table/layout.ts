import type { Candidate } from "@rollcall/core/selection";

/**
 * The node table: what every thread must know of every node at each request, in one buffer of Int32 words.
 *
 *   header        0 rows        one more than the highest slot in use
 *                 1 version     grows after each change of a shared row
 *   shared rows   one a slot, written by the main thread alone
 *                 0 generation  changes when the slot is given to another node; 0: never used
 *                 1 state       bits 0-1 tier, bits 2-3 mark, bit 4 ejected by this process; 0: not to be used
 *                 2 easedFrom   millisecond tick at which the node began to be eased in
 *                 3 easeMs      over how long; 0: not being eased in
 *   counter rows  one a thread and slot, written by that thread alone
 *                 0 inFlight    attempts under way
 *                 1 answered    whole answers so far, whatever their status; wraps
 *
 * Strings never enter the buffer; they travel as messages.
 */
const headerWords = 2;
const sharedWords = 4;
const counterWords = 2;

export const HeaderWord = { rows: 0, version: 1 } as const;
export const SharedWord = { generation: 0, state: 1, easedFrom: 2, easeMs: 3 } as const;
export const CounterWord = { inFlight: 0, answered: 1 } as const;

export interface TableLayout {
  readonly slots: number;
  readonly threads: number;
}

/** A table with nothing in it. */
export function createTable({ slots, threads }: TableLayout): Int32Array {
  const words = headerWords + slots * sharedWords + threads * slots * counterWords;
  return new Int32Array(new SharedArrayBuffer(words * Int32Array.BYTES_PER_ELEMENT));
}

/** The first word of a slot's shared row. */
export function sharedRow(slot: number): number {
  return headerWords + slot * sharedWords;
}

/** The first word of a thread's counter row for a slot. */
export function counterRow({ slots }: TableLayout, thread: number, slot: number): number {
  return headerWords + slots * sharedWords + (thread * slots + slot) * counterWords;
}

/** Who may get a request, as far as one node decides it. Undefined: nobody is in the slot, or may not be used. */
export type SlotState = Omit<Candidate, "slot">;

const tiers = [undefined, "node", "seed"] as const;
const marks = ["none", "down", "ramp", "drain"] as const;

/** An untouched row is all zeros, so an empty one must be 0. */
export function packState(state: SlotState | undefined): number {
  if (state === undefined) return 0;
  return tiers.indexOf(state.tier) | (marks.indexOf(state.mark) << 2) | (state.ejected ? 16 : 0);
}

export function unpackState(word: number): SlotState | undefined {
  const tier = tiers[word & 3];
  const mark = marks[(word >> 2) & 3];
  return tier === undefined || mark === undefined ? undefined : { tier, mark, ejected: (word & 16) !== 0 };
}

/** A monotonic time as a word. It wraps after 49 days; differences of less than half that stay right. */
export function tickOf(nowMs: number): number {
  return Math.trunc(nowMs) | 0;
}

/** The milliseconds from one tick to a later time. */
export function msSinceTick(tick: number, nowMs: number): number {
  return (tickOf(nowMs) - tick) | 0;
}

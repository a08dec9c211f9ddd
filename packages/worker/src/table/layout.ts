import { errorCodes, latencyBuckets, type RollcallErrorCode } from "@rollcall/core";
import { type HedgeCount, hedgeCounts } from "@rollcall/core/hedging";
import type { SelectableNode } from "@rollcall/core/selection";

/**
 * The node table: what every thread reads of every node at each request, and what it shows of itself, in one buffer of
 * Int32 words.
 *
 *   header        0 rows        one more than the highest slot in use
 *                 1 version     grows after each change of a shared row
 *                 2 topology    the number of the newest list of targets; grows once the list is on its way to threads
 *                 3 barred      1: `selection` leaves none of the listed nodes, so requests fail
 *                 4 connections how many a thread may have to one node, by a budget that a fleet shares; 0: no budget
 *   shared rows   one a slot, written by the main thread alone
 *                 0 generation  changes when the slot is given to another node; 0: never used
 *                 1 state       bits 0-1 tier, bits 2-4 mark, bit 5 ejected by this process; 0: not to be used
 *                 2 slowStartFrom millisecond tick at which its slow start began
 *                 3 slowStartMs how long that lasts; 0: none
 *   thread rows   one a thread, written by that thread
 *                 0 heartbeat   millisecond tick at which its loop last turned
 *                 1 applied     the number of the list of targets that it sends by
 *                 2 queued      requests that wait there for a connection
 *                 3 retries     * attempts beyond the first of a call
 *                 4 requests    * requests that its tasks have made,
 *                 5 answered    * those of them that were answered
 *                 6 runningSince  millisecond tick since which its loop has run without a stall
 *                 7 waits       * how often a request has waited there for a connection,
 *                 8 waitedMs    * and how long in all
 *                 9 retriesLeft  what is left of its share of the retry budget
 *                10 reroutes    * Reads that left a stalled node
 *                11 writeWaits  * how often a write has waited, for a connection or for its next attempt
 *                12 inFlightMax  how many attempts may be in flight from there; 0: no limit but that of connections
 *                13 debtMs      how long requests have waited there, less a quarter of the time in which none did
 *                14 expectedWaitMs  how long one that comes now would wait
 *                15 refusedFull * requests refused on arrival, because as many waited as may,
 *                16 refusedLate * because their time would have been over,
 *                17 refusedStanding * because the queue stood
 *                18 failures    * the others of 4, a word for each error code
 *                36 hedges      * what is counted of hedges, a word for each of `hedgeCounts`
 *                44 awaited     at how many nodes an attempt is in flight: while at none, no counter row need be looked at
 *   counter rows  one a thread and slot, written by that thread
 *                 0 inFlight    attempts in flight
 *                 1 openSockets
 *                 2 requests    * attempts
 *                 3 answers     * whole answers, whatever their status
 *                 4 failures    * attempts that ended without one
 *                 5 errorStatuses * answers with 429 or 5xx
 *                 6 oldest      + when the oldest attempt in flight began,
 *                 7 newest      + and the newest
 *                 8 lastByte    + when a byte of an answer last came
 *                 9 handshakeMs how long the last connection took to open, with TLS; 0: none did
 *                10 penalty     the factor by which the thread avoids the node, in hundredths; 0: not compared yet
 *                11 penaltyCause  why, as penalty-words.ts packs it; 0: no penalty
 *                12 connects    * connections that have opened,
 *                13 connectMs   * and how long that took in all
 *                14 comparedAt  + when 10 and 11 were written
 *
 *   latency rows  one a thread and slot, written by that thread: answers by their latency, a word for each bucket. They
 *                 are never taken and may wrap: only their growth counts
 *
 * Counts with a star are taken: the main thread swaps them for 0 and adds them up as doubles, so that no count is lost,
 * wraps, or is counted twice, whether threads live or die. Times with a plus are stamps: ticks, but 0 for none. What is
 * written for every request and not taken has one writer, and is stored plainly: a word is read whole in any case.
 * Strings never enter the buffer; they travel as messages.
 */
const headerWords = 5;
const sharedWords = 4;
/** Three cache lines, and one: at most two threads share a line that they write all the time. */
const threadWords = 48;
export const counterWords = 16;

export const HeaderWord = { rows: 0, version: 1, topology: 2, barred: 3, connections: 4 } as const;
export const SharedWord = { generation: 0, state: 1, slowStartFrom: 2, slowStartMs: 3 } as const;
export const ThreadWord = {
  heartbeat: 0,
  applied: 1,
  queued: 2,
  retries: 3,
  requests: 4,
  answered: 5,
  runningSince: 6,
  waits: 7,
  waitedMs: 8,
  retriesLeft: 9,
  reroutes: 10,
  writeWaits: 11,
  inFlightMax: 12,
  debtMs: 13,
  expectedWaitMs: 14,
  refusedFull: 15,
  refusedLate: 16,
  refusedStanding: 17,
  /** The first of them, in the order of `errorCodes`. */
  failures: 18,
  /** The first of them, in the order of `hedgeCounts`. */
  hedges: 36,
  awaited: 44,
} as const;
export const CounterWord = {
  inFlight: 0,
  openSockets: 1,
  requests: 2,
  answers: 3,
  failures: 4,
  errorStatuses: 5,
  oldest: 6,
  newest: 7,
  lastByte: 8,
  handshakeMs: 9,
  penalty: 10,
  penaltyCause: 11,
  connects: 12,
  connectMs: 13,
  comparedAt: 14,
} as const;

export const refusedWords = { full: "refusedFull", late: "refusedLate", standing: "refusedStanding" } as const;

/** What is counted of a pool's requests: each one taken on, and its end, answered or with an error's code. */
export type CountedEvent = "requests" | "answered" | RollcallErrorCode;

/** The word of a thread's row in which it counts its tasks' requests that failed with this code. */
export function failureWord(code: RollcallErrorCode): number {
  return ThreadWord.failures + errorCodes.indexOf(code);
}

/** The word of a thread's row for one count of its hedges. */
export function hedgeWord(what: HedgeCount): number {
  return ThreadWord.hedges + hedgeCounts.indexOf(what);
}

export interface TableLayout {
  readonly slots: number;
  readonly threads: number;
}

/** A table with nothing in it. */
export function createTable({ slots, threads }: TableLayout): Int32Array {
  const words = headerWords + slots * sharedWords + threads * (threadWords + slots * (counterWords + latencyBuckets));
  return new Int32Array(new SharedArrayBuffer(words * Int32Array.BYTES_PER_ELEMENT));
}

/** The first word of a slot's shared row. */
export function sharedRow(slot: number): number {
  return headerWords + slot * sharedWords;
}

/** The first word of a thread's own row. */
export function threadRow({ slots }: TableLayout, thread: number): number {
  return headerWords + slots * sharedWords + thread * threadWords;
}

/** The first word of a thread's counter row for a slot. */
export function counterRow({ slots, threads }: TableLayout, thread: number, slot: number): number {
  return headerWords + slots * sharedWords + threads * threadWords + (thread * slots + slot) * counterWords;
}

/** The first word of a thread's latency row for a slot. */
export function latencyRow(layout: TableLayout, thread: number, slot: number): number {
  return counterRow(layout, layout.threads, 0) + (thread * layout.slots + slot) * latencyBuckets;
}

/** What decides whether the slot's node is eligible. Undefined: the slot is empty, or its node may not be used. */
export type SlotState = Omit<SelectableNode, "slot">;

const ejectedBit = 32;
const tiers = [undefined, "node", "seed", "preferred"] as const;
const marks = ["none", "unverified", "slow-start", "draining", "down", "drained", "unproven"] as const;

/** An untouched row is all zeros, so an empty one must be 0. */
export function packState(state: SlotState | undefined): number {
  if (state === undefined) return 0;
  return tiers.indexOf(state.tier) | (marks.indexOf(state.mark) << 2) | (state.ejected ? ejectedBit : 0);
}

export function unpackState(word: number): SlotState | undefined {
  const tier = tiers[word & 3];
  const mark = marks[(word >> 2) & 7];
  return tier === undefined || mark === undefined ? undefined : { tier, mark, ejected: (word & ejectedBit) !== 0 };
}

/** A monotonic time as a word. It wraps after 49 days; differences of less than half that stay right. */
export function tickOf(nowMs: number): number {
  return Math.trunc(nowMs) | 0;
}

/** The milliseconds from one tick to a later time. */
export function msSinceTick(tick: number, nowMs: number): number {
  return (tickOf(nowMs) - tick) | 0;
}

/** A time as a word that is never 0. */
export function stampOf(nowMs: number): number {
  return tickOf(nowMs) || -1;
}

/**
 * The time of a stamp, at most 2 ms early and never late; undefined for 0, and for one so old that ticks have wrapped.
 */
export function stampedMs(stamp: number, nowMs: number): number | undefined {
  if (stamp === 0) return undefined;
  const elapsedMs = msSinceTick(stamp, nowMs);
  return elapsedMs < -clocksApartMs ? undefined : Math.trunc(nowMs) - elapsedMs;
}

/** A clock may have been read just before another thread wrote the stamp. */
const clocksApartMs = 1_000;

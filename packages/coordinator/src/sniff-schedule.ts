import type { Random } from "@rollcall/core";

/** When the cluster is asked for its list of nodes next. Times are monotonic milliseconds. */
export interface SniffSchedule {
  /** Infinite during a sniff, unless another was requested meanwhile. */
  readonly dueMs: number;
  /** When the last sniff ended. */
  readonly lastMs: number;
  /** The further sniffs that are due after a change: nodes seldom join or leave alone. */
  readonly settling: readonly number[];
}

/** What a sniff showed; see {@link afterSniff}. */
export type SniffResult = "changed" | "same" | "searching" | "unserved";

export interface SniffTimes {
  readonly intervalMs: number;
  /** `intervalMs` varies by this share, so that coordinators that start together do not sniff together. */
  readonly jitter: number;
}

/** After a first or changed list, the next sniffs follow this much later. */
const settlingMs = [2_000, 5_000, 10_000] as const;
/** How many intervals lie between two sniffs where there is no list. */
export const unservedIntervals = 10;
/** Two sniffs are at least this far apart, whatever requests them. */
const apartMs = 2_000;
/** While no node is verified, the next sniff follows after a time between these two. */
const searchingMinMs = 1_000;
const searchingMaxMs = 2_000;

export function firstSniff(nowMs: number): SniffSchedule {
  return { dueMs: nowMs, lastMs: Number.NEGATIVE_INFINITY, settling: [] };
}

/**
 * A sniff begins. A request for one from now on may be about something that this one does not show: another follows.
 */
export function beginSniff(schedule: SniffSchedule): SniffSchedule {
  return { ...schedule, dueMs: Number.POSITIVE_INFINITY };
}

/**
 * After a sniff:
 * - "changed": the list is new. Sniff again at 2, 5 and 10 s, for nodes that are about to follow.
 * - "same": next at the end of the interval, or at the next of those times.
 * - "unserved": the cluster has no list to give. Sniff again after ten intervals.
 * - "searching": no node is verified, or none is well. Sniff again in 1 to 2 s.
 *
 * One that was requested meanwhile follows as soon as the distance between two sniffs allows.
 */
export function afterSniff(
  { dueMs, settling }: SniffSchedule,
  result: SniffResult,
  nowMs: number,
  { intervalMs, jitter }: SniffTimes,
  random: Random,
): SniffSchedule {
  if (result === "searching") {
    return { dueMs: nowMs + searchingMinMs + random() * (searchingMaxMs - searchingMinMs), lastMs: nowMs, settling };
  }
  if (result === "unserved") return { dueMs: nowMs + unservedIntervals * intervalMs, lastMs: nowMs, settling: [] };
  const following = (result === "changed" ? settlingMs.map((afterMs) => nowMs + afterMs) : settling).filter(
    (dueAtMs) => dueAtMs > nowMs,
  );
  const askedForMs = dueMs === Number.POSITIVE_INFINITY ? dueMs : nowMs + apartMs;
  const regularMs = nowMs + intervalMs * (1 - jitter + 2 * jitter * random());
  return { dueMs: Math.min(askedForMs, regularMs, following[0] ?? regularMs), lastMs: nowMs, settling: following };
}

/** Something happened that a sniff may show: it follows as soon as the distance between two sniffs allows. */
export function hastenSniff(schedule: SniffSchedule, nowMs: number): SniffSchedule {
  return { ...schedule, dueMs: Math.min(schedule.dueMs, Math.max(nowMs, schedule.lastMs + apartMs)) };
}

import type { Random } from "@rollcall/core";

/** Discovery's clock: when the cluster is asked for its members next. Times are monotonic milliseconds. */
export interface SniffSchedule {
  /** Infinite while a sniff is under way, unless another has been asked for meanwhile. */
  readonly dueMs: number;
  /** When the last sniff ended. */
  readonly lastMs: number;
  /** Looks still to come after a change: nodes that join or leave seldom do so alone. */
  readonly settling: readonly number[];
}

export interface SniffTimes {
  readonly intervalMs: number;
  /** `intervalMs` varies by this share, so that coordinators started together do not ask together. */
  readonly jitter: number;
}

/** After a first or changed list, the cluster is asked again this much later. */
const settlingMs = [2_000, 5_000, 10_000] as const;
/** Two sniffs are at least this far apart, whatever asks for one. */
const apartMs = 2_000;
/** How long to wait while no node is verified: between these two. */
const searchingMinMs = 1_000;
const searchingMaxMs = 2_000;

export function firstSniff(nowMs: number): SniffSchedule {
  return { dueMs: nowMs, lastMs: Number.NEGATIVE_INFINITY, settling: [] };
}

/** A sniff begins. What asks for one from now on may be news that this one does not hear of, so it asks for another. */
export function beginSniff(schedule: SniffSchedule): SniffSchedule {
  return { ...schedule, dueMs: Number.POSITIVE_INFINITY };
}

/**
 * After a sniff:
 * - "changed": the list is new. Look again at 2, 5 and 10 s, for those who are about to follow.
 * - "same": next at the end of the interval, or at the next of those looks.
 * - "searching": no node is verified, or none is well. Try again in 1 to 2 s.
 *
 * Where another was asked for meanwhile, it comes as soon as the distance between two sniffs allows.
 */
export function afterSniff(
  { dueMs, settling }: SniffSchedule,
  result: "changed" | "same" | "searching",
  nowMs: number,
  { intervalMs, jitter }: SniffTimes,
  random: Random,
): SniffSchedule {
  if (result === "searching") {
    return { dueMs: nowMs + searchingMinMs + random() * (searchingMaxMs - searchingMinMs), lastMs: nowMs, settling };
  }
  const looks = (result === "changed" ? settlingMs.map((afterMs) => nowMs + afterMs) : settling).filter(
    (lookMs) => lookMs > nowMs,
  );
  const askedForMs = dueMs === Number.POSITIVE_INFINITY ? dueMs : nowMs + apartMs;
  const regularMs = nowMs + intervalMs * (1 - jitter + 2 * jitter * random());
  return { dueMs: Math.min(askedForMs, regularMs, looks[0] ?? regularMs), lastMs: nowMs, settling: looks };
}

/** Something happened that makes a look worth while: as soon as the distance between two sniffs allows. */
export function hastenSniff(schedule: SniffSchedule, nowMs: number): SniffSchedule {
  return { ...schedule, dueMs: Math.min(schedule.dueMs, Math.max(nowMs, schedule.lastMs + apartMs)) };
}

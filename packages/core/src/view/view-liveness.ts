import type { Random } from "../random.js";
import { freshnessOf, orphanAfterMs, staleAfterMs } from "./freshness.js";

/** So long without any view, a process that has just started watches the cluster itself. */
const firstViewWithinMs = 1_000;
/** A whole fleet loses its coordinator at one moment; its processes begin to watch for themselves over this time. */
const aloneSpreadMs = 10_000;
/** A tick that is later than this says that the process did not run, not that nobody has beaten. */
const lateMs = 50;
/** What has arrived meanwhile gets this time to be read. */
const graceMs = 1_000;

/**
 * How one process goes by a view that it shares with others.
 *
 *   searching ──a beat──▶ fresh ──10 s without a beat──▶ stale ──60 s──▶ orphan ──its turn──▶ alone
 *       │                  ▲ ▲                             │               │                   │ ▲
 *       │                  │ └────────────a beat───────────┴───────────────┴───────────────────┘ │
 *       └── a second ──────┼─────────────────────────────────────────────────────────────────────┘
 *
 * Alone, the process watches the cluster itself, from what it knew last, until somebody keeps the shared view again.
 * All times are monotonic milliseconds.
 */
export type ViewLiveness =
  | { readonly state: "searching"; readonly aloneAtMs: number }
  | (Heard & { readonly state: "fresh" | "stale"; readonly checkAtMs: number })
  | (Heard & { readonly state: "orphan"; readonly aloneAtMs: number })
  | (Heard & { readonly state: "alone" });

interface Heard {
  /** When the newest beat was sent, and when it reached us; -Infinity before the first. */
  readonly beatAtMs: number;
  readonly heardAtMs: number;
}

const neverHeard: Heard = { beatAtMs: Number.NEGATIVE_INFINITY, heardAtMs: Number.NEGATIVE_INFINITY };

export type ViewLivenessEvent =
  /** A newer shared view, or a beat. `ageMs` by the store's clock. */
  | { readonly type: "heard"; readonly ageMs: number }
  /** Due at {@link followingDueMs}; at any other time it does nothing. */
  | { readonly type: "tick" };

export function newViewLiveness(nowMs: number, random: Random): ViewLiveness {
  return { state: "searching", aloneAtMs: nowMs + firstViewWithinMs * (1 + 0.5 * random()) };
}

/** Takes one event into account. What follows from it is told by the state before and the state after. */
export function nextViewLiveness(
  following: ViewLiveness,
  event: ViewLivenessEvent,
  nowMs: number,
  random: Random,
): ViewLiveness {
  return event.type === "heard" ? hear(following, event.ageMs, nowMs) : tick(following, nowMs, random);
}

/** When the next `tick` is due; undefined while nothing waits for the time. */
export function viewLivenessDueMs(following: ViewLiveness): number | undefined {
  switch (following.state) {
    case "searching":
    case "orphan":
      return following.aloneAtMs;
    case "fresh":
    case "stale":
      return following.checkAtMs;
    case "alone":
      return undefined;
  }
}

/** Since the newest beat of the shared view; Infinity where there was none. */
export function beatAgeMs(following: ViewLiveness, nowMs: number): number {
  return following.state === "searching" ? Number.POSITIVE_INFINITY : nowMs - following.beatAtMs;
}

function hear(following: ViewLiveness, ageByStoreMs: number, nowMs: number): ViewLiveness {
  const { heardAtMs } = following.state === "searching" ? neverHeard : following;
  // It was beaten after we heard the one before: so a store whose clock was set does not make a live view look old.
  const ageMs = Math.min(Math.max(0, ageByStoreMs), nowMs - heardAtMs);
  const heard = { beatAtMs: nowMs - ageMs, heardAtMs: nowMs };
  const state = freshnessOf(ageMs);
  if (state !== "orphan") return { state, ...heard, checkAtMs: nextCheckMs(state, heard.beatAtMs) };
  if (following.state === "alone") return { state: "alone", ...heard };
  // Left behind by others, perhaps long ago: no fleet loses it at this moment.
  return { state: "orphan", ...heard, aloneAtMs: nowMs };
}

function tick(following: ViewLiveness, nowMs: number, random: Random): ViewLiveness {
  const dueMs = viewLivenessDueMs(following);
  if (dueMs === undefined || nowMs < dueMs) return following;
  switch (following.state) {
    case "searching":
      return { state: "alone", ...neverHeard };
    case "orphan":
      return { state: "alone", beatAtMs: following.beatAtMs, heardAtMs: following.heardAtMs };
    case "fresh":
    case "stale": {
      if (nowMs > dueMs + lateMs) return { ...following, checkAtMs: nowMs + graceMs };
      const { beatAtMs, heardAtMs } = following;
      const state = freshnessOf(nowMs - beatAtMs);
      return state === "orphan"
        ? { state, beatAtMs, heardAtMs, aloneAtMs: nowMs + aloneSpreadMs * random() }
        : { state, beatAtMs, heardAtMs, checkAtMs: nextCheckMs(state, beatAtMs) };
    }
    case "alone":
      return following;
  }
}

function nextCheckMs(state: "fresh" | "stale", beatAtMs: number): number {
  return beatAtMs + (state === "fresh" ? staleAfterMs : orphanAfterMs);
}

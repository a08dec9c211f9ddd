import { isInTime } from "../in-time.js";
import { present } from "../present.js";
import type { Random } from "../random.js";
import { freshAgainWithinMs, freshnessOf, freshnessOfHead, orphanAfterMs, staleAfterMs } from "./freshness.js";

/** A process that has started and found no view within this time, stretched by up to half, goes standalone. */
const firstViewWithinMs = 1_000;
/** A whole fleet loses its coordinator at one moment; its processes go standalone spread over this time. */
const standaloneSpreadMs = 10_000;
/** After a late tick, messages that arrived meanwhile get this time to be read. */
const graceMs = 1_000;

/**
 * How far one process trusts a view that it shares with others.
 *
 *   searching ──a beat──▶ fresh ──10 s without a beat──▶ stale ──60 s──▶ orphan ──its turn──▶ standalone
 *       │                  ▲ ▲                             │               │                     │ ▲
 *       │                  │ └─────────a young beat────────┴───────────────┴─────────────────────┘ │
 *       ├── a second ──────┼───────────────────────────────────────────────────────────────────────┘
 *       └── a beat of a leader that has given the lease back ──▶ stale
 *
 * A standalone process monitors the cluster itself, from the last view it had, until the shared view has a leader
 * again. A young beat shows one, which is less than 5 s old. An older one, as it lies in a Redis that is back, changes
 * none of the states on the right. All times are monotonic milliseconds.
 */
export type ViewLiveness =
  | { readonly state: "searching"; readonly standaloneAtMs: number }
  | (LastBeat & { readonly state: "fresh" | "stale"; readonly checkAtMs: number })
  | (LastBeat & { readonly state: "orphan"; readonly standaloneAtMs: number })
  | (LastBeat & { readonly state: "standalone" });

interface LastBeat {
  /** When the newest beat was sent, and when this process received it; -Infinity before the first. */
  readonly beatAtMs: number;
  readonly receivedAtMs: number;
}

const noBeat: LastBeat = { beatAtMs: Number.NEGATIVE_INFINITY, receivedAtMs: Number.NEGATIVE_INFINITY };

export type ViewLivenessEvent =
  /**
   * A newer shared view, or a beat. `ageMs`: time since it was sent, by the store's clock. `released`: its leader has
   * given the lease back since.
   */
  | { readonly type: "beat"; readonly ageMs: number; readonly released?: true }
  /** The view has come again with the same beat, and with documents that were missing. It changes nothing here. */
  | { readonly type: "documents" }
  /** Due at {@link viewLivenessDueMs}; at any other time it does nothing. */
  | { readonly type: "tick" };

export function newViewLiveness(nowMs: number, random: Random): ViewLiveness {
  return { state: "searching", standaloneAtMs: nowMs + firstViewWithinMs * (1 + 0.5 * random()) };
}

/** The state after one event. The caller acts on the difference between the two states. */
export function nextViewLiveness(
  liveness: ViewLiveness,
  event: ViewLivenessEvent,
  nowMs: number,
  random: Random,
): ViewLiveness {
  switch (event.type) {
    case "beat":
      return receiveBeat(liveness, event, nowMs);
    case "documents":
      return liveness;
    case "tick":
      return tick(liveness, nowMs, random);
  }
}

/** When the next `tick` is due; undefined while no deadline is pending. */
export function viewLivenessDueMs(liveness: ViewLiveness): number | undefined {
  switch (liveness.state) {
    case "searching":
    case "orphan":
      return liveness.standaloneAtMs;
    case "fresh":
    case "stale":
      return liveness.checkAtMs;
    case "standalone":
      return undefined;
  }
}

/** Time since the newest beat of the shared view was sent; Infinity if there was none. */
export function beatAgeMs(liveness: ViewLiveness, nowMs: number): number {
  return liveness.state === "searching" ? Number.POSITIVE_INFINITY : nowMs - liveness.beatAtMs;
}

function receiveBeat(
  liveness: ViewLiveness,
  { ageMs: ageByStoreMs, released }: Extract<ViewLivenessEvent, { readonly type: "beat" }>,
  nowMs: number,
): ViewLiveness {
  const { receivedAtMs } = liveness.state === "searching" ? noBeat : liveness;
  // It was sent after the last one arrived. So a jump of the store's clock does not make a live view look old.
  const ageMs = Math.min(Math.max(0, ageByStoreMs), nowMs - receivedAtMs);
  const newest = { beatAtMs: nowMs - ageMs, receivedAtMs: nowMs };
  const found = freshnessOfHead(present({ released }), ageMs);
  const showsLeader = found === "fresh" && ageMs < freshAgainWithinMs;
  if (!showsLeader && (liveness.state === "orphan" || liveness.state === "standalone"))
    return { ...liveness, ...newest };
  const state = !showsLeader && liveness.state === "stale" && found === "fresh" ? "stale" : found;
  // Left behind long ago: no fleet loses it at this moment, so nothing needs to be spread.
  if (state === "orphan") return { state, ...newest, standaloneAtMs: nowMs };
  return { state, ...newest, checkAtMs: nextCheckMs(state, newest.beatAtMs) };
}

function tick(liveness: ViewLiveness, nowMs: number, random: Random): ViewLiveness {
  const dueMs = viewLivenessDueMs(liveness);
  if (dueMs === undefined || nowMs < dueMs) return liveness;
  switch (liveness.state) {
    case "searching":
      return { state: "standalone", ...noBeat };
    case "orphan":
      return { state: "standalone", beatAtMs: liveness.beatAtMs, receivedAtMs: liveness.receivedAtMs };
    case "fresh":
    case "stale": {
      if (!isInTime(dueMs, nowMs)) return { ...liveness, checkAtMs: nowMs + graceMs };
      const { beatAtMs, receivedAtMs } = liveness;
      const state = freshnessOf(nowMs - beatAtMs);
      return state === "orphan"
        ? { state, beatAtMs, receivedAtMs, standaloneAtMs: nowMs + standaloneSpreadMs * random() }
        : { state, beatAtMs, receivedAtMs, checkAtMs: nextCheckMs(state, beatAtMs) };
    }
    case "standalone":
      return liveness;
  }
}

function nextCheckMs(state: "fresh" | "stale", beatAtMs: number): number {
  return beatAtMs + (state === "fresh" ? staleAfterMs : orphanAfterMs);
}

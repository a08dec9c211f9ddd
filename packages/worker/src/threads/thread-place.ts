import type { Reducer } from "@rollcall/core";

/**
 * The place of one worker thread, which one thread after the other takes:
 *
 *   starting ──up──▶ running ──ended──▶ starting
 *    ▲    │             │
 *    │    └─failed─▶ backing off ◀── ended soon after its start, again and again
 *    └──────due──────────┘
 *
 * A thread that was up is replaced at once. After one that never came up, and after some that ended soon, the place
 * waits, twice as long each time: threads that die never keep the process busy.
 */
export type ThreadPlace =
  /** Overdue at `dueMs`. */
  | { readonly kind: "starting"; readonly dueMs: number; readonly past: Past }
  | { readonly kind: "running"; readonly sinceMs: number; readonly past: Past }
  | { readonly kind: "backingOff"; readonly dueMs: number; readonly past: Past };

interface Past {
  /** Starts that failed since a thread was last up here. */
  readonly failedStarts: number;
  /** Threads in a row that ended soon after they were up. */
  readonly shortLives: number;
  /** Why the place has no thread, until one is up again. */
  readonly failure?: string;
}

export type ThreadPlaceEvent =
  | { readonly type: "up" }
  /** It has ended, up or not. */
  | { readonly type: "ended"; readonly reason: string }
  | { readonly type: "tick" };

/** `end`: the thread that starts is overdue, and is to be ended. */
export type ThreadPlaceEffect = "start" | "end";

type Step = readonly [ThreadPlace, readonly ThreadPlaceEffect[]];

/** Far longer than a thread takes to start on a busy machine. */
const startLimitMs = 20_000;

/** When the process did not run as its time came, a start gets its time again. */
const lateMs = 1_000;

/** A thread that ends sooner after its start than this has a short life. So many in a row are replaced at once. */
const shortLifeMs = 2_000;
const shortLivesMax = 8;

const backoffMs = 1_000;
const backoffMaxMs = 30_000;

/** A place whose first thread is starting. */
export function newThreadPlace(nowMs: number): ThreadPlace {
  return starting({ failedStarts: 0, shortLives: 0 }, nowMs);
}

/** Why the place has no thread, and none that starts for the first time; undefined while it has. */
export function failureOf({ past }: ThreadPlace): string | undefined {
  return past.failure;
}

export const threadPlaceReducer: Reducer<ThreadPlace, ThreadPlaceEvent, ThreadPlaceEffect> = {
  next: nextThreadPlace,
  dueMs: (place) => (place.kind === "running" ? undefined : place.dueMs),
  tick: { type: "tick" },
};

function nextThreadPlace(place: ThreadPlace, event: ThreadPlaceEvent, nowMs: number): Step {
  switch (event.type) {
    case "up":
      if (place.kind !== "starting") return [place, []];
      return [{ kind: "running", sinceMs: nowMs, past: { failedStarts: 0, shortLives: place.past.shortLives } }, []];
    case "ended":
      if (place.kind === "starting") return [failedStart(place.past, event.reason, nowMs), []];
      return place.kind === "running" ? replaced(place, event.reason, nowMs) : [place, []];
    case "tick":
      if (place.kind === "running" || nowMs < place.dueMs) return [place, []];
      if (place.kind === "backingOff") return [starting(place.past, nowMs), ["start"]];
      if (nowMs - place.dueMs > lateMs) return [starting(place.past, nowMs), []];
      return [failedStart(place.past, `it was not up within ${startLimitMs / 1_000} s`, nowMs), ["end"]];
  }
}

function starting(past: Past, nowMs: number): ThreadPlace {
  return { kind: "starting", dueMs: nowMs + startLimitMs, past };
}

function failedStart(past: Past, failure: string, nowMs: number): ThreadPlace {
  const failedStarts = past.failedStarts + 1;
  return { kind: "backingOff", dueMs: nowMs + waitMs(failedStarts), past: { ...past, failedStarts, failure } };
}

function replaced({ sinceMs, past }: ThreadPlace & { kind: "running" }, reason: string, nowMs: number): Step {
  const shortLives = nowMs - sinceMs < shortLifeMs ? past.shortLives + 1 : 0;
  const excess = shortLives - shortLivesMax;
  if (excess <= 0) return [starting({ failedStarts: 0, shortLives }, nowMs), ["start"]];
  const failure = `${shortLives} in a row died soon after their start, the last one: ${reason}`;
  return [{ kind: "backingOff", dueMs: nowMs + waitMs(excess), past: { failedStarts: 0, shortLives, failure } }, []];
}

function waitMs(times: number): number {
  return Math.min(backoffMs * 2 ** (times - 1), backoffMaxMs);
}

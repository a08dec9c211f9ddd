/** How many attempts may be in flight from one thread, by how long the nodes take. */
export interface InFlightLimit {
  /** Infinity: the maximum. */
  readonly limit: number;
  /** The least that a window's median has been, raised again slowly; undefined before the first window. */
  readonly baseMs: number | undefined;
  /** Since when the limit has been at its least; undefined while it is not. */
  readonly leastSinceMs: number | undefined;
  /** When a window last made it smaller. */
  readonly shrunkAtMs: number;
  readonly refusedAtMs: number;
}

/** A window of answers that is complete. */
export interface LatencyWindow {
  /** Of the attempts that ended in it and had begun since the limit last shrank; those that timed out are among them. */
  readonly medianMs: number;
  /** The most attempts that were in flight at one time in it. */
  readonly mostUsed: number;
  readonly lengthMs: number;
}

export interface LimitTerms {
  /** Connections a node. */
  readonly perNode: number;
  readonly nodes: number;
  /** The pool's. */
  readonly timeoutMs: number;
}

/** A window has so many answers after so long, or fewer after longer. */
const windows = [
  { leastMs: 250, answers: 10 },
  { leastMs: 2_000, answers: 3 },
] as const;

const leastLimit = 2;
/** Of the limit: as much as that in flight is use of all of it. */
const usedShare = 0.8;
const growth = 1.05;
/** Far below the latency that is too high. */
const quickGrowth = 1.5;
const leastShrink = 0.7;
const refusedShrink = 0.85;
const refusedEveryMs = 100;
const driftMs = 60_000;
/** At its least for so long, the limit cannot be the reason: the nodes have become slower. */
const leastForMs = 5_000;

export const noLimit: InFlightLimit = {
  limit: Number.POSITIVE_INFINITY,
  baseMs: undefined,
  leastSinceMs: undefined,
  shrunkAtMs: Number.NEGATIVE_INFINITY,
  refusedAtMs: Number.NEGATIVE_INFINITY,
};

export function isWindowComplete(lengthMs: number, answers: number): boolean {
  return windows.some((window) => lengthMs >= window.leastMs && answers >= window.answers);
}

/** How many may be in flight now: a whole number from 2, or one a node, to what the connections bear. */
export function inFlightMaxOf({ limit }: InFlightLimit, terms: LimitTerms): number {
  return Math.floor(Math.min(maximumOf(terms), Math.max(leastOf(terms), limit)));
}

/**
 * The limit after a window.
 *
 * It shrinks where the median is high: above five times the base, within bounds that are shares of the timeout. It grows
 * where it was used and the median is not. Unused it stays, for it says nothing then.
 */
export function afterWindow(
  state: InFlightLimit,
  window: LatencyWindow,
  terms: LimitTerms,
  nowMs: number,
): InFlightLimit {
  const { medianMs, mostUsed } = window;
  const before = inFlightMaxOf(state, terms);
  const isUsed = mostUsed >= usedShare * before;
  const baseMs = nextBaseMs(state, window, isUsed, nowMs);
  const highMs = highMsOf(baseMs, terms.timeoutMs);

  let limit = before;
  if (medianMs > highMs) {
    limit = Math.min(before, mostUsed) * Math.max(leastShrink, 1 - (medianMs - highMs) / (2 * medianMs));
  } else if (isUsed) {
    limit = Math.max(before + 1, before * (medianMs < highMs / 2 ? quickGrowth : growth));
  }
  const shrunkAtMs = limit < before ? nowMs : state.shrunkAtMs;
  return withLimit({ ...state, baseMs, shrunkAtMs }, limit, terms, nowMs);
}

/** The limit after a node has answered 429. */
export function afterRefusal(state: InFlightLimit, terms: LimitTerms, nowMs: number): InFlightLimit {
  if (nowMs - state.refusedAtMs < refusedEveryMs) return state;
  return withLimit({ ...state, refusedAtMs: nowMs }, inFlightMaxOf(state, terms) * refusedShrink, terms, nowMs);
}

/** A median above this is too high: five times the base; a base that was measured under load shows too much. */
function highMsOf(baseMs: number, timeoutMs: number): number {
  const least = Math.min(timeoutMs / 16, 125);
  const most = baseMs < timeoutMs / 16 ? timeoutMs / 8 : timeoutMs / 4;
  return Math.max(least, Math.min(5 * baseMs, most));
}

function nextBaseMs(state: InFlightLimit, window: LatencyWindow, isUsed: boolean, nowMs: number): number {
  const { medianMs, lengthMs } = window;
  const { baseMs = medianMs, leastSinceMs } = state;
  if (leastSinceMs !== undefined && nowMs - leastSinceMs >= leastForMs) return medianMs;
  if (medianMs <= baseMs || isUsed) return Math.min(baseMs, medianMs);
  return baseMs + (medianMs - baseMs) * (1 - Math.exp(-lengthMs / driftMs));
}

function withLimit(state: InFlightLimit, limit: number, terms: LimitTerms, nowMs: number): InFlightLimit {
  const least = leastOf(terms);
  const isLeast = limit <= least && least < maximumOf(terms);
  return {
    ...state,
    limit: limit >= maximumOf(terms) ? Number.POSITIVE_INFINITY : Math.max(least, limit),
    leastSinceMs: isLeast ? (state.leastSinceMs ?? nowMs) : undefined,
  };
}

function leastOf({ nodes }: LimitTerms): number {
  return Math.max(leastLimit, nodes);
}

function maximumOf({ perNode, nodes }: LimitTerms): number {
  return perNode * Math.max(1, nodes);
}

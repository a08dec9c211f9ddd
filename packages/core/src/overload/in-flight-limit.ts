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
/** Unused, the limit comes down to so many a node, and at least to so many in all, or to so many times what is used. */
const sparePerNode = 4;
const leastSpare = 12;
const usedTimes = 4;
const idleShrink = 0.7;
/** Of the limit: as much as that in flight is use of all of it. */
const usedShare = 0.8;
const growth = 1.05;
/** Far below the latency that is too high. */
const quickGrowth = 1.5;
const leastShrink = 0.7;
const refusedShrink = 0.85;
const refusedEveryMs = 100;
/** For so long after a 429, what waits gives no more room. */
const refusedForMs = 1_000;
/** Of the calls that wait, so many may be in flight whatever the limit. */
const waitingShare = 1 / 3;
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
 * The same where so many calls wait: a share of them may be in flight, unless nodes refuse. Of the threads that share
 * nodes, one whose calls have waited longer gets more of them, and a limit that has shrunk too far harms none for long.
 */
export function roomOf(state: InFlightLimit, terms: LimitTerms, waiting: number, nowMs: number): number {
  const limit = inFlightMaxOf(state, terms);
  const shareOfWaiting = Math.floor(waiting * waitingShare);
  if (shareOfWaiting <= limit || nowMs - state.refusedAtMs < refusedForMs) return limit;
  return Math.min(maximumOf(terms), shareOfWaiting);
}

/**
 * The limit after a window.
 *
 * It shrinks where the median is high: above five times the base, within bounds that are shares of the timeout. It grows
 * where it was used and the median is not. Unused it follows what is used, so that a burst does not go to the nodes as a
 * whole; {@link afterAnswer} raises it as quickly as the nodes answer.
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

  if (medianMs > highMs) {
    const shrunk = Math.min(before, mostUsed) * Math.max(leastShrink, 1 - (medianMs - highMs) / (2 * medianMs));
    return withLimit({ ...state, baseMs, shrunkAtMs: nowMs }, shrunk, terms, nowMs);
  }
  const limit = isUsed
    ? Math.max(before + 1, before * (medianMs < highMs / 2 ? quickGrowth : growth))
    : Math.min(before, Math.max(before * idleShrink, mostUsed * usedTimes, spareOf(terms)));
  return withLimit({ ...state, baseMs }, limit, terms, nowMs);
}

/** The limit after an answer of an attempt beside which so many others were in flight: one more where it was quick. */
export function afterAnswer(
  state: InFlightLimit,
  { tookMs, inFlight }: { readonly tookMs: number; readonly inFlight: number },
  terms: LimitTerms,
  nowMs: number,
): InFlightLimit {
  const { limit, baseMs } = state;
  if (baseMs === undefined || limit === Number.POSITIVE_INFINITY) return state;
  if (inFlight + 1 < usedShare * inFlightMaxOf(state, terms)) return state;
  return tookMs > highMsOf(baseMs, terms.timeoutMs) / 2 ? state : withLimit(state, limit + 1, terms, nowMs);
}

/** The limit after a node has answered 429. */
export function afterRefusal(state: InFlightLimit, terms: LimitTerms, nowMs: number): InFlightLimit {
  if (nowMs - state.refusedAtMs < refusedEveryMs) return state;
  return withLimit({ ...state, refusedAtMs: nowMs }, inFlightMaxOf(state, terms) * refusedShrink, terms, nowMs);
}

/**
 * A median above this is too high: five times the base, but no more than an eighth of the timeout, for a base that was
 * measured under load shows too much; and twice a base that is long itself.
 */
function highMsOf(baseMs: number, timeoutMs: number): number {
  const least = Math.min(timeoutMs / 16, 125);
  return Math.max(least, Math.min(5 * baseMs, timeoutMs / 8), Math.min(2 * baseMs, timeoutMs / 4));
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

function spareOf({ nodes }: LimitTerms): number {
  return Math.max(leastSpare, nodes * sparePerNode);
}

function maximumOf({ perNode, nodes }: LimitTerms): number {
  return perNode * Math.max(1, nodes);
}

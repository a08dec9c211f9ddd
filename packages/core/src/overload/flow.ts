/** How quickly one thread is served, as averages that forget. */
export interface Flow {
  /** Calls answered a millisecond, over the time of about 30 answers. */
  readonly served: number;
  /** How long an attempt takes; 0 before the first answer. */
  readonly meanMs: number;
  readonly atMs: number;
}

/** What has happened since the averages were last brought up to date. */
export interface FlowCounts {
  readonly served: number;
  /** Of the attempts whose time counts: how many there were, and their times together. */
  readonly timed: number;
  readonly timedMs: number;
}

/** The averages follow so many answers, within these times. */
const answersRemembered = 30;
const shortestMs = 150;
const longestMs = 1_000;
/** Of the timeout. */
const mostNodeShare = 1 / 4;

export function noFlow(nowMs: number): Flow {
  return { served: 0, meanMs: 0, atMs: nowMs };
}

export function nextFlow(flow: Flow, { served, timed, timedMs }: FlowCounts, nowMs: number): Flow {
  const sinceMs = nowMs - flow.atMs;
  if (sinceMs <= 0) return flow;
  const rememberedMs = Math.min(longestMs, Math.max(shortestMs, answersRemembered / flow.served));
  const share = 1 - Math.exp(-sinceMs / rememberedMs);
  return {
    served: flow.served + share * (served / sinceMs - flow.served),
    meanMs: nextMeanMs(flow.meanMs, timed, timedMs),
    atMs: nowMs,
  };
}

function nextMeanMs(meanMs: number, timed: number, timedMs: number): number {
  if (timed === 0) return meanMs;
  if (meanMs === 0) return timedMs / timed;
  return meanMs + (1 - (1 - 1 / answersRemembered) ** timed) * (timedMs / timed - meanMs);
}

/**
 * How long a call waits for its turn behind so many others. 0 while nothing is known.
 *
 * By the rate of answers; or, where that has decayed because nothing came, by what is in flight and how long it takes.
 */
export function expectedWaitMs(flow: Flow, ahead: number, inFlight: number): number {
  const perMs = perMsOf(flow, inFlight);
  return perMs > 0 ? (ahead + 1) / perMs : 0;
}

/**
 * How long an attempt takes beside so many others, by the same: at least the base of the nodes. What was sent before the
 * limit shrank takes longer than what is sent now, so no more than a quarter of the timeout is expected.
 */
export function expectedNodeMs(flow: Flow, inFlight: number, baseMs: number, timeoutMs: number): number {
  const perMs = perMsOf(flow, inFlight);
  return Math.max(baseMs, perMs > 0 ? Math.min(inFlight / perMs, timeoutMs * mostNodeShare) : 0);
}

function perMsOf({ served, meanMs }: Flow, inFlight: number): number {
  return Math.max(served, meanMs > 0 ? inFlight / meanMs : 0);
}

/** Calls that have come to one thread and calls that have been served there, as averages that forget. */
export interface Flow {
  /** Calls a millisecond over the time of about 30 answers: those that came, refused ones too, and those answered. */
  readonly offered: number;
  readonly served: number;
  /** The same over the last second, or the timeout if that is longer: slow calls among quick ones come in clusters. */
  readonly offeredLately: number;
  readonly servedLately: number;
  /** How long an attempt takes; 0 before the first answer. */
  readonly meanMs: number;
  readonly atMs: number;
}

/** What has happened since the averages were last brought up to date. */
export interface FlowCounts {
  readonly offered: number;
  readonly served: number;
  /** Of the attempts whose time counts: how many there were, and their times together. */
  readonly timed: number;
  readonly timedMs: number;
}

/** The averages follow so many answers, within these times. */
const answersRemembered = 30;
const shortestMs = 150;
const longestMs = 1_000;

/** More calls come than are served, beyond chance. */
const overRatio = 1.02;
/** What waits grows: by a tenth, and by so many calls a second. */
const growthRatio = 1.1;
const growthPerMs = 3 / 1_000;

export function noFlow(nowMs: number): Flow {
  return { offered: 0, served: 0, offeredLately: 0, servedLately: 0, meanMs: 0, atMs: nowMs };
}

/** `latelyMs`: the time that the slower averages follow. */
export function nextFlow(flow: Flow, counts: FlowCounts, latelyMs: number, nowMs: number): Flow {
  const { offered, served, timed, timedMs } = counts;
  const sinceMs = nowMs - flow.atMs;
  if (sinceMs <= 0) return flow;
  const rememberedMs = Math.min(longestMs, Math.max(shortestMs, answersRemembered / flow.served));
  const share = 1 - Math.exp(-sinceMs / rememberedMs);
  const shareLately = 1 - Math.exp(-sinceMs / latelyMs);
  const offeredNow = offered / sinceMs;
  const servedNow = served / sinceMs;
  return {
    offered: flow.offered + share * (offeredNow - flow.offered),
    served: flow.served + share * (servedNow - flow.served),
    offeredLately: flow.offeredLately + shareLately * (offeredNow - flow.offeredLately),
    servedLately: flow.servedLately + shareLately * (servedNow - flow.servedLately),
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
export function expectedWaitMs({ served, meanMs }: Flow, ahead: number, inFlight: number): number {
  const perMs = Math.max(served, meanMs > 0 ? inFlight / meanMs : 0);
  return perMs > 0 ? (ahead + 1) / perMs : 0;
}

export function isOver({ offered, served }: Flow): boolean {
  return offered > overRatio * served;
}

export function isGrowing(flow: Flow): boolean {
  const { offeredLately, servedLately } = flow;
  return isOver(flow) && offeredLately > growthRatio * servedLately && offeredLately - servedLately > growthPerMs;
}

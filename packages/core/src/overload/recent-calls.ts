/**
 * How many calls have come to one thread and how many were served there, in the time just past: so much as a queue may
 * stand, in parts. Not an average: callers that come at once and then wait for their answers leave it whole after that
 * time, and what came is then what was served.
 */
export interface RecentCalls {
  readonly partMs: number;
  /** The number of the part that is not over yet. */
  readonly at: number;
  /** By the number of the part, modulo {@link parts}. Those that came are refused ones, too. */
  readonly offered: readonly number[];
  readonly served: readonly number[];
}

const parts = 10;
/** The last parts: whether more come than are served now. */
const partsNow = 3;

/** More calls come than are served: by a share of those served, and by so many. */
const overRatio = 1.02;
const growthRatio = 1.1;
const byChance = 3;

/** `pastMs`: how long a call is remembered. */
export function noRecentCalls(pastMs: number, nowMs: number): RecentCalls {
  const none = new Array<number>(parts).fill(0);
  const partMs = pastMs / parts;
  return { partMs, at: Math.floor(nowMs / partMs), offered: none, served: none };
}

/** So many more have come and were served by now. */
export function nextRecentCalls(recent: RecentCalls, offered: number, served: number, nowMs: number): RecentCalls {
  const { partMs } = recent;
  const at = Math.max(recent.at, Math.floor(nowMs / partMs));
  if (at === recent.at && offered === 0 && served === 0) return recent;
  const moved = (counts: readonly number[], added: number) => {
    const next = [...counts];
    for (let part = Math.max(recent.at + 1, at - parts + 1); part <= at; part++) next[part % parts] = 0;
    next[at % parts] = (next[at % parts] ?? 0) + added;
    return next;
  };
  return { partMs, at, offered: moved(recent.offered, offered), served: moved(recent.served, served) };
}

/** More calls come than are served, beyond chance, and still do. */
export function isOver(recent: RecentCalls): boolean {
  return isMore(recent, overRatio);
}

/** And what waits grows by it. */
export function isGrowing(recent: RecentCalls): boolean {
  return isMore(recent, growthRatio);
}

function isMore({ at, offered, served }: RecentCalls, ratio: number): boolean {
  if (lastOf(offered, at, parts) <= ratio * lastOf(served, at, parts) + byChance) return false;
  return lastOf(offered, at, partsNow) > lastOf(served, at, partsNow);
}

function lastOf(counts: readonly number[], at: number, many: number): number {
  let sum = 0;
  for (let part = Math.max(0, at - many + 1); part <= at; part++) sum += counts[part % parts] ?? 0;
  return sum;
}

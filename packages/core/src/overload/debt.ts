/** How long calls have been waiting in one thread, less a quarter of the time in which none did. */
export interface Debt {
  readonly ms: number;
  readonly isWaiting: boolean;
  readonly atMs: number;
}

/** A queue that has stood for so long is no burst: of `timeoutMs`, and at least. */
const standingShare = 1 / 2;
const leastStandingMs = 1_000;
/** Of that time, the most debt. */
const mostShare = 1.25;
/** A time in which none waits pays so much of itself. */
const paidShare = 0.25;
/** A longer time without any event is one in which this process did not run. */
const longestStepMs = 1_000;

/** How long a queue may stand. */
export function standingMsOf(timeoutMs: number): number {
  return Math.max(leastStandingMs, timeoutMs * standingShare);
}

export function noDebt(nowMs: number): Debt {
  return { ms: 0, isWaiting: false, atMs: nowMs };
}

/** The debt at this time, from which on calls wait, or none does. */
export function nextDebt(debt: Debt, isWaiting: boolean, nowMs: number, timeoutMs: number): Debt {
  const sinceMs = Math.min(longestStepMs, Math.max(0, nowMs - debt.atMs));
  const ms = debt.isWaiting ? debt.ms + sinceMs : debt.ms - sinceMs * paidShare;
  const mostMs = standingMsOf(timeoutMs) * mostShare;
  return { ms: Math.min(mostMs, Math.max(0, ms)), isWaiting, atMs: Math.max(nowMs, debt.atMs) };
}

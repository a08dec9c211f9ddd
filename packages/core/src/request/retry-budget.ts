/** A fifth of the requests may be retried. */
const requestsPerRetry = 5;
/** Retries earned each second, requests or none. */
const retriesPerSecond = 10;
/** The capacity is the income of so many seconds. */
const windowSeconds = 10;

/**
 * How many retries a process may make, so that retrying never multiplies the load on a cluster in trouble.
 *
 * Income: 20 % of the requests and 10 a second. Capacity: the income of the last 10 s, so at least 100. Full at start.
 * Retries of connections never made stay outside it: they bring a cluster no work. After Finagle's retry budget, which
 * also earns a share of requests and a floor a second over a window of 10 s.
 *
 * Constant work and no allocation a call. One instance a thread that dispatches; several share what one process may.
 */
export class RetryBudget {
  private readonly requestsBySecond = new Float64Array(windowSeconds);
  private requestsInWindow = 0;
  /** The balance, in requests: whole numbers, because fifths of a retry would not add up. */
  private saved: number;
  private readonly perSecond: number;
  private second = 0;
  private earnedUntilMs: number;

  /** `share`: the part of a process's fixed income and capacity that is this instance's. */
  constructor(
    private readonly startedAtMs: number,
    share = 1,
  ) {
    this.earnedUntilMs = startedAtMs;
    this.perSecond = retriesPerSecond * requestsPerRetry * share;
    this.saved = this.capacity();
  }

  /** A request begins. Once a request, not once an attempt. */
  countRequest(nowMs: number): void {
    this.advance(nowMs);
    const slot = this.second % windowSeconds;
    this.requestsBySecond[slot] = (this.requestsBySecond[slot] ?? 0) + 1;
    this.requestsInWindow += 1;
    this.earn(1);
  }

  /** Takes one retry; false, taking nothing, when less than one is left. */
  trySpend(nowMs: number): boolean {
    this.advance(nowMs);
    if (this.saved < requestsPerRetry) return false;
    this.saved -= requestsPerRetry;
    return true;
  }

  /** How many retries could be made now. */
  left(nowMs: number): number {
    this.advance(nowMs);
    return Math.floor(this.saved / requestsPerRetry);
  }

  private advance(nowMs: number): void {
    if (nowMs <= this.earnedUntilMs) return;
    this.moveWindowTo(Math.floor((nowMs - this.startedAtMs) / 1_000));
    this.earn(((nowMs - this.earnedUntilMs) / 1_000) * this.perSecond);
    this.earnedUntilMs = nowMs;
  }

  private earn(requests: number): void {
    this.saved = Math.min(this.saved + requests, this.capacity());
  }

  private moveWindowTo(second: number): void {
    const secondsPassed = Math.min(second - this.second, windowSeconds);
    for (let back = 0; back < secondsPassed; back += 1) {
      const slot = (second - back) % windowSeconds;
      this.requestsInWindow -= this.requestsBySecond[slot] ?? 0;
      this.requestsBySecond[slot] = 0;
    }
    this.second = second;
  }

  private capacity(): number {
    return windowSeconds * this.perSecond + this.requestsInWindow;
  }
}

import type { Clock } from "@rollcall/core";

/** Allows a number of events in each second of the clock. */
export class RateLimiter {
  private second = Number.NEGATIVE_INFINITY;
  private taken = 0;

  constructor(
    private readonly perSecond: number,
    private readonly clock: Clock,
  ) {}

  /** Whether one more event is allowed now; counts it. */
  tryTake(): boolean {
    const second = Math.floor(this.clock.nowMs() / 1_000);
    if (second !== this.second) {
      this.second = second;
      this.taken = 0;
    }
    return ++this.taken <= this.perSecond;
  }
}

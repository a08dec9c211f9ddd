import type { Clock } from "@rollcall/core";

/** Lets so many through in a second, and drops the others. */
export class RateLimiter {
  private second = Number.NEGATIVE_INFINITY;
  private passed = 0;

  constructor(
    private readonly perSecond: number,
    private readonly clock: Clock,
  ) {}

  /** Whether this one may pass. */
  tryTake(): boolean {
    const second = Math.floor(this.clock.nowMs() / 1_000);
    if (second !== this.second) {
      this.second = second;
      this.passed = 0;
    }
    return ++this.passed <= this.perSecond;
  }
}

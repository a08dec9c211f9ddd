import { RateLimiter } from "@rollcall/coordinator";
import type { Clock } from "@rollcall/core";

/** What one process reports of one node, and of all of them: more would add no evidence. */
const reportsOfNodeMs = 2_000;
const reportsPerSecond = 20;

/** Lets a report of one node pass every 2 s, and 20 of all nodes in a second. */
export class ReportLimiter {
  private readonly rate: RateLimiter;

  constructor(private readonly clock: Clock) {
    this.rate = new RateLimiter(reportsPerSecond, clock);
  }

  tryTake(entry: { reportedAtMs: number }): boolean {
    const nowMs = this.clock.nowMs();
    if (nowMs - entry.reportedAtMs < reportsOfNodeMs || !this.rate.tryTake()) return false;
    entry.reportedAtMs = nowMs;
    return true;
  }
}

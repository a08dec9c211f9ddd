import type { Logger, Timers } from "@rollcall/core";
import { redisProblem } from "./redis-problem.js";

/** How often the server is asked whether it is there: a frozen one is not noticed otherwise. */
const askEveryMs = 2_000;

/**
 * Knows whether Redis answers, and says so when that changes.
 *
 *   answers ── connection lost, or two questions unanswered ──▶ away      warns, once
 *           ◀── a connection, or an answer ──                             tells, once
 */
export class RedisHealthCheck {
  private unanswered = 0;
  private isAway = false;
  private closed = false;
  private cancel = () => {};

  /** @param ask asks something small, and rejects where there is no answer; undefined where there is nobody to ask */
  constructor(
    private readonly ask: () => Promise<unknown> | undefined,
    private readonly timers: Timers,
    private readonly logger: Logger,
  ) {
    this.later();
  }

  /** Whether it answered last. */
  get isAnswering(): boolean {
    return this.unanswered === 0;
  }

  answered(): void {
    this.unanswered = 0;
    if (!this.isAway || this.closed) return;
    this.isAway = false;
    this.logger.info({}, "Redis is back");
  }

  lost(problem: string): void {
    this.unanswered++;
    if (this.isAway || this.closed) return;
    this.isAway = true;
    this.logger.warn({ problem }, `Redis cannot be used: ${problem}; the last view stays in use`);
  }

  close(): void {
    this.closed = true;
    this.cancel();
  }

  private later(): void {
    this.cancel = this.timers.after(askEveryMs, () => {
      this.later();
      void this.look();
    });
  }

  private async look(): Promise<void> {
    try {
      const asked = this.ask();
      if (asked === undefined) return;
      await asked;
      this.answered();
    } catch (error) {
      // Once may be chance.
      if (this.unanswered === 0) this.unanswered++;
      else this.lost(redisProblem(error));
    }
  }
}

import type { Logger, Timers } from "@rollcall/core";
import { redisProblem } from "./redis-problem.js";

/** How often the server is asked: a frozen one is not noticed otherwise. */
const askEveryMs = 2_000;

/**
 * Whether Redis answers. Logs each change once.
 *
 *   answers ── connection lost, or two checks in a row without a reply ──▶ away      logs a warning
 *           ◀── a connection, or a reply ──                                          logs that Redis is back
 */
export class RedisHealthCheck {
  private unanswered = 0;
  private isAway = false;
  private closed = false;
  private cancel = () => {};

  /** @param check sends a small command, and rejects without a reply; undefined if there is no connection */
  constructor(
    private readonly check: () => Promise<unknown> | undefined,
    private readonly timers: Timers,
    private readonly logger: Logger,
  ) {
    this.checkLater();
  }

  /** Whether the last check was answered. */
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

  private checkLater(): void {
    this.cancel = this.timers.after(askEveryMs, () => {
      this.checkLater();
      void this.checkNow();
    });
  }

  private async checkNow(): Promise<void> {
    try {
      const checked = this.check();
      if (checked === undefined) return;
      await checked;
      this.answered();
    } catch (error) {
      // One missing reply may be chance.
      if (this.unanswered === 0) this.unanswered++;
      else this.lost(redisProblem(error));
    }
  }
}

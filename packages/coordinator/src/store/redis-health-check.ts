import { type Logger, logEvent, type Timers } from "@rollcall/core";
import { reasonOf, redisProblem } from "./redis-problem.js";

/** How often the server is asked: a frozen one is not noticed otherwise. */
const askEveryMs = 2_000;
const reasonsMax = 20;

/**
 * Whether Redis answers. Logs each change once, and while Redis is away each further reason once.
 *
 *   answers ── connection lost, or two checks in a row without a reply ──▶ away      logs a warning
 *           ◀── a connection, or a reply ──                                          logs that Redis is back
 */
export class RedisHealthCheck {
  private unanswered = 0;
  /** Why Redis was away, since it last answered. */
  private readonly reasons = new Set<string>();
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
    if (this.reasons.size === 0 || this.closed) return;
    this.reasons.clear();
    logEvent(this.logger, "redis.recovered", {}, "Redis is back");
  }

  lost(problem: string): void {
    this.unanswered++;
    const reason = reasonOf(problem);
    if (this.closed || this.reasons.has(reason) || this.reasons.size === reasonsMax) return;
    this.reasons.add(reason);
    logEvent(this.logger, "redis.lost", { problem }, `Redis cannot be used: ${problem}; the last view stays in use`);
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

import { type Logger, logEvent, type Timers } from "@rollcall/core";
import { reasonOf, redisProblem } from "./redis-problem.js";

/** How often the server is asked: a frozen one is not noticed otherwise. */
const askEveryMs = 2_000;
/** How many are remembered; further ones are not logged. */
const reasonsMax = 20;
/** A reason that was logged so long ago is logged again when it replaces another. */
const reasonAgainMs = 60_000;
/** A Redis that goes away again this soon is unsteady, until it has not gone away for so long. */
const steadyMs = 10_000;

/**
 * Whether Redis answers. Logs each change once, and while Redis is away the reason each time it is another: one that comes
 * and goes, once a minute.
 *
 *   answers ── connection lost, or two checks in a row without a reply ──▶ away      logs a warning
 *           ◀── a connection, or a reply ──                                          logs that Redis is back
 *
 * Of one that comes and goes in quick succession, the second loss is logged, and then no more than that it has been back
 * for 10 s.
 */
export class RedisHealthCheck {
  private unanswered = 0;
  /** Why Redis was away, since it last answered, and when that was logged last. */
  private readonly reasons = new Map<string, number>();
  private lastReason: string | undefined;
  private lostMs = Number.NEGATIVE_INFINITY;
  private isUnsteady = false;
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
    if (this.isUnsteady && this.timers.nowMs() - this.lostMs < steadyMs) return;
    this.isUnsteady = false;
    this.reasons.clear();
    this.lastReason = undefined;
    logEvent(this.logger, "redis.recovered", {}, "Redis is back");
  }

  lost(problem: string): void {
    this.unanswered++;
    const nowMs = this.timers.nowMs();
    if (this.reasons.size === 0) this.isUnsteady = nowMs - this.lostMs < steadyMs;
    this.lostMs = nowMs;
    const reason = reasonOf(problem);
    if (this.closed || !this.isNews(reason)) return;
    this.lastReason = reason;
    this.reasons.set(reason, nowMs);
    logEvent(this.logger, "redis.lost", { problem }, `Redis cannot be used: ${problem}; the last view stays in use`);
  }

  close(): void {
    this.closed = true;
    this.cancel();
  }

  /** The reason that was logged last is none, however long it lasts. */
  private isNews(reason: string): boolean {
    if (reason === this.lastReason) return false;
    const loggedMs = this.reasons.get(reason);
    if (loggedMs === undefined) return this.reasons.size < reasonsMax;
    return this.timers.nowMs() - loggedMs >= reasonAgainMs;
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

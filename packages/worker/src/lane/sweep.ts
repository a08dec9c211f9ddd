import type { Timers } from "@rollcall/core";

/** How often threads and cancellations are checked while any request is pending. */
const sweepMs = 50;

/** The timer of the checks that no message triggers. It runs while there is something to check, and not otherwise. */
export class Sweep {
  private isPlanned = false;
  private dueMs = 0;

  /** `run`: one sweep. `isLate`: this process did not run when the sweep was due. The next one is planned by `soon`. */
  constructor(
    private readonly timers: Timers,
    private readonly run: (nowMs: number, isLate: boolean) => void,
  ) {}

  /** Plans a sweep, unless one is planned. */
  soon(): void {
    if (this.isPlanned) return;
    this.isPlanned = true;
    this.dueMs = this.timers.nowMs() + sweepMs;
    this.timers.after(sweepMs, () => {
      this.isPlanned = false;
      const nowMs = this.timers.nowMs();
      this.run(nowMs, nowMs - this.dueMs > sweepMs);
    });
  }
}

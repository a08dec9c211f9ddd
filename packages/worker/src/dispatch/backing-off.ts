import type { Timers } from "@rollcall/core";

/** The requests that wait for the time of their next attempt: as bounded as the queue for a connection. */
export class BackingOff {
  private waiting = 0;

  constructor(
    private readonly timers: Timers,
    private readonly max: number,
  ) {}

  get size(): number {
    return this.waiting;
  }

  get isFull(): boolean {
    return this.waiting >= this.max;
  }

  /** Calls `next` after this time. The function returned gives up the wait; it may not be called after `next`. */
  wait(afterMs: number, next: () => void): () => void {
    this.waiting++;
    const cancelTimer = this.timers.after(afterMs, () => {
      this.waiting--;
      next();
    });
    return () => {
      this.waiting--;
      cancelTimer();
    };
  }
}

/**
 * A clock that a test moves by hand; fits `Timers` of core. `advance` runs what falls due on the way, in order of time.
 */
export class ManualTimers {
  private readonly pending = new Set<{ readonly atMs: number; readonly wake: () => void }>();

  constructor(private timeMs = 0) {}

  nowMs(): number {
    return this.timeMs;
  }

  after(delayMs: number, wake: () => void): () => void {
    const timer = { atMs: this.timeMs + Math.max(0, delayMs), wake };
    this.pending.add(timer);
    return () => this.pending.delete(timer);
  }

  advance(byMs: number): void {
    const untilMs = this.timeMs + byMs;
    for (;;) {
      let next: { readonly atMs: number; readonly wake: () => void } | undefined;
      for (const timer of this.pending) {
        if (timer.atMs <= untilMs && (next === undefined || timer.atMs < next.atMs)) next = timer;
      }
      if (next === undefined) break;
      this.pending.delete(next);
      this.timeMs = Math.max(this.timeMs, next.atMs);
      next.wake();
    }
    this.timeMs = untilMs;
  }
}

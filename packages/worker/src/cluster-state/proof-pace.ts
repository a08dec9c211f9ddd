import { Semaphore, type Timers } from "@rollcall/core";

/** A view may name thousands of nodes, and none may be there: so many are asked for a proof at once, */
const atOnceMax = 16;
/** and so many within this time, so that requests have most of the thread's. */
const perWindowMax = 16;
const windowMs = 50;

/**
 * Spreads the probes by which nodes prove that they are there. Those of a few nodes begin at once; those of 8,192 take 26 s
 * or more. They wait in the order in which they were wanted.
 */
export class ProofPace {
  private readonly places = new Semaphore(atOnceMax);
  private begun = 0;
  private windowAtMs = Number.NEGATIVE_INFINITY;
  private readonly waiting: (() => void)[] = [];
  private cancel: (() => void) | undefined;

  constructor(private readonly timers: Timers) {}

  /** Rejects as `probe` does. After {@link close}, no further one begins. */
  run<Result>(probe: () => Promise<Result>): Promise<Result> {
    return this.places.run(async () => {
      if (this.isWindowFull()) await new Promise<void>((resolve) => this.wait(resolve));
      this.begun++;
      return probe();
    });
  }

  close(): void {
    this.cancel?.();
    this.waiting.length = 0;
  }

  private isWindowFull(): boolean {
    const nowMs = this.timers.nowMs();
    if (nowMs - this.windowAtMs >= windowMs) {
      this.windowAtMs = nowMs;
      this.begun = 0;
    }
    return this.begun >= perWindowMax;
  }

  /** No more than `perWindowMax` wait here: the others wait for a place. */
  private wait(begin: () => void): void {
    this.waiting.push(begin);
    this.cancel ??= this.timers.after(this.windowAtMs + windowMs - this.timers.nowMs(), () => {
      this.cancel = undefined;
      this.windowAtMs = this.timers.nowMs();
      this.begun = 0;
      for (const next of this.waiting.splice(0)) next();
    });
  }
}

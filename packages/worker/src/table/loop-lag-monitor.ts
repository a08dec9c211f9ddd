import { type LoopLag, newLoopLag, nextLoopLag, ranMs } from "@rollcall/core/health";
import { tickOf } from "./layout.js";
import type { TableReader } from "./reader.js";

/** Measures one thread's event-loop lag, and shows it to the main thread at each beat. */
export class LoopLagMonitor {
  private lag: LoopLag;

  constructor(
    private readonly reader: TableReader,
    private readonly nowMs: () => number,
  ) {
    this.lag = newLoopLag(nowMs());
    this.show();
  }

  /** To be called every `beatMs`. */
  beat(): void {
    this.lag = nextLoopLag(this.lag, this.nowMs());
    this.show();
  }

  /** A clock that stands still while the loop does not run. */
  ranMs(nowMs: number): number {
    return ranMs(this.lag, nowMs);
  }

  private show(): void {
    this.reader.show("runningSince", tickOf(this.lag.sinceMs));
    this.reader.show("heartbeat", tickOf(this.nowMs()));
  }
}

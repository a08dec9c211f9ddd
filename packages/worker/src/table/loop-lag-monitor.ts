import { type LoopLag, newLoopLag, nextLoopLag, ranMs } from "@rollcall/core/health";
import { tickOf } from "./layout.js";
import type { TableReader } from "./reader.js";

/** One thread's watch over its own loop, shown to the main thread at each beat. */
export class LoopLagMonitor {
  private watch: LoopLag;

  constructor(
    private readonly reader: TableReader,
    private readonly nowMs: () => number,
  ) {
    this.watch = newLoopLag(nowMs());
    this.show();
  }

  /** To be called every `beatMs`. */
  beat(): void {
    this.watch = nextLoopLag(this.watch, this.nowMs());
    this.show();
  }

  /** A clock that stands still while the loop does not run. */
  ranMs(nowMs: number): number {
    return ranMs(this.watch, nowMs);
  }

  private show(): void {
    this.reader.show("runningSince", tickOf(this.watch.sinceMs));
    this.reader.show("heartbeat", tickOf(this.nowMs()));
  }
}

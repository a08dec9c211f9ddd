import { performance } from "node:perf_hooks";
import type { Timers } from "@rollcall/core";

/** The process's own monotonic clock and timers. */
export const systemTimers: Timers = {
  nowMs: () => performance.now(),
  after(delayMs, wake) {
    const timer = setTimeout(wake, Math.max(0, delayMs)).unref();
    return () => clearTimeout(timer);
  },
};

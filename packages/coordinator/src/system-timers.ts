import { performance } from "node:perf_hooks";
import type { Timers } from "@rollcall/core";

/**
 * `performance.now()` begins at 0 in each thread, over one clock of the machine. With this added, a time means the same
 * in every thread of the process.
 */
const sinceThreadStartMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** The process's own monotonic clock, the same in all of its threads, and timers. */
export const systemTimers: Timers = {
  nowMs: () => performance.now() + sinceThreadStartMs,
  after(delayMs, wake) {
    const timer = setTimeout(wake, Math.max(0, delayMs)).unref();
    return () => clearTimeout(timer);
  },
};

/** The system's time, in milliseconds since 1970. It may jump: for times that other processes compare with. */
export function wallNowMs(): number {
  return Date.now();
}

import { performance } from "node:perf_hooks";
import type { Random, Timers } from "@rollcall/core";

/** What helpers have from outside: a clock, and chance. */
export interface HelperEnvironment {
  readonly timers: Timers;
  readonly random: Random;
}

/** The process's own. Its timers keep the process alive: a helper that backs off may be all that it does. */
export const systemEnvironment: HelperEnvironment = {
  timers: {
    nowMs: () => performance.now(),
    after(delayMs, wake) {
      const timer = setTimeout(wake, delayMs);
      return () => clearTimeout(timer);
    },
  },
  random: Math.random,
};

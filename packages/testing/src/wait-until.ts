import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";

export interface WaitOptions {
  /** Default 90,000: only a broken promise takes as long, not a busy machine. */
  readonly timeoutMs?: number;
  /** Time between two checks. Default: a twentieth of the time waited so far, at least 5 and at most 200. */
  readonly everyMs?: number;
  /** Ends the wait early: it rejects when this fires. */
  readonly signal?: AbortSignal;
}

/**
 * Calls `check` until it returns something truthy, and returns that.
 *
 * @throws when the time is up, naming `description` and the last value; at once when `check` throws or the signal fires
 */
export async function waitUntil<T>(
  description: string,
  check: () => T | Promise<T>,
  { timeoutMs = 90_000, everyMs, signal }: WaitOptions = {},
): Promise<T> {
  const startMs = performance.now();
  for (;;) {
    const value = await check();
    if (value) return value;
    const waitedMs = performance.now() - startMs;
    if (waitedMs >= timeoutMs) {
      const seen = inspect(value, { depth: 4 });
      throw new Error(`waited ${timeoutMs} ms in vain until ${description}; last seen: ${seen}`);
    }
    await sleep(everyMs ?? Math.min(200, Math.max(5, waitedMs / 20)), undefined, { signal });
  }
}

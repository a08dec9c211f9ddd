import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";

export interface WaitOptions {
  /** Default 20,000: generous, so that only a broken promise fails, not a busy machine. */
  readonly timeoutMs?: number;
  /** Time between two looks. Default 20. */
  readonly everyMs?: number;
  /** Ends the wait early: it rejects when this fires. */
  readonly signal?: AbortSignal;
}

/**
 * Looks again and again until `look` gives something truthy, and returns that.
 *
 * @throws when the time is up, naming `description` and the last value; at once when `look` throws or the signal fires
 */
export async function waitUntil<T>(
  description: string,
  look: () => T | Promise<T>,
  { timeoutMs = 20_000, everyMs = 20, signal }: WaitOptions = {},
): Promise<T> {
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    const value = await look();
    if (value) return value;
    if (performance.now() >= deadlineMs) {
      throw new Error(
        `waited ${timeoutMs} ms in vain until ${description}; last seen: ${inspect(value, { depth: 4 })}`,
      );
    }
    await sleep(everyMs, undefined, { signal });
  }
}

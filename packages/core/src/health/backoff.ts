import type { Random } from "../random.js";

/** A wait that doubles with every failure, from `baseMs` up to `capMs`. */
export interface Backoff {
  readonly baseMs: number;
  readonly capMs: number;
}

/**
 * How long to wait after `failures` earlier failures: half of `min(baseMs * 2^failures, capMs)`, plus a random part of
 * the other half. The fixed half bounds the rate; the random half spreads processes that failed at one moment.
 */
export function equalJitter({ baseMs, capMs }: Backoff, failures: number, random: Random): number {
  const waitMs = Math.min(baseMs * 2 ** failures, capMs);
  return waitMs / 2 + (random() * waitMs) / 2;
}

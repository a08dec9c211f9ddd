import type { Random } from "../random.js";

const firstBackoffMs = 100;
const longestBackoffMs = 2_000;

const shortestRoundMs = 100;
const longestRoundMs = 500;

/**
 * How long to wait before a retry (the first is 1): anywhere from 0 to 100 ms, doubling to 2 s. Full jitter: the whole
 * wait is drawn, so that requests that failed together are not retried together.
 */
export function retryBackoffMs(retry: number, random: Random): number {
  return random() * Math.min(longestBackoffMs, firstBackoffMs * 2 ** (retry - 1));
}

/** How long to wait before the next connection attempt once every node has refused: 100 to 500 ms. */
export function refusedBackoffMs(random: Random): number {
  return shortestRoundMs + random() * (longestRoundMs - shortestRoundMs);
}

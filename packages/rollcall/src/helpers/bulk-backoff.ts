import type { Random } from "@rollcall/core";

const firstBackoffMs = 500;
const longestBackoffMs = 30_000;

/**
 * How long refused operations wait before they are sent again (the first time is 1): 250 to 500 ms, doubling up to 15 to
 * 30 s. Half of it is drawn, so that requests that were refused together do not come back together; the other half is
 * certain, so that a cluster with too much to do gets a pause.
 */
export function bulkBackoffMs(retry: number, random: Random): number {
  const longestMs = Math.min(longestBackoffMs, firstBackoffMs * 2 ** (retry - 1));
  return (longestMs * (1 + random())) / 2;
}

import { setTimeout as sleep } from "node:timers/promises";

/** Keeps the process alive meanwhile, unlike the timers of a pool. */
export async function pause(ms: number, stop: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal: stop }).catch(() => {});
}

import { setTimeout as sleep } from "node:timers/promises";

/** Twice, with time between: what the first collection frees may run code that frees more. */
export async function collectGarbage(): Promise<void> {
  if (globalThis.gc === undefined) throw new Error("the process needs --expose-gc");
  globalThis.gc();
  await sleep(50);
  globalThis.gc();
}

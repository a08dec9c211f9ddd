import { setTimeout as sleep } from "node:timers/promises";
import type { ViewStore } from "@rollcall/coordinator";
import { RollcallError } from "@rollcall/core";
import type { Roll } from "./roll.js";
import type { Look } from "./status-report.js";

/** A connection takes a moment, and one that was lost is made again; after this time Redis counts as away. */
const patienceMs = 3_000;
const againMs = 100;

/**
 * Looks once: reads the view, calls the roll and listens for `waitMs`. In this order, so that whoever goes by an older
 * view than the one that was read is behind. Never fails; ends early when `stop` fires.
 */
export async function fetchStatus(
  store: Pick<ViewStore, "read" | "requestStatus" | "nowMs">,
  roll: Roll,
  waitMs: number,
  stop: AbortSignal,
): Promise<Pick<Look, "seen" | "digests">> {
  const seen = await readPatiently(store, stop);
  if (seen.kind !== "away") {
    store.requestStatus();
    await pause(waitMs, stop);
  }
  return { seen, digests: roll.present() };
}

async function readPatiently(store: Pick<ViewStore, "read" | "nowMs">, stop: AbortSignal): Promise<Look["seen"]> {
  const untilMs = performance.now() + patienceMs;
  for (;;) {
    try {
      const view = await store.read();
      return view === undefined ? { kind: "none" } : { kind: "view", view, nowMs: store.nowMs() };
    } catch (error) {
      if (!(error instanceof RollcallError) || error.code !== "REDIS") throw error;
      if (performance.now() >= untilMs || stop.aborted) return { kind: "away", problem: error.message };
    }
    await pause(againMs, stop);
  }
}

/** Keeps the process alive meanwhile, unlike the timers of a pool. */
export async function pause(ms: number, stop: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal: stop }).catch(() => {});
}

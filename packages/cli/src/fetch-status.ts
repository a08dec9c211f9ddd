import { setTimeout as sleep } from "node:timers/promises";
import type { ReplicaRegistry, ViewStore } from "@rollcall/coordinator";
import { RollcallError } from "@rollcall/core";
import type { StatusSnapshot } from "./status-report.js";

/** A connection takes a moment, and a lost one is made again; after this time Redis counts as away. */
const connectWithinMs = 3_000;
const retryMs = 100;

/**
 * Takes one snapshot: reads the view, sends a status request and collects heartbeats for `waitMs`. In this order, so
 * that a replica with an older view than the one that was read is behind. Never rejects because of Redis; ends early
 * when `stop` fires.
 */
export async function fetchStatus(
  store: Pick<ViewStore, "read" | "requestStatus" | "nowMs">,
  replicas: Pick<ReplicaRegistry, "heartbeats">,
  waitMs: number,
  stop: AbortSignal,
): Promise<Pick<StatusSnapshot, "seen" | "heartbeats">> {
  let seen = await readWhenConnected(store, stop);
  if (seen.kind !== "away") {
    store.requestStatus();
    await pause(waitMs, stop);
  }
  // The next leader publishes within this time, if there is one.
  if (seen.kind === "view" && seen.view.head.released === true) seen = await readWhenConnected(store, stop);
  return { seen, heartbeats: replicas.heartbeats() };
}

/** The view, once Redis answers. Never rejects because of Redis; ends early when `stop` fires. */
export async function readWhenConnected(
  store: Pick<ViewStore, "read" | "nowMs">,
  stop: AbortSignal,
): Promise<StatusSnapshot["seen"]> {
  const untilMs = performance.now() + connectWithinMs;
  for (;;) {
    try {
      const view = await store.read();
      return view === undefined ? { kind: "none" } : { kind: "view", view, nowMs: store.nowMs() };
    } catch (error) {
      if (!(error instanceof RollcallError) || error.code !== "REDIS") throw error;
      if (performance.now() >= untilMs || stop.aborted) return { kind: "away", problem: error.message };
    }
    await pause(retryMs, stop);
  }
}

/** Keeps the process alive meanwhile, unlike the timers of a pool. */
export async function pause(ms: number, stop: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal: stop }).catch(() => {});
}

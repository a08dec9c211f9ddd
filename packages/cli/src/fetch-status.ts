import type { ReplicaRegistry, ViewStore } from "@rollcall/coordinator";
import { pause } from "./pause.js";
import type { StatusSnapshot } from "./status-report.js";
import { whenConnected } from "./when-connected.js";

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
  const read = await whenConnected(() => store.read(), stop);
  if ("problem" in read) return { kind: "away", problem: read.problem };
  return read.value === undefined ? { kind: "none" } : { kind: "view", view: read.value, nowMs: store.nowMs() };
}

import { setTimeout as sleep } from "node:timers/promises";
import type { ReplicaRegistry, ViewStore } from "@rollcall/coordinator";
import type { Version } from "@rollcall/core/view";
import { type DrainProgress, drainProgress, isDrained } from "./drain-progress.js";

/** Replicas answer a status request within 200 ms, and once a second at most. */
const everyMs = 200;
const requestEveryMs = 1_000;

/**
 * Waits until no replica has a request in flight at the node, for at most `waitMs`; gives how far it has come by then.
 *
 * @param drain the node by its `nodeKey`, and the marks from which on it is drained
 */
export async function waitUntilDrained(
  store: Pick<ViewStore, "read" | "requestStatus">,
  replicas: Pick<ReplicaRegistry, "heartbeats">,
  drain: { readonly node: string; readonly marks: Version },
  waitMs: number,
): Promise<DrainProgress> {
  const untilMs = performance.now() + waitMs;
  let requestAtMs = Number.NEGATIVE_INFINITY;
  for (;;) {
    if (performance.now() >= requestAtMs) {
      store.requestStatus();
      requestAtMs = performance.now() + requestEveryMs;
    }
    await sleep(Math.min(everyMs, Math.max(0, untilMs - performance.now())));
    // Redis may be away for a moment: then it is not known how many replicas there are.
    const view = await store.read().catch(() => undefined);
    const heartbeats = replicas.heartbeats();
    const counted = view?.head.replicas ?? heartbeats.length + 1;
    const progress = drainProgress(drain.node, drain.marks, heartbeats, counted);
    if (isDrained(progress) || performance.now() >= untilMs) return progress;
  }
}

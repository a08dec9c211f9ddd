import { RollcallError, type Timers } from "@rollcall/core";
import type { OperationRequest, OperationResult } from "@rollcall/core/view";
import { isDenied } from "./store/redis-problem.js";
import type { ViewStore } from "./store/view-store.js";

/** A leader that dies is replaced within about this time. */
const answerWithinMs = 10_000;
/** A connection takes a moment, and a lost one is made again; after this time the store counts as away. */
const connectWithinMs = 3_000;
/** A request or its result may be lost. */
const repeatEveryMs = 500;

/**
 * Asks the leader of a view for an operation, again and again with the same id, and resolves with its result; with
 * undefined if no leader has answered within 10 s.
 *
 * @throws RollcallError `REDIS` if the request could not be sent even once: the store is away, or a permission is missing.
 *   Nothing has changed then
 */
export async function operate(
  store: Pick<ViewStore, "sendOperation" | "onOperationResult">,
  request: OperationRequest,
  timers: Timers,
): Promise<OperationResult | undefined> {
  const results: OperationResult[] = [];
  let wake = () => {};
  const unsubscribe = store.onOperationResult((result) => {
    if (result.id !== request.id) return;
    results.push(result);
    wake();
  });
  const startedAtMs = timers.nowMs();
  let isSent = false;
  try {
    while (results.length === 0 && timers.nowMs() - startedAtMs < answerWithinMs) {
      try {
        await store.sendOperation(request);
        isSent = true;
      } catch (error) {
        if (!(error instanceof RollcallError) || error.code !== "REDIS") throw error;
        const isAway = !isSent && timers.nowMs() - startedAtMs >= connectWithinMs;
        if (isAway || isDenied(error)) throw error;
      }
      if (results.length > 0) break;
      await new Promise<void>((resolve) => {
        wake = resolve;
        timers.after(repeatEveryMs, resolve);
      });
    }
    return results[0];
  } finally {
    unsubscribe();
  }
}

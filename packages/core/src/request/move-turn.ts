import type { Random } from "../random.js";
import { type RerouteWindow, reroutesInWindow, rerouteWindowMs } from "./reroute.js";
import type { RetryBudget } from "./retry-budget.js";

/** No turn lies further ahead. */
const longestWaitMs = 1_000;

/** The window that has turns left, which may lie ahead, and when a read's turn in it comes. */
export interface MoveTurn {
  readonly window: RerouteWindow;
  readonly afterMs: number;
}

/**
 * When a Read that lost its connection moves to another node: at once, as long as that is no storm.
 *
 * As many as are rerouted in a window of 100 ms move at once for nothing, and further ones at once as far as the retry
 * budget pays. What several nodes lose at one time is more: those reads wait for later windows, each at a random time in
 * its own. No read waits longer than 1 s: beyond that, turns are spread evenly over the second.
 *
 * `targets` are the nodes to move to, `inFlight` the requests at them. Each thread keeps one window for its own reads.
 */
export function nextMoveTurn(
  window: RerouteWindow,
  targets: number,
  inFlight: number,
  nowMs: number,
  random: Random,
  budget: Pick<RetryBudget, "trySpend">,
): MoveTurn {
  const current = nowMs - window.sinceMs < rerouteWindowMs ? window : { sinceMs: nowMs, rerouted: 0 };
  const isFull = current.rerouted >= reroutesInWindow(targets, inFlight);
  const sinceMs = isFull ? current.sinceMs + rerouteWindowMs : current.sinceMs;
  const waitMs = sinceMs - nowMs;
  if (waitMs <= 0) return { window: { sinceMs, rerouted: current.rerouted + 1 }, afterMs: 0 };
  if (budget.trySpend(nowMs)) return { window, afterMs: 0 };
  if (waitMs > longestWaitMs - rerouteWindowMs) return { window, afterMs: random() * longestWaitMs };
  return {
    window: { sinceMs, rerouted: isFull ? 1 : current.rerouted + 1 },
    afterMs: waitMs + random() * rerouteWindowMs,
  };
}

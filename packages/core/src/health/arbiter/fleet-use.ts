import { isInTime } from "../../in-time.js";
import type { Heartbeat } from "../../view/heartbeat.js";
import type { ArbiterEvent } from "./arbiter-events.js";

/** After so long without a sign of a request of any process, a fleet is idle. */
const idleAfterMs = 60_000;

/**
 * Whether the processes that share a view send requests, as far as their leader can see.
 *
 *   in use ── 60 s without a sign of a request ──▶ idle ── a sign of one ──▶ in use
 *
 * A leader begins with "in use": it has seen nothing yet.
 */
export type FleetUse =
  | { readonly state: "in-use"; readonly usedAtMs: number }
  /** Nodes that are well are probed less often. */
  | { readonly state: "idle" };

/** Returns the same if nothing changes. */
export function nextFleetUse(use: FleetUse | undefined, event: ArbiterEvent, nowMs: number): FleetUse {
  if (use === undefined || isSignOfUse(event)) return { state: "in-use", usedAtMs: nowMs };
  const dueMs = idleAtMs(use);
  if (nowMs < dueMs) return use;
  // A process that did not run has not received what would be a sign.
  return isInTime(dueMs, nowMs) ? { state: "idle" } : { state: "in-use", usedAtMs: nowMs };
}

/** When time alone ends the use; infinity once it has. */
export function idleAtMs(use: FleetUse | undefined): number {
  return use?.state === "in-use" ? use.usedAtMs + idleAfterMs : Number.POSITIVE_INFINITY;
}

/** What another process says of a node comes from its requests. */
function isSignOfUse(event: ArbiterEvent): boolean {
  return (
    event.type === "used" || event.type === "refuted" || (event.type === "reported" && event.replica !== undefined)
  );
}

/** Whether the process of this heartbeat sends requests, or may: one that does not say so may. */
export function maySend({ role, load, threads }: Pick<Heartbeat, "role" | "load" | "threads">): boolean {
  if (role === "coordinator") return false;
  if (load === undefined || load.requests > 0 || load.queued > 0) return true;
  return load.nodes.some(({ inFlight }) => inFlight > 0) || threads.some(({ calls }) => calls > 0);
}

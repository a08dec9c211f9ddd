import type { NodeEvent, NodeState } from "@rollcall/worker";

/**
 * The node is healthy, or would be but for how it compares with the others: on a busy machine any node may look slow
 * for some seconds.
 */
export function isWell(state: NodeState | undefined): boolean {
  return state === "healthy" || state === "penalized";
}

/** As {@link isWell}, or in slow start. */
export function isUsed(state: NodeState | undefined): boolean {
  return isWell(state) || state === "slow-start";
}

/** The event says only how a node compares with the others, not that it can or cannot be used. */
export function isComparison({ from, to }: NodeEvent): boolean {
  return to === "penalized" || (from === "penalized" && to === "healthy");
}

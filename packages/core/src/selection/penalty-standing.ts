import { penalizedAbove } from "./penalties.js";
import type { NodePenalty } from "./penalty-figures.js";

/** A penalty of seconds is everyday, such as a busy start's: it must last so long to be shown. */
export const penalizedAfterMs = 10_000;
/** A bad node's penalty comes and goes, as measurements fade and it is tried again: it must be gone for so long. */
export const clearedAfterMs = 10_000;

/**
 * Whether a node counts as penalized: for people and events, and without effect on which node is picked.
 *
 *            factor above 2              for 10 s
 *     clear ────────────────▶ rising ──────────────▶ penalized ◀──┐ above 2 again
 *       ▲ ◀── 2 or less ────────┘                        │        │
 *       │                                                ▼ 2 or less
 *       └────────────────── for 10 s ────────────────── falling
 *
 *     any ── nothing is measured: the node is out of use, or this process has sent nothing for long ──▶ clear
 *
 * All times are monotonic milliseconds.
 */
export type PenaltyStanding =
  | { readonly state: "clear" }
  | { readonly state: "rising"; readonly sinceMs: number }
  | (Penalized & { readonly state: "penalized" })
  | (Penalized & { readonly state: "falling"; readonly fallingSinceMs: number });

export interface Penalized {
  readonly sinceMs: number;
  /** As last measured while it was above 2. */
  readonly penalty: NodePenalty;
  /** With the greatest factor since the beginning. */
  readonly worst: NodePenalty;
}

export const clearStanding: PenaltyStanding = { state: "clear" };

/** Takes one measurement into account; undefined: there is none of late, or the node gets no ordinary requests. */
export function nextPenaltyStanding(
  before: PenaltyStanding,
  measured: NodePenalty | undefined,
  nowMs: number,
): PenaltyStanding {
  if (measured === undefined) return clearStanding;
  const isAbove = measured.factor > penalizedAbove;
  switch (before.state) {
    case "clear":
      return isAbove ? { state: "rising", sinceMs: nowMs } : before;
    case "rising": {
      if (!isAbove) return clearStanding;
      if (nowMs - before.sinceMs < penalizedAfterMs) return before;
      return { state: "penalized", sinceMs: before.sinceMs, penalty: measured, worst: measured };
    }
    case "penalized":
    case "falling": {
      const { sinceMs, penalty, worst } = before;
      if (isAbove) {
        const worse = measured.factor > worst.factor ? measured : worst;
        return { state: "penalized", sinceMs, penalty: measured, worst: worse };
      }
      if (before.state === "penalized") return { state: "falling", sinceMs, penalty, worst, fallingSinceMs: nowMs };
      return nowMs - before.fallingSinceMs < clearedAfterMs ? before : clearStanding;
    }
  }
}

/** The penalty that people are shown; undefined while the node does not count as penalized. */
export function penalizedOf(standing: PenaltyStanding): Penalized | undefined {
  return standing.state === "penalized" || standing.state === "falling" ? standing : undefined;
}

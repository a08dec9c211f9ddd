import { present } from "@rollcall/core";
import { penalizedOf } from "@rollcall/core/selection";
import type { AvoidedNode } from "@rollcall/core/view";
import type { NodeEntry } from "./node-entry.js";

/** What others are shown of a node that this process has ejected, penalizes or cannot use; undefined for any other. */
export function avoidedNode(entry: NodeEntry, nowMs: number): AvoidedNode | undefined {
  const { state, reason = "", sinceMs = nowMs } = entry.standing(0);
  if (state !== "ejected" && state !== "penalized" && state !== "unusable") return undefined;
  const factor = state === "penalized" ? penalizedOf(entry.penalty)?.penalty.factor : undefined;
  return present({ node: entry.key, state, reason, forMs: Math.max(0, Math.round(nowMs - sinceMs)), factor });
}

import { present } from "../../present.js";
import type { Mark } from "../../view/view.js";
import { evidenceOf } from "./handover.js";
import { type MonitoredNode, type NodeHealth, publishedHealth } from "./node-health.js";

/**
 * A node's state as others see it. "joining" and "gone" are outside the view: a node comes from one and ends in the
 * other.
 */
export type PublishedState = Exclude<NodeHealth["state"], "suspect">;

/** One node as others see it. */
export interface PublishedNode {
  readonly state: PublishedState;
  /** Whether the view names the node. */
  readonly isListed: boolean;
  readonly mark: Mark | undefined;
  readonly reason: string;
}

export const unpublished: PublishedNode = { state: "joining", isListed: false, mark: undefined, reason: "" };

export function publishedNodeOf(node: MonitoredNode): PublishedNode {
  const health = publishedHealth(node);
  switch (health.state) {
    case "joining":
      return unpublished;
    case "gone":
      return { state: "gone", isListed: false, mark: undefined, reason: health.reason };
    case "healthy":
      return { state: "healthy", isListed: true, mark: undefined, reason: health.reason };
    case "unverified":
    case "slow-start":
    case "down":
    case "draining": {
      const { state, sinceMs, reason } = health;
      const mark = present({ kind: state, sinceMs, reason, down: evidenceOf(node) });
      return { state, isListed: true, mark, reason };
    }
  }
}

export function isPublished(node: MonitoredNode): boolean {
  const { state } = publishedHealth(node);
  return state !== "joining" && state !== "gone";
}

export function isSameMark(a: Mark | undefined, b: Mark | undefined): boolean {
  return a?.kind === b?.kind && a?.sinceMs === b?.sinceMs && a?.reason === b?.reason;
}

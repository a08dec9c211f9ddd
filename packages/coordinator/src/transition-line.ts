import { type LogEventName, present } from "@rollcall/core";
import type { PublishedState } from "@rollcall/core/health";
import { sanitizeForLog } from "@rollcall/core/sniff";
import { type DownEvidence, type HistoryNode, historyNode, type NodeRecord } from "@rollcall/core/view";

export interface Transition {
  readonly from: PublishedState;
  readonly to: PublishedState;
  readonly reason: string;
  readonly evidence?: DownEvidence;
}

/** The one line that is logged for a transition. */
export function transitionLine(node: string, { from, to, reason, evidence }: Transition): string {
  return `node ${node} ${transitionWords(from, to)}: ${reason}${evidenceWords(evidence)}`;
}

/**
 * The leader cannot reach a node that stays in use: the replica reaches it; or, without one, no process confirms it.
 */
export function disputeLine(node: string, reason: string, replica: string | undefined): string {
  return replica === undefined
    ? `node ${node} cannot be reached from here, and no other process confirms it: ${reason}`
    : `node ${node} cannot be reached from here, but from replica ${replica}: ${reason}`;
}

/** The end of what {@link disputeLine} says. */
export function disputeClearedLine(node: string): string {
  return `node ${node} can be reached from here again`;
}

/** The name and the address of a node, for people. */
export function nodeLabel(record: NodeRecord): string {
  return labelOfNode(historyNode(record));
}

export function labelOfNode({ name, address }: HistoryNode): string {
  return name === undefined ? address : `${sanitizeForLog(name)} (${address})`;
}

/** A node in the fields of a log line. */
export function nodeFields({ name, address }: HistoryNode) {
  return present({ node: address, nodeName: name === undefined ? undefined : sanitizeForLog(name) });
}

export function transitionEvent({ from, to }: Pick<Transition, "from" | "to">): LogEventName {
  switch (to) {
    case "unverified":
      return "node.unverified";
    case "healthy":
      return from === "slow-start" ? "node.full-share" : "node.in-use";
    case "slow-start":
      return from === "down" ? "node.recovered" : "node.joined";
    case "down":
      return "node.down";
    case "draining":
      return "node.leaving";
    case "gone":
      return "node.gone";
    case "joining":
      return "node.joining";
  }
}

function transitionWords(from: PublishedState, to: PublishedState): string {
  switch (to) {
    case "unverified":
      return "is used before its first answer";
    case "healthy":
      return from === "slow-start" ? "has its full share again" : "is in use";
    case "slow-start":
      return from === "down" ? "is back in slow start" : "joins in slow start";
    case "down":
      return "is down";
    case "draining":
      return "leaves the cluster; requests in flight may end";
    case "gone":
      return "is gone";
    case "joining":
      return "joins";
  }
}

/** The evidence against a node, for people; "" if there is none. */
function evidenceWords(evidence: DownEvidence | undefined): string {
  if (evidence === undefined) return "";
  const { failedProbes, reporters } = evidence;
  const words = [
    ...(failedProbes === 0 ? [] : [`${failedProbes} failed ${failedProbes === 1 ? "probe" : "probes"}`]),
    ...(reporters === 0 ? [] : [`reported by ${reporters} ${reporters === 1 ? "process" : "processes"}`]),
  ];
  return words.length === 0 ? "" : ` (${words.join(", ")})`;
}

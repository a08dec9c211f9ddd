import type { PublishedState } from "@rollcall/core/health";
import { sanitizeForLog } from "@rollcall/core/sniff";
import { addressOf, type DownEvidence, type NodeRecord } from "@rollcall/core/view";

export interface Transition {
  readonly from: PublishedState;
  readonly to: PublishedState;
  readonly reason: string;
  readonly evidence?: DownEvidence;
}

/** One line a transition is all that many people will ever read of us. */
export function transitionLine(node: string, { from, to, reason, evidence }: Transition): string {
  return `node ${node} ${transitionWords(from, to)}: ${reason}${evidenceWords(evidence)}`;
}

/** We do not reach a node, and it stays in use: for this replica does, or since nobody says anything. */
export function unsettledLine(node: string, reason: string, replica: string | undefined): string {
  return replica === undefined
    ? `node ${node} cannot be reached from here, and no other process says whether it can: ${reason}`
    : `node ${node} cannot be reached from here, but from replica ${replica}: ${reason}`;
}

/** What {@link unsettledLine} said is over. */
export function resettledLine(node: string): string {
  return `node ${node} is reached from here again`;
}

/** How people know a node. */
export function nodeLabel(record: NodeRecord): string {
  return record.name === undefined ? addressOf(record) : `${sanitizeForLog(record.name)} (${addressOf(record)})`;
}

function transitionWords(from: PublishedState, to: PublishedState): string {
  switch (to) {
    case "unverified":
      return "is used before its first answer";
    case "healthy":
      return from === "slow-start" ? "has its full share again" : "is in use";
    case "slow-start":
      return from === "down" ? "is back and eased in" : "joins and is eased in";
    case "down":
      return "is down";
    case "draining":
      return "leaves; what is under way may end";
    case "gone":
      return "is gone";
    case "joining":
      return "joins";
  }
}

/** What spoke against a node, for people; "" where nothing did. */
function evidenceWords(evidence: DownEvidence | undefined): string {
  if (evidence === undefined) return "";
  const { failedProbes, reporters } = evidence;
  const words = [
    ...(failedProbes === 0 ? [] : [`${failedProbes} failed ${failedProbes === 1 ? "probe" : "probes"}`]),
    ...(reporters === 0 ? [] : [`reported by ${reporters} ${reporters === 1 ? "process" : "processes"}`]),
  ];
  return words.length === 0 ? "" : ` (${words.join(", ")})`;
}

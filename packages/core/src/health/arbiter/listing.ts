import { drop, type MonitoredNode, newInUse, newMonitoredNode, settle } from "./node-health.js";
import { openSuspicion } from "./suspicion.js";

/** A node that is listed for the first time, or again after it was gone. */
export function joinNode(address: string, trusted: boolean, firstView: boolean, nowMs: number): MonitoredNode {
  if (trusted) return newMonitoredNode(address, trusted, newInUse("unverified", "configured", nowMs, nowMs), nowMs);
  return newMonitoredNode(address, trusted, { state: "joining", firstView, failures: 0, probeAtMs: nowMs }, nowMs);
}

/** The node is on the list. */
export function relistNode(node: MonitoredNode, trusted: boolean, nowMs: number): MonitoredNode {
  const { health } = node;
  if (health.state === "draining") {
    return { ...node, trusted, health: newInUse("slow-start", "listed again", nowMs, nowMs) };
  }
  if (health.state === "down" && health.departedAtMs !== undefined) {
    return { ...node, trusted, health: { ...health, departedAtMs: undefined } };
  }
  return trusted === node.trusted ? node : { ...node, trusted };
}

/**
 * The node is not on the list. `mayReturn`: the cluster has named it before, and neither its id nor its address is on
 * the list now; a node that is down is then probed on.
 */
export function unlistNode(node: MonitoredNode, mayReturn: boolean, nowMs: number): MonitoredNode {
  const { health, trusted } = node;
  switch (health.state) {
    case "draining":
    case "gone":
      return node;
    case "joining":
      return drop(node, "no longer listed");
    case "down":
      if (!mayReturn) return drop(node, "no longer listed");
      return health.departedAtMs === undefined ? { ...node, health: { ...health, departedAtMs: nowMs } } : node;
    case "unverified":
    case "healthy":
    case "slow-start":
    case "suspect":
      // Readers keep their seeds whatever is published, so a seed needs no time to drain.
      return trusted
        ? drop(node, "no longer listed")
        : settle(node, { state: "draining", sinceMs: nowMs, reason: "no longer listed" });
  }
}

/** The node is listed under another key. Pending answers will come for the old key, so the node is probed again. */
export function renameNode(node: MonitoredNode, nowMs: number): MonitoredNode {
  const { health } = node;
  const unprobed = { ...node, pendingProbes: 0, answersVoid: false };
  switch (health.state) {
    case "suspect":
      return openSuspicion(unprobed, health.previous, nowMs);
    case "joining":
    case "unverified":
    case "healthy":
    case "slow-start":
    case "down":
      return { ...unprobed, health: { ...health, probeAtMs: nowMs } };
    case "draining":
    case "gone":
      return unprobed;
  }
}

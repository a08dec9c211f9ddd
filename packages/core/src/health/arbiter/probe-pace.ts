import type { Random } from "../../random.js";
import { isInUse, type MonitoredNode, publishedHealth } from "./node-health.js";

/** Up to so many nodes, each is probed at the usual interval: that makes five probes a second. */
const nodesAtUsualPace = 50;
/** However many there are, each is probed once in so many usual intervals. */
const stretchMax = 30;

/**
 * The node after an event, with its next regular probe as late as the size of the cluster makes it: a cluster costs its
 * leader five probes a second, whether it has 50 nodes or a thousand. What else is due of a node keeps its time: a
 * failed request, a suspicion, a dispute.
 *
 * A regular probe finds what no request meets, so it matters less where there are many nodes: the cluster drops a node
 * that it has lost from its list itself, and the leader reads that twice a minute.
 */
export function pacedProbe(
  node: MonitoredNode,
  before: MonitoredNode | undefined,
  nodes: number,
  nowMs: number,
  random: Random,
): MonitoredNode {
  const { health } = node;
  const stretch = Math.min(stretchMax, nodes / nodesAtUsualPace);
  if (stretch <= 1 || !isInUse(health) || health.probeAtMs <= nowMs) return node;
  const was = before === undefined ? undefined : publishedHealth(before);
  const isRegular = was !== undefined && isInUse(was);
  if (isRegular && was.probeAtMs === health.probeAtMs) return node;
  // Nodes that join together are spread over all of the time.
  const by = isRegular ? stretch : 1 + (stretch - 1) * random();
  return { ...node, health: { ...health, probeAtMs: nowMs + (health.probeAtMs - nowMs) * by } };
}

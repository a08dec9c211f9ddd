import type { Random } from "../../random.js";
import type { FleetUse } from "./fleet-use.js";
import { isInUse, type MonitoredNode, probeIntervalMs, publishedHealth } from "./node-health.js";

/** How much longer than usual each node's interval is, by the number of nodes. */
interface Pace {
  /** Up to so many nodes, each is probed at the usual interval. */
  readonly nodesAtUsual: number;
  /** However many there are, each is probed once in so many usual intervals. */
  readonly stretchMax: number;
}

const paces: Readonly<Record<FleetUse["state"], Pace>> = {
  /** Five probes a second, and each node at least once in five minutes. */
  "in-use": { nodesAtUsual: 50, stretchMax: 30 },
  /** Three probes in ten seconds, and each node at least once in an hour. */
  idle: { nodesAtUsual: 3, stretchMax: 360 },
};

/** Of which collection a node is one. */
export interface PacedAmong {
  readonly size: number;
  readonly use: FleetUse | undefined;
}

/**
 * The node after an event, with its next regular probe as late as the size of the cluster makes it: a cluster costs its
 * leader five probes a second, whether it has 50 nodes or a thousand, and while no process sends requests, three in ten
 * seconds, whether it has three nodes or a thousand. What else is due of a node keeps its time: a failed request, a
 * suspicion, a dispute. While the fleet is idle, so do the regular probes of a node that is not well.
 *
 * A regular probe finds what no request meets, so it matters less where there are many nodes, and least where there are no
 * requests: the cluster drops a node that it has lost from its list itself, and the leader reads that twice a minute.
 */
export function pacedProbe(
  node: MonitoredNode,
  before: MonitoredNode | undefined,
  among: PacedAmong,
  nowMs: number,
  random: Random,
): MonitoredNode {
  const { health } = node;
  const stretch = stretchOf(node, among);
  if (stretch <= 1 || !isInUse(health) || health.probeAtMs <= nowMs) return node;
  const was = before === undefined ? undefined : publishedHealth(before);
  const isRegular = was !== undefined && isInUse(was);
  if (isRegular && was.probeAtMs === health.probeAtMs) return node;
  // Nodes that join together are spread over all of the time.
  const by = isRegular ? stretch : 1 + (stretch - 1) * random();
  return { ...node, health: { ...health, probeAtMs: nowMs + (health.probeAtMs - nowMs) * by } };
}

/**
 * The node as the use of the fleet has just changed. Its next regular probe is spread over one interval of the new pace:
 * no earlier than it was where the fleet is idle now, no later where it is in use. So the new pace begins at once, and
 * no probes come together.
 */
export function repaced(node: MonitoredNode, among: PacedAmong, nowMs: number, random: Random): MonitoredNode {
  const { health } = node;
  if (!isWell(node) || !isInUse(health) || among.size <= paces.idle.nodesAtUsual) return node;
  const spreadAtMs = nowMs + probeIntervalMs * stretchOf(node, among) * random();
  const probeAtMs = (among.use?.state === "idle" ? Math.max : Math.min)(health.probeAtMs, spreadAtMs);
  return probeAtMs === health.probeAtMs ? node : { ...node, health: { ...health, probeAtMs } };
}

function stretchOf(node: MonitoredNode, { size, use }: PacedAmong): number {
  const { nodesAtUsual, stretchMax } = paces[use?.state === "idle" && isWell(node) ? "idle" : "in-use"];
  return Math.max(1, Math.min(stretchMax, size / nodesAtUsual));
}

/** Nothing speaks against the node, and it has its full share. */
function isWell({ health }: MonitoredNode): boolean {
  return health.state === "healthy" && health.doubt === undefined && health.dispute === undefined;
}

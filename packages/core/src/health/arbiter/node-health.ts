import type { Random } from "../../random.js";

/** A node in use is probed at this interval, give or take a fifth. */
export const probeIntervalMs = 10_000;

/**
 * The leader's judgement of one node.
 *
 *   joining ──verified──▶ ┌────────┐ ──in doubt─────────────▶ ┌─────────┐ ──confirmed──▶ ┌──────┐
 *   a seed ─────────────▶ │ in use │ ◀─answered, disputed──── └─────────┘    foreign ──▶ │ down │
 *                         │        │ ◀─as slow start: held, then 2 to 5 good answers─────┘      │
 *                         └────────┘                                                     ───────┘
 *        no longer listed   │    ▲   listed again, as slow start
 *                           ▼    │
 *                          draining ──30 s──▶ gone
 *
 * - In use is `unverified` until the first answer, `slow-start` for 30 s after a late join or a return, else `healthy`.
 * - In doubt: a probe of the leader failed, or a process reported the node. The node is then `suspect`, which is not
 *   published: readers see the state before it.
 * - Confirmed: two fresh probes of the leader failed, and so did a peer. Without a live peer the two probes decide.
 * - Disputed: a peer reaches the node, or no peer answers. The suspicion opens again after 2, 4, 8 … 30 s, until a
 *   probe is answered or a peer fails too.
 * - An operator can take a down mark back: the node is then in use at once, as if it had never been down.
 * - Foreign: another cluster answers at the address. That takes a node in use or under suspicion down at once.
 *
 * A node that leaves the list while it is down stays down and is probed for 10 minutes more: a cluster drops a killed
 * node from its list at once, and most nodes return at the same address.
 */
export type NodeHealth = Joining | InUse | Suspect | Down | Draining | Gone;

/** Never verified, and not published. */
export interface Joining {
  readonly state: "joining";
  /** Joined with the cluster's first list. No node was in use before, so the node needs no slow start. */
  readonly firstView: boolean;
  readonly failures: number;
  readonly probeAtMs: number;
}

export interface InUse {
  readonly state: "unverified" | "healthy" | "slow-start";
  readonly sinceMs: number;
  readonly reason: string;
  readonly probeAtMs: number;
  /** The reason for a suspicion. It opens no earlier than `calmUntilMs`; until then the doubt is kept. */
  readonly doubt: string | undefined;
  readonly calmUntilMs: number;
  /** Present from a suspicion that no peer confirmed until the next answer. */
  readonly dispute: Dispute | undefined;
}

/** The leader cannot reach the node, and no other process confirms it. */
export interface Dispute {
  /** Suspicions in a row that ended so. */
  readonly times: number;
  /** The process that reaches the node; undefined if no process answered. */
  readonly reachedBy: string | undefined;
  /** When the next suspicion opens. A report of another process brings it forward. */
  readonly recheckAtMs: number;
}

export interface Suspect {
  readonly state: "suspect";
  readonly previous: InUse;
  readonly openedAtMs: number;
  /** The leader's own fresh probes: how many were sent, how many failed, and why the last one failed. */
  readonly probesSent: number;
  readonly probesFailed: number;
  readonly reason: string;
  readonly peers: PeerProbes;
}

/** What the peer probes of one suspicion have shown. */
export interface PeerProbes {
  /** Whether there are peers to ask: "unknown" until they have been chosen. */
  readonly company: "unknown" | "alone" | "others";
  /** The peers that were asked and have not answered. */
  readonly pending: readonly string[];
  readonly failed: readonly string[];
  readonly reachedBy: string | undefined;
}

export interface Down {
  readonly state: "down";
  readonly sinceMs: number;
  readonly reason: string;
  readonly holdUntilMs: number;
  /** The evidence when the node went down: failed fresh probes of the leader, and other processes that failed too. */
  readonly failedProbes: number;
  readonly reporters: number;
  readonly probeAtMs: number;
  /** Probes in a row that failed, or that succeeded: one of the two is 0. */
  readonly failures: number;
  readonly successes: number;
  /** Since when the node has not been listed. */
  readonly departedAtMs: number | undefined;
}

export interface Draining {
  readonly state: "draining";
  readonly sinceMs: number;
  readonly reason: string;
}

/** No longer judged. The arbiter drops the node. */
export interface Gone {
  readonly state: "gone";
  readonly reason: string;
}

/** One node that the leader judges. All times are monotonic milliseconds. */
export interface MonitoredNode {
  /** `host:port`. */
  readonly address: string;
  /** A configured seed. It is used before it is verified, because the configuration vouches for it. */
  readonly trusted: boolean;
  readonly health: NodeHealth;
  /** How often the node has gone down. One flap is forgotten for every 30 s since `stableSinceMs`. */
  readonly flaps: number;
  readonly stableSinceMs: number;
  /** The last report of each process, the oldest first; at most 256. */
  readonly reports: ReadonlyMap<string, Report>;
  /** The last process that had a byte from the node although the node was marked down. */
  readonly refutation: { readonly replica: string; readonly atMs: number } | undefined;
  /** The number of the last suspicion. Peer probes of an earlier one count for nothing. */
  readonly suspicion: number;
  /** Probes that are not answered yet, and when the last one was sent. */
  readonly pendingProbes: number;
  readonly probedAtMs: number;
  /** The pending probes belong to a judgement that is over: their answers are counted, and not used. */
  readonly answersVoid: boolean;
}

export interface Report {
  readonly atMs: number;
  /** The reporter's own probe, on a new connection just before, failed too. */
  readonly isBacked: boolean;
}

/** What one node's judgement asks for. */
export type ProbeEffect =
  | { readonly type: "probe"; readonly fresh: boolean }
  /** `except`: peers that need no probe, because they have just reported the node. */
  | { readonly type: "requestPeerProbes"; readonly suspicion: number; readonly except: readonly string[] };

export function newMonitoredNode(
  address: string,
  trusted: boolean,
  health: NodeHealth,
  sinceMs: number,
  flaps = 0,
): MonitoredNode {
  const noEvidence = { reports: new Map<string, Report>(), refutation: undefined, suspicion: 0 };
  const unprobed = { pendingProbes: 0, probedAtMs: sinceMs, answersVoid: false };
  return { address, trusted, health, flaps, stableSinceMs: sinceMs, ...noEvidence, ...unprobed };
}

export function newInUse(state: InUse["state"], reason: string, nowMs: number, probeAtMs: number): InUse {
  return { state, sinceMs: nowMs, reason, probeAtMs, doubt: undefined, calmUntilMs: nowMs, dispute: undefined };
}

/** Whether requests go to the node by the leader's judgement. A suspected node is in use too, and is not meant here. */
export function isInUse(health: NodeHealth): health is InUse {
  return health.state === "unverified" || health.state === "healthy" || health.state === "slow-start";
}

/** The health that readers see. */
export function publishedHealth({ health }: MonitoredNode): Exclude<NodeHealth, Suspect> {
  return health.state === "suspect" ? health.previous : health;
}

/** The leader's own doubt of the node, which no other process confirms. */
export function disputeOf(node: MonitoredNode): Dispute | undefined {
  const health = publishedHealth(node);
  return isInUse(health) ? health.dispute : undefined;
}

export function nextProbeMs(nowMs: number, random: Random): number {
  return nowMs + probeIntervalMs * (0.8 + 0.4 * random());
}

/** Enters a health that has no use for the answers that are still pending. */
export function settle(node: MonitoredNode, health: NodeHealth): MonitoredNode {
  return { ...node, health, answersVoid: node.pendingProbes > 0 };
}

export function drop(node: MonitoredNode, reason: string): MonitoredNode {
  return { ...node, health: { state: "gone", reason } };
}

export function sendProbe(
  node: MonitoredNode,
  health: NodeHealth,
  fresh: boolean,
  nowMs: number,
): readonly [MonitoredNode, readonly ProbeEffect[]] {
  const probed = { ...node, health, pendingProbes: node.pendingProbes + 1, probedAtMs: nowMs };
  return [probed, [{ type: "probe", fresh }]];
}

import {
  type AvoidedNode,
  addressOf,
  type ConnectionShares,
  compareVersions,
  type Drain,
  drainOf,
  epochBegunMs,
  type Freshness,
  freshnessOf,
  type Head,
  type Heartbeat,
  type Mark,
  type MarkKind,
  type NodeRecord,
  nodeKey,
  operationsInForce,
  type ThreadHeartbeat,
  type Version,
  type View,
} from "@rollcall/core/view";
import { durationText } from "./duration-text.js";
import { type Health, healthOf, type Trouble, troublesOf } from "./status-verdict.js";

import { type TrafficOfNode, type TrafficOfReplica, trafficOfNodes, trafficOfReplica } from "./traffic-report.js";

/** What was read from Redis at one moment, and the heartbeats that answered the status request after it. */
export interface StatusSnapshot {
  /** The view's name. */
  readonly name: string;
  /** Where the view was read, without secrets. */
  readonly redis: string;
  readonly seen:
    | { readonly kind: "view"; readonly view: View; readonly nowMs: number }
    | { readonly kind: "none" }
    | { readonly kind: "away"; readonly problem: string };
  /** Active warnings of the store. */
  readonly warnings: readonly string[];
  /** The newest of each replica. */
  readonly heartbeats: readonly Heartbeat[];
}

/**
 * "released": the last leader has ended cleanly, and no other leads. "none": nothing was ever published. "away": Redis
 * does not answer.
 */
export type StatusState = Freshness | "released" | "none" | "away";

/** The version of a document that a replica or thread uses, compared with the one that was read from Redis. */
export interface Applied {
  /** Null before the first. */
  readonly version: Version | null;
  /** Null if there is no version to compare with. */
  readonly isCurrent: boolean | null;
  /** How many publications it lacks; null if that cannot be counted, as after a change of leader. */
  readonly behindBy: number | null;
}

export type ReportedNodeState = "healthy" | "penalized" | MarkKind;

export interface NodeReport {
  readonly key: string;
  readonly id: string;
  readonly address: string;
  readonly name: string | null;
  readonly roles: readonly string[] | null;
  readonly version: string | null;
  /** Whether the list contains it; a mark may outlast its node. */
  readonly isListed: boolean;
  /** "draining" too if an operator drains it, whatever its mark; "penalized": healthy, and a replica sends it less. */
  readonly state: ReportedNodeState;
  /** Whether new requests go to it. */
  readonly isInUse: boolean;
  readonly mark: MarkKind | null;
  /** Of its mark. */
  readonly reason: string | null;
  /** How long it has had its mark; null without one. */
  readonly forMs: number | null;
  /** The evidence for "down"; null in other states, or if unknown. */
  readonly down: {
    readonly failedProbes: number;
    readonly reporters: number;
    readonly flaps: number;
    /** For this time it stays down in any case. */
    readonly heldForMs: number;
  } | null;
  /** What an operator has asked for; null without a drain. */
  readonly drain: OperationInForce | null;
  /** How many of the replicas have ejected it. */
  readonly ejectedBy: number;
  /** What replicas send it; null where none that answered has a pool which has counted for a while. */
  readonly traffic: TrafficOfNode | null;
  /** The replicas that send it no requests, or few, by their own decision, and why; ejections first. */
  readonly avoidedBy: readonly AvoidedBy[];
}

/** A drain or a pause. */
export interface OperationInForce {
  /** `user@host`, as that user's command says. */
  readonly by: string;
  readonly reason: string;
  readonly forMs: number;
  /** On the clock of Redis, in milliseconds since 1970. */
  readonly untilMs: number;
}

/** One replica's own decision about a node. */
export interface AvoidedBy extends Omit<AvoidedNode, "node"> {
  readonly replica: string;
  readonly host: string;
  readonly pid: number;
}

export type Condition = "orphan" | "stale" | "behind" | "failed" | "late" | "starting" | "well";

export interface ReplicaReport {
  readonly replica: string;
  readonly host: string;
  readonly pid: number;
  readonly role: Heartbeat["role"];
  readonly isLeading: boolean;
  readonly freshness: Freshness;
  /** The worst condition of its view, its documents and its threads. */
  readonly condition: Condition;
  readonly topology: Applied;
  readonly marks: Applied;
  /** Node keys. */
  readonly ejected: readonly string[];
  readonly threads: readonly ThreadReport[];
  /** What it sends; null for a process without a pool, and before it has counted for a while. */
  readonly traffic: TrafficOfReplica | null;
}

export interface ThreadReport extends Pick<ThreadHeartbeat, "thread" | "state" | "calls" | "tasks"> {
  readonly topology: Applied;
}

/**
 * A shared view and its readers, at one moment. As JSON this is what `rollcall status --json` writes: fields may be
 * added by a later release, texts (`summary`, `reason`) may change.
 */
export interface StatusReport {
  readonly name: string;
  readonly redis: string;
  readonly state: StatusState;
  /** When this was so, on the clock of Redis, in milliseconds since 1970; null if no view was read. */
  readonly atMs: number | null;
  /** For people. */
  readonly summary: string;
  /** "degraded" and "failing": by all of `troubles`, whatever the exit code depends on. */
  readonly health: Health;
  /** What is wrong, the worst first. */
  readonly troubles: readonly Trouble[];
  /** For people: what could not be used or received, and why. */
  readonly warnings: readonly string[];
  /** Null in the states "none" and "away". */
  readonly view: {
    readonly ageMs: number;
    readonly beat: number;
    readonly topology: Version;
    readonly marks: Version;
    readonly source: "sniff" | "dns" | "seeds";
    readonly clusterName: string | null;
    readonly clusterUuid: string | null;
    /**
     * The leader: the id of its replica, since when it leads, and, where its heartbeat was received, its process.
     */
    readonly leader: {
      readonly id: string;
      readonly forMs: number;
      readonly host: string | null;
      readonly pid: number | null;
    };
    /** Replicas whose heartbeat the leader has received recently. */
    readonly replicas: number;
    /** While it lasts, no replica obeys a down mark; null without one. */
    readonly pause: OperationInForce | null;
    /** How the option `connections.fleetPerNode` is shared out; null where no replica has it. */
    readonly connections: Omit<ConnectionShares, "round" | "admitted"> | null;
  } | null;
  /** Those in trouble first. */
  readonly nodes: readonly NodeReport[];
  /** Those in trouble first. */
  readonly replicas: readonly ReplicaReport[];
}

/** The report of a snapshot. */
export function reportStatus(snapshot: StatusSnapshot): StatusReport {
  const { name, redis, seen, warnings, heartbeats } = snapshot;
  const view = seen.kind === "view" ? seen.view : undefined;
  const nowMs = seen.kind === "view" ? seen.nowMs : 0;
  const ageMs = view === undefined ? 0 : Math.max(0, Math.round(nowMs - view.head.atMs));
  const replicas = heartbeats.map((heartbeat) => replicaReport(heartbeat, view?.head)).sort(replicasInTroubleFirst);
  const state = view === undefined ? (seen.kind === "away" ? "away" : "none") : stateOf(view.head, ageMs);
  const nodes = view === undefined ? [] : nodeReports(view, nowMs, heartbeats).sort(nodesInTroubleFirst);
  const shownView = view === undefined ? null : viewReport(view, ageMs, nowMs, replicas);
  const troubles = troublesOf({ state, view: shownView, nodes });
  return {
    name,
    redis,
    state,
    atMs: view === undefined ? null : nowMs,
    summary: summaryOf(snapshot, state, ageMs),
    health: healthOf(troubles),
    troubles,
    warnings,
    view: shownView,
    nodes,
    replicas,
  };
}

function stateOf({ released }: Head, ageMs: number): StatusState {
  const freshness = freshnessOf(ageMs);
  return freshness === "fresh" && released === true ? "released" : freshness;
}

function summaryOf({ name, redis, seen }: StatusSnapshot, state: StatusState, ageMs: number): string {
  const age = durationText(ageMs);
  switch (state) {
    case "fresh":
      return `The view ${name} is fresh: its last beat was ${age} ago.`;
    case "released":
      return `The view ${name} has no leader: the last one ended ${age} ago, and gave the lease back.`;
    case "stale":
      return `The view ${name} has had no beat for ${age}. Pools use its list, and probe the nodes that are down themselves.`;
    case "orphan":
      return `The view ${name} has had no beat for ${age}. Every pool monitors the cluster itself.`;
    case "none":
      return `There is no view ${name} in ${redis}: no coordinator has published one. Check the name, and that a coordinator runs.`;
    case "away":
      return `Redis does not answer at ${redis}${seen.kind === "away" ? `: ${seen.problem.replace(/^Redis: /, "")}` : ""}`;
  }
}

function viewReport(
  { head, topology, marks }: View,
  ageMs: number,
  nowMs: number,
  replicas: readonly ReplicaReport[],
): NonNullable<StatusReport["view"]> {
  const id = head.topology.leader;
  const leader = replicas.find(({ replica }) => replica === id) ?? replicas.find(({ isLeading }) => isLeading);
  return {
    ageMs,
    beat: head.beat,
    topology: head.topology,
    marks: head.marks,
    source: topology.source,
    clusterName: topology.clusterName ?? null,
    clusterUuid: topology.clusterUuid ?? null,
    leader: { id, forMs: leadsForMs(head, nowMs), host: leader?.host ?? null, pid: leader?.pid ?? null },
    replicas: head.replicas,
    pause: inForce(operationsInForce(marks, nowMs).pause, nowMs),
    connections: connectionsOf(marks.connections),
  };
}

function connectionsOf(shares: ConnectionShares | undefined): NonNullable<StatusReport["view"]>["connections"] {
  if (shares === undefined) return null;
  const { fleetPerNode, perThread, starting, threads } = shares;
  return { fleetPerNode, perThread, starting, threads };
}

function inForce(operation: Pick<Drain, "by" | "reason" | "sinceMs" | "untilMs"> | undefined, nowMs: number) {
  if (operation === undefined) return null;
  const { by, reason, sinceMs, untilMs } = operation;
  return { by, reason, forMs: Math.max(0, Math.round(nowMs - sinceMs)), untilMs };
}

function leadsForMs({ topology, marks }: Head, nowMs: number): number {
  return Math.max(0, Math.round(nowMs - epochBegunMs(Math.max(topology.epoch, marks.epoch))));
}

// Nodes

function nodeReports({ topology, marks }: View, nowMs: number, heartbeats: readonly Heartbeat[]): NodeReport[] {
  const ejectedBy = new Map<string, number>();
  for (const { ejected } of heartbeats) for (const key of new Set(ejected)) count(ejectedBy, key);
  const avoidedBy = avoidedByKey(heartbeats);
  const traffic = trafficOfNodes(heartbeats);
  const { drains } = operationsInForce(marks, nowMs);
  const decisions = (key: string) => ({
    ejectedBy: ejectedBy.get(key) ?? 0,
    traffic: traffic.get(key) ?? null,
    avoidedBy: avoidedBy.get(key) ?? [],
  });
  const unlistedMarks = new Map(Object.entries(marks.nodes));
  const unlistedDrains = new Set(drains);
  const listed = topology.nodes.map((node) => {
    const key = nodeKey(node);
    const mark = unlistedMarks.get(key);
    unlistedMarks.delete(key);
    const drain = drainOf(drains, node);
    if (drain !== undefined) unlistedDrains.delete(drain);
    return nodeReport(key, node, mark, drain, nowMs, decisions(key));
  });
  const gone = [...unlistedMarks].map(([key, mark]) =>
    nodeReport(key, undefined, mark, undefined, nowMs, decisions(key)),
  );
  const drained = [...unlistedDrains].map((drain) => {
    const key = `${drain.id}@${drain.address}`;
    return { ...nodeReport(key, undefined, undefined, drain, nowMs, decisions(key)), name: drain.name ?? null };
  });
  return [...listed, ...gone, ...drained];
}

function avoidedByKey(heartbeats: readonly Heartbeat[]): Map<string, AvoidedBy[]> {
  const found = new Map<string, AvoidedBy[]>();
  for (const { replica, host, pid, avoids = [] } of heartbeats) {
    for (const { node, ...why } of avoids)
      found.set(node, [...(found.get(node) ?? []), { replica, host, pid, ...why }]);
  }
  for (const one of found.values()) one.sort((a, b) => a.state.localeCompare(b.state) || b.forMs - a.forMs);
  return found;
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function nodeReport(
  key: string,
  node: NodeRecord | undefined,
  mark: Mark | undefined,
  drain: Drain | undefined,
  nowMs: number,
  decisions: Pick<NodeReport, "ejectedBy" | "traffic" | "avoidedBy">,
): NodeReport {
  const at = key.indexOf("@");
  const state = drain === undefined ? (mark?.kind ?? stateFor(decisions.avoidedBy)) : "draining";
  return {
    key,
    id: node?.id ?? key.slice(0, Math.max(at, 0)),
    address: node === undefined ? key.slice(at + 1) : addressOf(node),
    name: node?.name ?? null,
    roles: node?.roles ?? null,
    version: node?.version ?? null,
    isListed: node !== undefined,
    state,
    isInUse: node !== undefined && statesInUse.has(state),
    mark: mark?.kind ?? null,
    reason: mark?.reason ?? null,
    forMs: mark === undefined ? null : Math.max(0, Math.round(nowMs - mark.sinceMs)),
    down:
      mark?.down === undefined
        ? null
        : {
            failedProbes: mark.down.failedProbes,
            reporters: mark.down.reporters,
            flaps: mark.down.flaps,
            heldForMs: Math.max(0, Math.round(mark.down.holdUntilMs - nowMs)),
          },
    drain: inForce(drain, nowMs),
    ...decisions,
  };
}

const statesInUse: ReadonlySet<ReportedNodeState> = new Set<ReportedNodeState>(["healthy", "penalized", "slow-start"]);

/** Of a node without a mark. */
function stateFor(avoidedBy: NodeReport["avoidedBy"]): "penalized" | "healthy" {
  return avoidedBy.some(({ state }) => state === "penalized") ? "penalized" : "healthy";
}

const nodeOrder = [
  "down",
  "draining",
  "unverified",
  "slow-start",
  "penalized",
  "healthy",
] as const satisfies ReportedNodeState[];

function nodesInTroubleFirst(a: NodeReport, b: NodeReport): number {
  return (
    nodeOrder.indexOf(a.state) - nodeOrder.indexOf(b.state) ||
    b.ejectedBy - a.ejectedBy ||
    b.avoidedBy.length - a.avoidedBy.length ||
    natural.compare(a.name ?? a.address, b.name ?? b.address) ||
    natural.compare(a.key, b.key)
  );
}

// Replicas

function replicaReport(heartbeat: Heartbeat, head: Head | undefined): ReplicaReport {
  const { replica, host, pid, role, leading, freshness, view, ejected } = heartbeat;
  const topology = applied(view?.topology, head?.topology);
  const marks = applied(view?.marks, head?.marks);
  const threads = heartbeat.threads.map(({ thread, state, calls, tasks, topology }) => {
    return { thread, state, calls, tasks, topology: applied(topology, head?.topology) };
  });
  const condition = conditionOf(freshness, [topology, marks], threads);
  const traffic = trafficOfReplica(heartbeat);
  return {
    ...{ replica, host, pid, role, isLeading: leading, freshness, condition },
    ...{ topology, marks, ejected, threads, traffic },
  };
}

function applied(version: Version | undefined, newest: Version | undefined): Applied {
  if (newest === undefined) return { version: version ?? null, isCurrent: null, behindBy: null };
  if (version === undefined) return { version: null, isCurrent: false, behindBy: null };
  if (compareVersions(version, newest) >= 0) return { version, isCurrent: true, behindBy: 0 };
  const sameLeader = version.epoch === newest.epoch && version.leader === newest.leader;
  return { version, isCurrent: false, behindBy: sameLeader ? newest.sequence - version.sequence : null };
}

function conditionOf(freshness: Freshness, documents: readonly Applied[], threads: readonly ThreadReport[]): Condition {
  if (freshness !== "fresh") return freshness;
  // A thread that is not up has no document yet.
  const running = threads
    .filter(({ state }) => state !== "starting" && state !== "failed")
    .map(({ topology }) => topology);
  if ([...documents, ...running].some(({ isCurrent }) => isCurrent === false)) return "behind";
  return (["failed", "late", "starting"] as const).find((bad) => threads.some(({ state }) => state === bad)) ?? "well";
}

const conditionOrder = [
  "orphan",
  "stale",
  "behind",
  "failed",
  "late",
  "starting",
  "well",
] as const satisfies Condition[];

function replicasInTroubleFirst(a: ReplicaReport, b: ReplicaReport): number {
  return (
    conditionOrder.indexOf(a.condition) - conditionOrder.indexOf(b.condition) ||
    Number(b.isLeading) - Number(a.isLeading) ||
    natural.compare(a.host, b.host) ||
    a.pid - b.pid
  );
}

/** `es9` before `es10`. */
const natural = new Intl.Collator("en", { numeric: true });

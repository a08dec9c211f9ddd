import type { NodeRecord } from "./node-record.js";
import type { Version } from "./version.js";

export const listSources = ["sniff", "dns", "seeds"] as const;

/** Which nodes belong to the cluster. */
export interface Topology {
  readonly version: Version;
  /** Absent while no node has been verified. */
  readonly clusterUuid?: string;
  readonly clusterName?: string;
  /**
   * Where the list comes from: "sniff" when the cluster named its members and they can be reached, "dns" when they are the
   * addresses of the configured names, "seeds" when only the configured addresses are in use.
   */
  readonly source: (typeof listSources)[number];
  readonly nodes: readonly NodeRecord[];
}

/** What a view says against a node; without a mark it is healthy. Only "down" and "draining" take it out of use. */
export const markKinds = ["unverified", "slow-start", "draining", "down"] as const;
export type MarkKind = (typeof markKinds)[number];

/** What spoke against a node that is down, and how long it is held. */
export interface DownEvidence {
  /** How often the node has gone down of late; a flapping one is held longer. */
  readonly flaps: number;
  /** Not back before this time, on the store's clock. */
  readonly holdUntilMs: number;
  /** Fresh probes that failed before the mark was set. */
  readonly failedProbes: number;
  /** Processes that did not reach it either by then: by a failure report or a failed peer probe. */
  readonly reporters: number;
}

export interface Mark {
  readonly kind: MarkKind;
  /** When the mark was set, on the store's clock, in milliseconds. */
  readonly sinceMs: number;
  /** For people: what was seen, such as `connection refused`. */
  readonly reason: string;
  /** Of "down" alone: what a next leader must know to go on as if it had seen it itself. */
  readonly down?: DownEvidence;
}

/** What an operator has asked for, for a limited time. Times are on the store's clock, in milliseconds. */
interface TimedOperation {
  readonly sinceMs: number;
  readonly untilMs: number;
  /** For people: `user@host`, as that user's command says. */
  readonly by: string;
  /** For people; may be "". */
  readonly reason: string;
}

/**
 * A node that an operator has taken out: no process sends it a new request, whatever its mark. It is meant by its id or
 * its address, so that the drain holds over a restart of the node, and while the cluster does not list it.
 */
export interface Drain extends TimedOperation {
  /** "" if it was not known. */
  readonly id: string;
  /** `host:port`. */
  readonly address: string;
  readonly name?: string;
}

/** Readers ignore shared down marks; their own circuit breakers go on. */
export interface Pause extends TimedOperation {}

/**
 * How many connections to one node each thread of the fleet may have: the option `connections.fleetPerNode`, shared out
 * by the leader.
 */
export interface ConnectionShares {
  /** The budget of all together: the smallest that a replica names. */
  readonly fleetPerNode: number;
  /** The share of one thread of a replica that is admitted. */
  readonly perThread: number;
  /** That of one thread of a replica which is not, because the leader has not counted it or has no room yet. */
  readonly starting: number;
  /** How many threads the leader counted when it set these shares. */
  readonly threads: number;
  /** Another number for other shares. Heartbeats repeat it: so the leader sees who obeys them. */
  readonly round: number;
  /** Replicas that are admitted, and whose heartbeats do not show yet that they have read so; at most 32. */
  readonly admitted: readonly string[];
}

/** The mark of each node, by {@link nodeKey}. A node without a mark is healthy. */
export interface Marks {
  readonly version: Version;
  readonly nodes: Readonly<Record<string, Mark>>;
  /** Absent: none. A node has one at most. */
  readonly drains?: readonly Drain[];
  readonly pause?: Pause;
  /** Absent: no replica has a connection budget. */
  readonly connections?: ConnectionShares;
}

/** Names the newest documents. Its beat shows that their publisher is alive. */
export interface Head {
  readonly topology: Version;
  readonly marks: Version;
  /** Grows with every beat of one leader. */
  readonly beat: number;
  /** When it was written, on the store's clock, in milliseconds. */
  readonly atMs: number;
  /** Replicas whose heartbeat is recent. Readers of a large fleet spread their fetches over a longer time. */
  readonly replicas: number;
  /** Its publisher has given the lease back, and no other has published since. */
  readonly released?: true;
  /** Of the bytes of the two documents that it names; absent in a head that an older version has written. */
  readonly digests?: Digests;
  /**
   * In a Redis Cluster: messages travel on sharded channels, because every process of the fleet receives these. Absent:
   * on classic ones.
   */
  readonly sharded?: true;
}

/** SHA-256 of a document's bytes, in base64url: tells it from another with the same version. */
export interface Digests {
  readonly topology: string;
  readonly marks: string;
}

/** All that a reader needs. */
export interface View {
  readonly topology: Topology;
  readonly marks: Marks;
  readonly head: Head;
}

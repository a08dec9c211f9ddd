import type { Freshness } from "./freshness.js";
import type { Version } from "./version.js";

/** What one process publishes about itself every 5 s, for leaders and for people. It holds no secret. */
export interface Heartbeat {
  /** Chosen by the process when it starts. */
  readonly replica: string;
  /** For people. */
  readonly host: string;
  readonly pid: number;
  /** "coordinator": a process without a pool. "external": a pool that never leads. */
  readonly role: "candidate" | "external" | "coordinator";
  readonly leading: boolean;
  /** The process closes: this is its last heartbeat. */
  readonly ending?: true;
  readonly freshness: Freshness;
  /**
   * The versions of the documents it has applied, and the beat of its last head: the leader finds in these what another
   * client has forged. Absent before the first.
   */
  readonly view?: { readonly topology: Version; readonly marks: Version; readonly beat?: number };
  /** The nodes, by `nodeKey`, that this process has ejected; at most 64 are named. */
  readonly ejected: readonly string[];
  /** Why, and the nodes that it penalizes or cannot use; at most 32. Absent: none. */
  readonly avoids?: readonly AvoidedNode[];
  /**
   * The nodes, by `nodeKey`, that the view marks down and this process refutes: it received a byte from them in the
   * last 2 s and goes on using them. At most 64 are named. Absent: none.
   */
  readonly refutes?: readonly string[];
  /** Time since any node last answered this process, in milliseconds; absent: none ever has. */
  readonly answeredMsAgo?: number;
  /** What it has done in the last 10 to 15 s; absent for a process without a pool, and before it has counted so long. */
  readonly load?: ReplicaLoad;
  /** Absent: it has no connection budget. */
  readonly connections?: HeldConnections;
  /** In a Redis Cluster: it receives what is published on sharded channels. Absent: it may not, and needs classic ones. */
  readonly sharded?: true;
  /** One for each worker thread; empty if requests are sent from the main thread. */
  readonly threads: readonly ThreadHeartbeat[];
}

/** How a process keeps to the connection budget of its fleet: see `ConnectionShares`. */
export interface HeldConnections {
  /** Its own option. */
  readonly fleetPerNode: number;
  /** The share that each of its threads obeys. */
  readonly perThread: number;
  /** How many connections it has to one node, at most. */
  readonly most: number;
  /** Of the shares that it obeys; absent before the first. */
  readonly round?: number;
  /** Absent: it has read nowhere yet that it is admitted. */
  readonly isAdmitted?: true;
}

/** What one process has done of late, and what it does now. */
export interface ReplicaLoad {
  /** The time in which the counts grew, in milliseconds. */
  readonly overMs: number;
  /** Requests of the application, and those of them that were rejected. */
  readonly requests: number;
  readonly failed: number;
  /** Requests that wait for a connection now. */
  readonly queued: number;
  /** Those with the most requests, at most 32. */
  readonly nodes: readonly NodeLoad[];
}

export interface NodeLoad {
  /** By `nodeKey`. */
  readonly node: string;
  /** Attempts. */
  readonly requests: number;
  /** Attempts without a whole answer, and answers with 429 or 5xx. */
  readonly errors: number;
  /** Answers by their latency, in the buckets of latency-buckets.ts; buckets at the end without any are left out. */
  readonly latency: readonly number[];
  readonly inFlight: number;
  readonly sockets: number;
}

/** "unusable": its configuration keeps the node out. */
export const avoidedStates = ["ejected", "penalized", "unusable"] as const;

/** A node that one process sends no requests, or few, by its own decision or because of its configuration. */
export interface AvoidedNode {
  /** By `nodeKey`. */
  readonly node: string;
  readonly state: (typeof avoidedStates)[number];
  /** For people, such as `connection refused`. */
  readonly reason: string;
  readonly forMs: number;
  /** Of a penalized node: it gets one request where another gets so many. */
  readonly factor?: number;
}

export interface ThreadHeartbeat {
  /** Its index, from 0. */
  readonly thread: number;
  /**
   * The list of nodes it dispatches by; absent before its first. It reads marks from shared memory, as main writes
   * them.
   */
  readonly topology?: Version;
  /** Requests assigned to it that have not ended. */
  readonly calls: number;
  readonly tasks: number;
  /**
   * "late": its event loop lags, as in a task that computes; it is assigned no requests. "failed": it could not start,
   * and is started again later.
   */
  readonly state: "starting" | "well" | "late" | "failed";
}

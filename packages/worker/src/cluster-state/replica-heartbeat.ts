import { hostname } from "node:os";
import type { OwnRequests } from "@rollcall/coordinator";
import { type Clock, present } from "@rollcall/core";
import type { PoolConfig } from "@rollcall/core/config";
import type {
  AvoidedNode,
  Freshness,
  Heartbeat,
  HeldConnections,
  ReplicaLoad,
  ThreadHeartbeat,
  View,
} from "@rollcall/core/view";

/** What a process publishes about its nodes. */
export interface NodeFacts {
  /** The nodes, by `nodeKey`, that this process has ejected. */
  ejectedKeys(): readonly string[];
  /** Why, and the nodes that it penalizes. */
  avoided(): readonly AvoidedNode[];
  /** The nodes, by `nodeKey`, whose down mark this process refutes. */
  refutedKeys(): readonly string[];
}

/** What a process publishes about its work. */
export interface Workload {
  threads(): readonly ThreadHeartbeat[];
  /** What it has done of late; undefined before it has counted so long. */
  load(): ReplicaLoad | undefined;
  /** How many requests have been answered so far. */
  answered(): number;
  /** All requests of the process. */
  requests(): OwnRequests;
}

/** At most this many ejected nodes are named: a heartbeat shows how a process is, not how large the cluster is. */
const ejectedMax = 64;

/** Makes the heartbeats of one process with a pool. */
export class ReplicaHeartbeat {
  /** The count of answers at the last heartbeat, and when it was last seen to grow. */
  private answered = 0;
  private answeredAtMs: number | undefined;

  constructor(
    private readonly replica: string,
    private readonly role: PoolConfig["coordinator"],
    private readonly facts: NodeFacts,
    private readonly workload: Workload,
    private readonly clock: Clock,
  ) {}

  make(now: {
    readonly isLeading: boolean;
    readonly freshness: Freshness;
    readonly view: View | undefined;
    /** Undefined: it has no connection budget. */
    readonly connections: HeldConnections | undefined;
  }): Heartbeat {
    const { facts, workload, clock } = this;
    const nowMs = clock.nowMs();
    const answered = workload.answered();
    if (answered !== this.answered) this.answeredAtMs = nowMs;
    this.answered = answered;
    const [avoids, refutes] = [facts.avoided(), facts.refutedKeys()];
    const { view } = now;
    return present({
      replica: this.replica,
      host: hostname(),
      pid: process.pid,
      role: this.role,
      leading: now.isLeading,
      freshness: now.freshness,
      view: view && { topology: view.topology.version, marks: view.marks.version, beat: view.head.beat },
      ejected: facts.ejectedKeys().slice(0, ejectedMax),
      avoids: avoids.length === 0 ? undefined : avoids,
      refutes: refutes.length === 0 ? undefined : refutes,
      answeredMsAgo: this.answeredAtMs === undefined ? undefined : Math.round(nowMs - this.answeredAtMs),
      load: workload.load(),
      connections: now.connections,
      threads: workload.threads(),
    });
  }
}

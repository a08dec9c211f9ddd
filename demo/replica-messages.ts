import type { Freshness, ThreadHeartbeat, Version } from "@rollcall/core/view";
import type { NodeEvent, NodeState, PoolOptions } from "@rollcall/worker";
import type { Totals } from "./tally.js";
import type { Rate } from "./traffic.js";

/** What a replica is made of; it crosses to another process as JSON. */
export interface ReplicaSettings {
  readonly pool: Pick<PoolOptions, "redis" | "name" | "coordinator" | "threads" | "timeoutMs"> & {
    readonly nodes: readonly string[];
  };
  readonly rate: Rate;
}

export type ToReplica =
  /** Searches begin, and so does the clock of all its times. */
  | { readonly type: "begin" }
  /** No new search; `cutShort`: those under way are not waited for, and what fails from now on does not count. */
  | { readonly type: "end"; readonly cutShort: boolean }
  | { readonly type: "close" };

export type FromReplica =
  /** A few times a second, after every event, and after the last search. */
  | { readonly type: "report"; readonly report: ReplicaReport }
  | { readonly type: "node"; readonly event: NodeEvent }
  | { readonly type: "degraded"; readonly reason: string }
  /** The last search is over, and the last report was sent. */
  | { readonly type: "ended" };

/** How one replica stands: what it knows of the cluster, and what came of its searches. */
export interface ReplicaReport {
  readonly nodes: readonly NodeSight[];
  readonly totals: Totals;
  /** Absent before the first view. */
  readonly view?: ViewSight;
  /** One for each of its threads. */
  readonly threads: readonly ThreadHeartbeat[];
}

/** One node, as a replica sees it and uses it. */
export interface NodeSight {
  readonly address: string;
  /** Its name, or its address where it has none. */
  readonly name: string;
  readonly state: NodeState;
  readonly perSecond: number;
  readonly p99Ms?: number;
  /** Searches that it has answered so far. */
  readonly answers: number;
}

export interface ViewSight {
  readonly version: Version;
  readonly freshness: Freshness;
  /** Since somebody was last seen to keep it. */
  readonly ageMs: number;
}

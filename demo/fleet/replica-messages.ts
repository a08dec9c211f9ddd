import type { Freshness, ThreadHeartbeat, Version } from "@rollcall/core/view";
import type { NodeEvent, NodeState, PoolOptions } from "@rollcall/worker";
import type { Rate } from "../load/search-load.js";
import type { Totals } from "../load/tally.js";

/** Handed to a replica process as JSON. */
export interface ReplicaSettings {
  readonly pool: Pick<PoolOptions, "redis" | "name" | "coordinator" | "threads" | "timeoutMs"> & {
    readonly nodes: readonly string[];
  };
  readonly rate: Rate;
}

export type ToReplica =
  /** Searches begin, and so does the clock of all its times. */
  | { readonly type: "begin" }
  /** No new search. `cutShort`: those in flight are not waited for, and later failures do not count. */
  | { readonly type: "end"; readonly cutShort: boolean }
  | { readonly type: "close" };

export type FromReplica =
  /** Ten times a second, after every event, and after the last search. */
  | { readonly type: "report"; readonly report: ReplicaReport }
  | { readonly type: "node"; readonly event: NodeEvent }
  | { readonly type: "degraded"; readonly reason: string }
  /** The last search has ended, and the last report has been sent. */
  | { readonly type: "ended" };

export interface ReplicaReport {
  readonly nodes: readonly NodeReport[];
  readonly totals: Totals;
  /** Absent before the first view. */
  readonly view?: ViewReport;
  /** One for each worker thread. */
  readonly threads: readonly ThreadHeartbeat[];
}

export interface NodeReport {
  readonly address: string;
  /** Its name, or its address where it has none. */
  readonly name: string;
  readonly state: NodeState;
  /** Searches of this replica that the node answers, over the last 5 s. */
  readonly perSecond: number;
  readonly p99Ms?: number;
  /** Searches of this replica that the node has answered so far. */
  readonly answers: number;
}

export interface ViewReport {
  readonly version: Version;
  readonly freshness: Freshness;
  /** Since the leader's last beat; Infinity before the first. */
  readonly ageMs: number;
}

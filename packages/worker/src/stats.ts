import type { Version } from "@rollcall/core/view";
import type { NodeStatus } from "./node-status.js";

/** Counts since the start, and what is going on just now. */
export interface PoolStats {
  /** Requests taken on. */
  readonly requests: number;
  /** Of those, how many got an answer, whatever its status. */
  readonly answered: number;
  /** Of those, how many were rejected. */
  readonly failed: number;
  /** Requests neither answered nor rejected yet. */
  readonly underWay: number;
  /** Attempts under way at nodes. */
  readonly inFlight: number;
  /** Calls that wait for a connection. */
  readonly queued: number;
  /** Attempts beyond the first of a request. */
  readonly retries: number;
  /** Absent until the first view is published, right after the start. */
  readonly view?: {
    readonly version: Version;
    readonly marksVersion: Version;
    /** "seeds": only the configured nodes are known. */
    readonly source: "seeds" | "sniff";
    /** Since its publisher was last heard of. */
    readonly ageMs: number;
    readonly clusterUuid?: string;
    readonly clusterName?: string;
  };
  readonly nodes: readonly NodeStatus[];
}

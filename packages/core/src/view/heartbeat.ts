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
  readonly freshness: Freshness;
  /** The versions of the documents it has applied; absent before the first. */
  readonly view?: { readonly topology: Version; readonly marks: Version };
  /** The nodes, by `nodeKey`, that this process has ejected; at most 64 are named. */
  readonly ejected: readonly string[];
  /**
   * The nodes, by `nodeKey`, that the view marks down and this process refutes: it received a byte from them in the
   * last 2 s and goes on using them. At most 64 are named. Absent: none.
   */
  readonly refutes?: readonly string[];
  /** Time since any node last answered this process, in milliseconds; absent: none ever has. */
  readonly answeredMsAgo?: number;
  /** One for each worker thread; empty if requests are sent from the main thread. */
  readonly threads: readonly ThreadHeartbeat[];
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

import type { Freshness } from "./freshness.js";
import type { Version } from "./version.js";

/** What one process tells of itself every few seconds, to leaders and to people. It holds no secret. */
export interface Heartbeat {
  /** Chosen by the process at its start. */
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
  /** The nodes, by `nodeKey`, that it keeps away from by its own experience; at most 64 are named. */
  readonly ejected: readonly string[];
  /**
   * The nodes, by `nodeKey`, that the view marks down and that it goes on using, for it has had a byte from them in the
   * last 2 s; at most 64 are named. Absent: none.
   */
  readonly refutes?: readonly string[];
  /** How long ago a node last answered it anything, in milliseconds; absent: none ever has. */
  readonly answeredMsAgo?: number;
  /** One for each worker thread; empty where requests are sent from the main thread. */
  readonly threads: readonly ThreadHeartbeat[];
}

export interface ThreadHeartbeat {
  /** Its place, from 0. */
  readonly thread: number;
  /** The list of nodes it dispatches by; absent before its first. Marks it reads from shared memory, as main writes them. */
  readonly topology?: Version;
  /** Requests given to it and not ended. */
  readonly calls: number;
  readonly tasks: number;
  /** "late": its loop has not turned for a while, as in a task that computes; it is given no calls. */
  readonly state: "starting" | "well" | "late";
}

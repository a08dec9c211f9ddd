import type { RollcallErrorCode } from "@rollcall/core";
import type { Refusal } from "@rollcall/core/overload";
import type { Freshness, ThreadHeartbeat, Version } from "@rollcall/core/view";
import type { ConnectionShareStatus } from "../cluster-state/connection-share.js";
import type { NodeStatus } from "./node-status.js";

/** The state of one worker thread. */
export interface ThreadStatus extends ThreadHeartbeat {
  /** Why it cannot start, in state "failed". */
  readonly reason?: string;
}

/** The view in force: which nodes, and what is held against them. */
export interface ViewStatus {
  readonly version: Version;
  readonly marksVersion: Version;
  /** "seeds": only the configured nodes are known. */
  readonly source: "seeds" | "sniff" | "dns";
  /**
   * How far the view that processes share is to be trusted: "stale" after 10 s without a beat of its leader, "orphan"
   * after 60 s, or where there is none: this process then monitors the cluster for itself. Always "fresh" without
   * `redis`.
   */
  readonly freshness: Freshness;
  /** Since the last beat of the view in use, in milliseconds. */
  readonly ageMs: number;
  /** Whether this process leads: it publishes the view. Always true in the end without `redis`. */
  readonly isLeading: boolean;
  /** How many replicas share it, as the leader has counted them; 0 without `redis`. */
  readonly replicas: number;
  readonly clusterUuid?: string;
  readonly clusterName?: string;
  /** For so long, in milliseconds, down marks are ignored, because an operator has asked for a pause; absent: obeyed. */
  readonly pausedForMs?: number;
}

/** The load of the threads that send. Without `queue.adaptive` all but `refused.full` are 0. */
export interface QueueStatus {
  /** How long a request that comes now would wait, in milliseconds, in the thread where that is longest. */
  readonly expectedWaitMs: number;
  /** How many attempts may be in flight now, from all threads together. */
  readonly inFlightMax: number;
  /**
   * How long requests have been waiting, less a quarter of the time in which none did, in milliseconds, in the thread where
   * that is longest. Beyond half of `timeoutMs` the queue stands.
   */
  readonly debtMs: number;
  /** Requests refused as they arrived, with `QUEUE_FULL`, by why. */
  readonly refused: Readonly<Record<Refusal, number>>;
}

/** Hedges since the start: what came of them, and what they cost. */
export interface HedgeStats {
  readonly sent: number;
  /** The hedge was the one to answer. */
  readonly won: number;
  /** The first attempt was, or the request was cancelled, or the hedge failed. */
  readonly lost: number;
  /** The hedge stayed silent as well, and was closed: the request is slow, not its node. */
  readonly givenUp: number;
  /** Reads that waited for a hedge in vain: what lost ones may cost was used up; no other node was fit for it. */
  readonly refusedBalance: number;
  readonly refusedNoNode: number;
  /** How long hedges ran that were of no use, and how long answers took to Reads that may be hedged, in milliseconds. */
  readonly lostMs: number;
  readonly answeredMs: number;
  /** How long a hedge waits, by method and path, in milliseconds; absent while too few answers have come. */
  readonly delaysMs: Readonly<Record<string, number>>;
}

/** Counts since the start, and what is going on just now. */
export interface PoolStats {
  /** Requests accepted so far. */
  readonly requests: number;
  /** Of those, how many were answered, with any status. */
  readonly answered: number;
  /** Of those, how many were rejected. */
  readonly failed: number;
  /** Of those rejected, how many with each code; a code that has not occurred is absent. */
  readonly errors: Readonly<Partial<Record<RollcallErrorCode, number>>>;
  /** Requests neither answered nor rejected yet. */
  readonly pending: number;
  /** Attempts in flight at nodes. */
  readonly inFlight: number;
  /** Requests that wait for a connection. */
  readonly queued: number;
  /** Attempts beyond the first of a request. */
  readonly retries: number;
  /** What is left of the retry budget: so many retries could be made at once. */
  readonly retriesLeft: number;
  /** How often a request has waited for a connection, and how long in all, in milliseconds. Those that wait now are not in it. */
  readonly waits: number;
  readonly waitedMs: number;
  readonly queue: QueueStatus;
  /** Absent without the option `hedge`. */
  readonly hedges?: HedgeStats;
  /** Absent until the first view is published, right after the start. */
  readonly view?: ViewStatus;
  /** Absent without `connections.fleetPerNode`. */
  readonly connections?: ConnectionShareStatus;
  readonly nodes: readonly NodeStatus[];
  /** Empty with `threads: 0`, and where no thread can start and the calling thread sends instead. */
  readonly threads: readonly ThreadStatus[];
}

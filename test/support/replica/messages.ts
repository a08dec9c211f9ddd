import type { NodeStatus, PoolOptions, PoolRequest, PoolStats } from "@rollcall/worker";
import type { ReplicaEntry } from "./journal.js";

/** What a replica is made of; it crosses to another process, so functions and loggers stay out. */
export interface ReplicaOptions {
  readonly pool: Omit<PoolOptions, "logger" | "auth"> & { readonly auth?: object };
  /** Requests that it sends by itself, so many at a time, each with a pause after it. Default: none. */
  readonly load?: { readonly slots: number; readonly pauseMs: number; readonly request: PoolRequest };
  /** Keep what it does, request by request and view by view. Default: false. */
  readonly journal?: boolean;
}

/** What came of the load so far. */
export interface LoadTally {
  readonly answered: number;
  /** Error codes, or `status N`, in order; at most 100 are kept. */
  readonly failures: readonly string[];
  readonly failed: number;
  readonly slowestMs: number;
  /** Requests answered in each second since the load began. */
  readonly perSecond: readonly number[];
}

/** What one asked request came to. */
export type Asked =
  | { readonly status: number; readonly node: string; readonly body: string; readonly attempts: number }
  | { readonly code: string; readonly sent: string; readonly message: string; readonly attempts: number };

export type ToReplica =
  | { readonly id: number; readonly ask: "stats" | "nodes" | "tally" | "forget tally" | "close" }
  | { readonly id: number; readonly ask: "request"; readonly request: PoolRequest }
  /** Keeps the main thread busy. */
  | { readonly id: number; readonly ask: "block"; readonly forMs: number };

export type FromReplica =
  | { readonly type: "healthy" }
  | { readonly type: "journal"; readonly entries: readonly ReplicaEntry[] }
  | {
      readonly type: "log";
      readonly level: string;
      readonly line: string;
      readonly event: string;
      readonly atMs: number;
    }
  | {
      readonly type: "event";
      readonly name: "node" | "view" | "degraded";
      readonly event: unknown;
      readonly atMs: number;
    }
  | { readonly type: "answer"; readonly id: number; readonly value?: unknown; readonly error?: string };

export interface Answers {
  stats: PoolStats;
  nodes: NodeStatus[];
  tally: LoadTally;
  "forget tally": undefined;
  close: undefined;
  request: Asked;
  block: undefined;
}

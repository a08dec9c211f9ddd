import type { ChildOptions, RedactedConfig } from "@rollcall/core/config";
import type { Task } from "../threads/run-task.js";
import type { TaskOptions } from "../threads/tasks.js";
import type { NodeStatus } from "./node-status.js";
import type { PoolEvents } from "./pool-events.js";
import type { PoolRequest } from "./pool-request.js";
import type { PoolResponse } from "./response.js";
import type { PoolStats } from "./stats.js";
import type { StreamResponse } from "./stream-response.js";

/** How long `ready` and `close` wait. */
export interface WaitOptions {
  /** In milliseconds. */
  readonly timeoutMs?: number | undefined;
}

/** A pool with defaults of its own for each request. */
export type ChildPool = Pick<Pool, "request" | "stream" | "child" | "ready" | "nodes" | "stats" | "isClosed">;

/** Connections to every node of a cluster, opened once and shared by a whole process. */
export interface Pool {
  /**
   * Sends one request to an eligible node, and again to others where that is safe and needed. Any status is an answer.
   *
   * @throws {RollcallError} where there is no answer; its `code` says why, and its `sent` whether a node may have it
   */
  request<T = unknown>(request: PoolRequest): Promise<PoolResponse<T>>;
  /**
   * As `request`, but resolves once the headers of an answer have come: its body is then read piece by piece. Sent again
   * as `request` does it up to the headers, never after them. `timeoutMs` is the time to the headers, and then the time
   * between two pieces while more is wanted: a slow reader never times out.
   *
   * @throws {RollcallError} where no headers come; what happens after them is an error of the body
   */
  stream(request: PoolRequest): Promise<StreamResponse>;
  /**
   * Runs the default export of `module` as `(data, { request, signal })` in a worker thread; with `threads: 0`, in this
   * one. `data` and the result are cloned. The task's `request` is that thread's own. A timeout, an abort or a close
   * fires the task's signal; it does not end its code.
   *
   * @throws {RollcallError} `TASK` for what the task threw, with that as `cause`, and for a module or a result that
   *   cannot be used; `ABORTED`, `TIMEOUT`, `CLOSED`, at once; `QUEUE_FULL`; `THREAD` where its thread has died or none can start;
   *   `CONFIG` for arguments that cannot be used
   */
  run<F extends Task>(module: URL, data: Parameters<F>[0], options?: TaskOptions): Promise<Awaited<ReturnType<F>>>;
  /**
   * Resolves once a node has proved to belong to the cluster and a thread that sends is up. A request need not wait for
   * it. `timeoutMs`: 0 or a time in the range of a request's timeout; default 30,000.
   *
   * @throws {RollcallError} `TIMEOUT`, with what stands in the way; `THREAD` at once where no thread can start;
   *   `CLOSED`; `CONFIG` for a `timeoutMs` out of range
   */
  ready(options?: WaitOptions): Promise<void>;
  /** True from the first call of `close()` on: no more requests and tasks are taken. */
  readonly isClosed: boolean;
  /**
   * The same pool for one tenant: its requests have these headers, credential and time limit. It shares connections,
   * view and threads, is closed with the pool, and costs nothing but its options. Tasks belong to the pool.
   *
   * @throws {RollcallError} `CONFIG`, listing every problem of the options
   */
  child(options: ChildOptions): ChildPool;
  /** Every node of the pool, as this process sees it now: a copy. */
  nodes(): NodeStatus[];
  /** Counts since the start, and what is in flight now: a copy. */
  stats(): PoolStats;
  /** The configuration in force, without secrets. */
  config(): RedactedConfig;
  /** Calls `listener` at each event from now on. An error of it is logged and has no other effect. */
  on<E extends keyof PoolEvents>(event: E, listener: (...args: PoolEvents[E]) => void): this;
  /** The same, at the next event alone. */
  once<E extends keyof PoolEvents>(event: E, listener: (...args: PoolEvents[E]) => void): this;
  /** Calls `listener` no more. */
  off<E extends keyof PoolEvents>(event: E, listener: (...args: PoolEvents[E]) => void): this;
  /**
   * Takes no more requests and tasks, waits for those that are pending, then closes everything; what is pending then
   * fails with `CLOSED`. Always resolves, whatever state the cluster is in. `timeoutMs`: the longest wait, 0 or a time
   * in the range of a request's timeout; default 10,000. A second call may shorten it.
   *
   * @throws {RollcallError} `CONFIG` for a `timeoutMs` out of range; the pool stays open then
   */
  close(options?: WaitOptions): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

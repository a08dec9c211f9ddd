import type { RedactedConfig } from "@rollcall/core/config";
import type { Task } from "../threads/run-task.js";
import type { TaskOptions } from "../threads/tasks.js";
import type { NodeStatus } from "./node-status.js";
import type { PoolEvents } from "./pool-events.js";
import type { PoolRequest } from "./pool-request.js";
import type { PoolResponse } from "./response.js";
import type { PoolStats } from "./stats.js";

/** Connections to every node of a cluster, opened once and shared by a whole process. */
export interface Pool {
  /**
   * Sends one request to a node that is well, and to another where that is safe and needed.
   *
   * Any status is an answer. @throws {RollcallError} for everything else; see its codes
   */
  request<T = unknown>(request: PoolRequest): Promise<PoolResponse<T>>;
  /**
   * Runs the default export of `module` as `(data, { request, signal })` in a worker thread; with `threads: 0`, here.
   *
   * `data` and the result are cloned. The task's `request` is that thread's own. Whatever ends the waiting fires the
   * task's signal, and does not end its code.
   *
   * @throws {RollcallError} `TASK` for whatever the task threw, with that as `cause`, and for a module or a result that
   *   cannot be used; `ABORTED`, `TIMEOUT`, `CLOSED`, at once; `QUEUE_FULL`; `THREAD` where its thread has died;
   *   `CONFIG` for arguments that cannot be used
   */
  run<F extends Task>(module: URL, data: Parameters<F>[0], options?: TaskOptions): Promise<Awaited<ReturnType<F>>>;
  /**
   * Resolves once a node has proved to belong to the cluster, and a thread that sends is up. Not needed before a request: those try at once.
   *
   * @throws {RollcallError} `TIMEOUT`, saying what stands in the way, or `CLOSED`
   */
  ready(options?: { readonly timeoutMs?: number }): Promise<void>;
  /** Every known node, as this process sees it now. */
  nodes(): NodeStatus[];
  stats(): PoolStats;
  /** The configuration in force; secrets are left out. */
  config(): RedactedConfig;
  /** Calls `listener` at each event from now on. What it throws is logged and goes no further. */
  on<E extends keyof PoolEvents>(event: E, listener: (...args: PoolEvents[E]) => void): this;
  /** Calls `listener` no more. */
  off<E extends keyof PoolEvents>(event: E, listener: (...args: PoolEvents[E]) => void): this;
  /**
   * Takes no more requests, waits for those under way (at most `timeoutMs`, default 10,000), then closes everything.
   * Whatever is still under way then fails with `CLOSED`. Always resolves, whatever state the cluster is in.
   *
   * @throws {RollcallError} `CONFIG` where `timeoutMs` is no time; the pool stays open then
   */
  close(options?: { readonly timeoutMs?: number }): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

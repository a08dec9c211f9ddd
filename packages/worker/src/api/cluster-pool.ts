import { RollcallError } from "@rollcall/core";
import {
  bounds,
  type ChildOptions,
  fixed,
  type PoolConfig,
  type RedactedConfig,
  redactConfig,
} from "@rollcall/core/config";
import type { Task } from "../threads/run-task.js";
import type { TaskOptions } from "../threads/tasks.js";
import type { ChildPool, Pool, WaitOptions } from "./api.js";
import { type ChildParent, createChild } from "./child-pool.js";
import type { NodeStatus } from "./node-status.js";
import type { PoolEvents } from "./pool-events.js";
import type { PoolParts } from "./pool-parts.js";
import type { PoolRequest } from "./pool-request.js";
import { type RequestDefaults, requestDefaults } from "./prepare-request.js";
import { type RequestTracer, type TraceablePool, traceRequests } from "./request-tracer.js";
import type { PoolResponse } from "./response.js";
import type { PoolStats } from "./stats.js";
import type { StreamResponse } from "./stream-response.js";

/**
 * The public face of a pool, whatever its parts are.
 *
 * Fields are private at run time too: a pool that is logged or serialised must not show a password.
 */
export class ClusterPool implements Pool, TraceablePool {
  readonly #config: PoolConfig;
  readonly #parts: PoolParts;
  #closing: Promise<void> | undefined;

  constructor(config: PoolConfig, parts: PoolParts) {
    this.#config = config;
    this.#parts = parts;
  }

  get isClosed(): boolean {
    return this.#closing !== undefined;
  }

  // Not `async`: that would cost three more turns of the microtask queue.
  request<T = unknown>(request: PoolRequest): Promise<PoolResponse<T>> {
    if (this.#closing !== undefined) return Promise.reject(closed());
    return this.#parts.requests.request<T>(request);
  }

  stream(request: PoolRequest): Promise<StreamResponse> {
    if (this.#closing !== undefined) return Promise.reject(closed());
    return this.#parts.requests.stream(request);
  }

  [traceRequests](tracer: RequestTracer): () => void {
    return this.#parts.requests.trace(tracer);
  }

  /** What children use. */
  get #asParent(): ChildParent {
    const pool = this;
    return {
      defaults: requestDefaults(this.#config),
      request: <T>(request: PoolRequest, defaults: RequestDefaults) =>
        this.#closing === undefined ? this.#parts.requests.request<T>(request, defaults) : Promise.reject(closed()),
      stream: (request: PoolRequest, defaults: RequestDefaults) =>
        this.#closing === undefined ? this.#parts.requests.stream(request, defaults) : Promise.reject(closed()),
      ready: (options) => this.ready(options),
      nodes: () => this.nodes(),
      stats: () => this.stats(),
      get isClosed() {
        return pool.isClosed;
      },
    };
  }

  async run<F extends Task>(
    module: URL,
    data: Parameters<F>[0],
    options?: TaskOptions,
  ): Promise<Awaited<ReturnType<F>>> {
    if (this.#closing !== undefined) throw closed();
    return (await this.#parts.tasks.run(module, data, options)) as Awaited<ReturnType<F>>;
  }

  async ready({ timeoutMs = defaultReadyMs }: WaitOptions = {}): Promise<void> {
    requireTime("ready({ timeoutMs })", timeoutMs);
    if (this.#closing !== undefined) throw closed();
    await this.#parts.readiness.wait(timeoutMs);
  }

  child(options: ChildOptions): ChildPool {
    return createChild(this.#asParent, options);
  }

  nodes(): NodeStatus[] {
    return this.#parts.status.nodes();
  }

  stats(): PoolStats {
    return this.#parts.status.stats();
  }

  config(): RedactedConfig {
    return redactConfig(this.#config);
  }

  on<E extends keyof PoolEvents>(event: E, listener: (...args: PoolEvents[E]) => void): this {
    this.#parts.emitter.on(event, listener);
    return this;
  }

  once<E extends keyof PoolEvents>(event: E, listener: (...args: PoolEvents[E]) => void): this {
    this.#parts.emitter.once(event, listener);
    return this;
  }

  off<E extends keyof PoolEvents>(event: E, listener: (...args: PoolEvents[E]) => void): this {
    this.#parts.emitter.off(event, listener);
    return this;
  }

  async close({ timeoutMs = fixed.closeTimeoutMs }: WaitOptions = {}): Promise<void> {
    requireTime("close({ timeoutMs })", timeoutMs);
    const idle = this.#parts.activity.whenIdle(timeoutMs);
    this.#closing ??= this.#shutDown(idle);
    await this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #shutDown(idle: Promise<void>): Promise<void> {
    this.#parts.readiness.close();
    await idle;
    await this.#parts.close();
  }
}

const defaultReadyMs = 30_000;

function closed(): RollcallError {
  return new RollcallError("CLOSED", "the pool is closed");
}

function requireTime(option: string, timeoutMs: number): void {
  const { min, max } = bounds.timeoutMs;
  if (Number.isInteger(timeoutMs) && (timeoutMs === 0 || (timeoutMs >= min && timeoutMs <= max))) return;
  throw new RollcallError("CONFIG", `${option} must be a whole number from 0 to ${max}`);
}

import { randomUUID } from "node:crypto";
import { availableParallelism } from "node:os";
import { getHeapStatistics } from "node:v8";
import {
  ClusterAccess,
  createRedisStore,
  defaultLogger,
  HttpControlClient,
  systemTimers,
  warnOfLogger,
} from "@rollcall/coordinator";
import { type Logger, RollcallError, safeLogger, silentLogger } from "@rollcall/core";
import {
  bounds,
  type ChildOptions,
  fixed,
  type PoolConfig,
  type PoolOptions,
  parsePoolConfig,
  type RedactedConfig,
  redactConfig,
} from "@rollcall/core/config";
import { Cluster } from "../cluster-state/cluster.js";
import { createNodeTable } from "../cluster-state/node-table.js";
import { ControlProber } from "../cluster-state/prober.js";
import { ViewSource } from "../cluster-state/view-source.js";
import type { Task } from "../threads/run-task.js";
import { type TaskOptions, Tasks } from "../threads/tasks.js";
import { Activity } from "./activity.js";
import type { ChildPool, Pool, WaitOptions } from "./api.js";
import { type ChildParent, createChild } from "./child-pool.js";
import { ClusterEvents } from "./cluster-events.js";
import { Deadlines } from "./deadlines.js";
import type { NodeStatus } from "./node-status.js";
import { PoolEmitter, type PoolEvents } from "./pool-events.js";
import type { PoolRequest } from "./pool-request.js";
import type { RequestDefaults } from "./prepare-request.js";
import { Readiness } from "./readiness.js";
import { Requests } from "./requests.js";
import type { PoolResponse } from "./response.js";
import { type OpenedSender, openSender } from "./senders.js";
import type { PoolStats } from "./stats.js";
import { PoolStatus } from "./status.js";
import type { StreamResponse } from "./stream-response.js";
import { ThreadStatuses } from "./thread-statuses.js";

/**
 * Opens a pool. Returns at once, whatever state the cluster is in: requests made meanwhile wait within their timeout.
 *
 * @throws {RollcallError} `CONFIG`, listing every problem of the options
 */
export function createPool(options: PoolOptions): Pool {
  return new ClusterPool(
    parsePoolConfig(options, {
      cores: availableParallelism(),
      heapLimitBytes: getHeapStatistics().heap_size_limit,
    }),
    options.logger === false ? silentLogger : undefined,
  );
}

// Fields are private at run time too: a pool that is logged or serialised must not show a password.
class ClusterPool implements Pool {
  readonly #config: PoolConfig;
  readonly #emitter: PoolEmitter;
  readonly #activity = new Activity();
  readonly #access: ClusterAccess;
  readonly #controlClient: HttpControlClient;
  readonly #deadlines: Deadlines;
  readonly #cluster: Cluster<OpenedSender, ViewSource>;
  readonly #readiness: Readiness;
  readonly #status: PoolStatus;
  readonly #requests: Requests;
  readonly #tasks: Tasks;
  #closing: Promise<void> | undefined;

  constructor(config: PoolConfig, silent: Logger | undefined) {
    const timers = systemTimers;
    const { nowMs } = timers;
    const random = Math.random;
    const wallNowMs = Date.now;
    const logger = safeLogger(silent ?? config.logger ?? defaultLogger(), warnOfLogger);
    const activity = this.#activity;
    const emitter = new PoolEmitter(logger);
    const events = new ClusterEvents(emitter, logger);
    const access = new ClusterAccess(config, timers, logger);
    const controlClient = new HttpControlClient({ timers, wallNowMs, connectTimeoutMs: fixed.connectTimeoutMs });
    const table = createNodeTable({ slots: fixed.slotsMax, threads: Math.max(1, config.threads) });
    const common = { config, timers, random, logger };

    const protectCredentials = () => access.protectCredentials();
    const cluster = new Cluster({
      ...{ ...common, table, access, listener: events, seeds: config.seeds },
      prober: new ControlProber(controlClient, access),
      openSender: (observer) =>
        openSender({
          ...common,
          table,
          observer,
          credentialGiven: protectCredentials,
          progress: events.progress,
          wallNowMs,
        }),
      openView: (state, opened) =>
        new ViewSource({
          ...{ ...common, access, controlClient, cluster: state, replica: randomUUID(), openStore: createRedisStore },
          workload: new ThreadStatuses(config.threads, opened, state, table.totals, activity),
        }),
    });
    const { state, opened, view } = cluster;
    const { sender, threading } = opened;
    const deadlines = new Deadlines(nowMs);
    const requests = new Requests({
      sender,
      deadlines,
      defaults: config,
      nowMs,
      count: activity.countRequest,
      protect: protectCredentials,
    });
    this.#tasks = new Tasks({
      ...{ threads: threading?.threads, deadlines, nowMs, count: activity.countTask },
      request: (request) => requests.request(request),
    });
    this.#status = new PoolStatus({
      ...{ state, view, sender, activity, totals: table.totals, clock: timers },
      threads: new ThreadStatuses(config.threads, opened, state, table.totals, activity),
    });
    this.#readiness = new Readiness(() => {
      const isVerified = state.view?.topology.clusterUuid !== undefined;
      return { isVerified, isUp: sender.isUp, problem: view.problem, threadProblem: threading?.problem };
    }, events.progress);
    this.#config = config;
    this.#emitter = emitter;
    this.#access = access;
    this.#controlClient = controlClient;
    this.#deadlines = deadlines;
    this.#cluster = cluster;
    this.#requests = requests;
    void access.start();
    cluster.start();
  }

  get isClosed(): boolean {
    return this.#closing !== undefined;
  }

  // Not `async`: that would cost three more turns of the microtask queue.
  request<T = unknown>(request: PoolRequest): Promise<PoolResponse<T>> {
    if (this.#closing !== undefined) return Promise.reject(closed());
    return this.#requests.request<T>(request);
  }

  stream(request: PoolRequest): Promise<StreamResponse> {
    if (this.#closing !== undefined) return Promise.reject(closed());
    return this.#requests.stream(request);
  }

  /** What children use. */
  get #asParent(): ChildParent {
    const pool = this;
    return {
      defaults: this.#config,
      request: <T>(request: PoolRequest, defaults: RequestDefaults) =>
        this.#closing === undefined ? this.#requests.request<T>(request, defaults) : Promise.reject(closed()),
      stream: (request: PoolRequest, defaults: RequestDefaults) =>
        this.#closing === undefined ? this.#requests.stream(request, defaults) : Promise.reject(closed()),
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
    return (await this.#tasks.run(module, data, options)) as Awaited<ReturnType<F>>;
  }

  async ready({ timeoutMs = defaultReadyMs }: WaitOptions = {}): Promise<void> {
    requireTime("ready({ timeoutMs })", timeoutMs);
    if (this.#closing !== undefined) throw closed();
    await this.#readiness.wait(timeoutMs);
  }

  child(options: ChildOptions): ChildPool {
    return createChild(this.#asParent, options);
  }

  nodes(): NodeStatus[] {
    return this.#status.nodes();
  }

  stats(): PoolStats {
    return this.#status.stats();
  }

  config(): RedactedConfig {
    return redactConfig(this.#config);
  }

  on<E extends keyof PoolEvents>(event: E, listener: (...args: PoolEvents[E]) => void): this {
    this.#emitter.on(event, listener);
    return this;
  }

  once<E extends keyof PoolEvents>(event: E, listener: (...args: PoolEvents[E]) => void): this {
    this.#emitter.once(event, listener);
    return this;
  }

  off<E extends keyof PoolEvents>(event: E, listener: (...args: PoolEvents[E]) => void): this {
    this.#emitter.off(event, listener);
    return this;
  }

  async close({ timeoutMs = fixed.closeTimeoutMs }: WaitOptions = {}): Promise<void> {
    requireTime("close({ timeoutMs })", timeoutMs);
    const idle = this.#activity.whenIdle(timeoutMs);
    this.#closing ??= this.#shutDown(idle);
    await this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #shutDown(idle: Promise<void>): Promise<void> {
    this.#readiness.close();
    await idle;
    this.#tasks.close();
    const { sender, threading } = this.#cluster.opened;
    await Promise.allSettled([sender.destroy(), this.#cluster.close(), this.#controlClient.close()]);
    await threading?.threads.destroy();
    this.#deadlines.close();
    this.#access.close();
    // Sockets that were destroyed just now give their handles back in the next turns of the loop; TLS takes two.
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
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

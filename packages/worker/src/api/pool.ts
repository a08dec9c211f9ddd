import { randomUUID } from "node:crypto";
import { availableParallelism } from "node:os";
import { setTimeout as startTimer } from "node:timers";
import {
  ClusterAccess,
  type ControlClient,
  createRedisStore,
  defaultLogger,
  HttpControlClient,
  systemTimers,
} from "@rollcall/coordinator";
import { type Logger, RollcallError, safeLogger, silentLogger } from "@rollcall/core";
import {
  bounds,
  fixed,
  type PoolConfig,
  type PoolOptions,
  parsePoolConfig,
  type RedactedConfig,
  redactConfig,
} from "@rollcall/core/config";
import { beatMs } from "@rollcall/core/health";
import { sanitizeForLog } from "@rollcall/core/sniff";
import { addressOf, type Freshness, type NodeRecord, nodeKey, type Topology, type View } from "@rollcall/core/view";
import { LocalHealth } from "../cluster-state/local-health.js";
import { NodeWatch } from "../cluster-state/node-watch.js";
import { type ProbeResult, probeOnce } from "../cluster-state/probe-once.js";
import { ViewKeeper, type ViewLine } from "../cluster-state/view-keeper.js";
import { ViewSource } from "../cluster-state/view-source.js";
import { Dispatch } from "../dispatch/dispatch.js";
import type { DispatchObserver, Sender } from "../dispatch/sender.js";
import { Lanes } from "../lane/client.js";
import { createTable, HeaderWord } from "../table/layout.js";
import { LoopLagMonitor } from "../table/loop-lag-monitor.js";
import { NumberedLists } from "../table/numbered-lists.js";
import { TableReader } from "../table/reader.js";
import { TableTotals } from "../table/totals.js";
import { TableTraffic } from "../table/traffic.js";
import { TableWriter } from "../table/writer.js";
import type { Task } from "../threads/run-task.js";
import { type TaskOptions, Tasks } from "../threads/tasks.js";
import { Threads } from "../threads/threads.js";
import { Deadlines } from "./deadlines.js";
import { describeNode, isInUse, type NodeEvent, type NodeStatus } from "./node-status.js";
import { PoolEmitter, type PoolEvents } from "./pool-events.js";
import type { PoolRequest } from "./pool-request.js";
import { Requests } from "./requests.js";
import type { PoolResponse } from "./response.js";
import type { PoolStats, ThreadStatus } from "./stats.js";

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
  /**
   * Takes no more requests, waits for those under way (at most `timeoutMs`, default 10,000), then closes everything.
   * Whatever is still under way then fails with `CLOSED`. Always resolves, whatever state the cluster is in.
   *
   * @throws {RollcallError} `CONFIG` where `timeoutMs` is no time; the pool stays open then
   */
  close(options?: { readonly timeoutMs?: number }): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Opens a pool. Returns at once, whatever state the cluster is in: requests made meanwhile wait within their timeout.
 *
 * @throws {RollcallError} `CONFIG`, listing every problem of the options
 */
export function createPool(options: PoolOptions): Pool {
  return new ClusterPool(
    parsePoolConfig(options, { cores: availableParallelism() }),
    options.logger === false ? silentLogger : undefined,
  );
}

// Fields are private at run time too: a pool that is logged or serialised must not show a password.
class ClusterPool implements Pool {
  readonly #settings: PoolConfig;
  readonly #logger: Logger;
  readonly #emitter: PoolEmitter;
  readonly #timers = systemTimers;
  readonly #access: ClusterAccess;
  readonly #controlClient: ControlClient;
  readonly #view: ViewSource;
  readonly #keeper: ViewKeeper;
  readonly #localHealth: LocalHealth;
  readonly #nodeWatch: NodeWatch;
  readonly #ticking: NodeJS.Timeout;
  readonly #deadlines: Deadlines;
  readonly #sender: Sender;
  readonly #lanes: Lanes | undefined;
  readonly #lists = new NumberedLists();
  readonly #threads: Threads | undefined;
  readonly #requests: Requests;
  readonly #tasks: Tasks;
  /** What the threads count. */
  readonly #counted: TableTotals;
  readonly #gathering: NodeJS.Timeout;
  readonly #totals = { requests: 0, answered: 0, failed: 0 };
  /** Called when something may have come that `ready` waits for. */
  readonly #readyListeners = new Set<() => void>();
  /** Addresses of nodes that this process was said to keep away from, and not yet to use again. */
  readonly #keptAway = new Set<string>();
  #underWay = 0;
  #tasksUnderWay = 0;
  #whenIdle: (() => void) | undefined;
  #closing: Promise<void> | undefined;
  #degraded = false;

  constructor(settings: PoolConfig, logger: Logger | undefined) {
    const timers = this.#timers;
    this.#settings = settings;
    const random = Math.random;
    this.#logger = safeLogger(logger ?? settings.logger ?? defaultLogger());
    this.#emitter = new PoolEmitter(this.#logger);
    this.#access = new ClusterAccess(settings, timers, this.#logger);
    this.#deadlines = new Deadlines(() => timers.nowMs());
    this.#controlClient = new HttpControlClient({
      timers,
      wallNowMs: Date.now,
      connectTimeoutMs: fixed.connectTimeoutMs,
    });

    const layout = { slots: fixed.slotsMax, threads: Math.max(1, settings.threads) };
    const words = createTable(layout);
    const writer = new TableWriter(words);
    const totals = new TableTotals(words, layout);
    this.#counted = totals;
    this.#gathering = setInterval(() => totals.gather(), gatherEveryMs).unref();
    const observer: DispatchObserver = {
      failed: ({ slot, generation, startedAtMs, reason }) => {
        this.#nodeWatch.failed(slot, generation);
        this.#localHealth.tell(slot, generation, {
          type: "failed",
          startedAtMs,
          answered: totals.ofNode(slot).answers,
          reason,
        });
      },
      probeWanted: (slot) => this.#nodeWatch.signWanted(slot),
      credentialRefused: () => this.#access.credentialRefused(),
      released: (slot) => {
        this.#keeper.released(slot);
        totals.restart(slot);
      },
    };
    const queueMax = settings.queue.perThread;
    const { noNodeWaitMs, drainMs, connectTimeoutMs, maxResponseBytes } = fixed;
    const connections = { ...settings.connections, connectTimeoutMs, maxResponseBytes };
    const nowMs = () => timers.nowMs();
    let watch: LoopLagMonitor | undefined;
    if (settings.threads === 0) {
      const inFlightMax = settings.connections.perNode;
      const reader = new TableReader({ words, layout, thread: 0, inFlightMax, nowMs });
      const own = new LoopLagMonitor(reader, nowMs);
      watch = own;
      this.#sender = new Dispatch({
        reader,
        ranMs: (atMs) => own.ranMs(atMs),
        settings: connections,
        queueMax,
        noNodeWaitMs,
        drainMs,
        observer,
        timers,
        random,
        wallNowMs: Date.now,
      });
    } else {
      const { perNode } = settings.connections;
      const lanes = new Lanes({
        words,
        layout,
        writer,
        totals,
        queueMax,
        perNode,
        observer,
        timers,
        logger: this.#logger,
      });
      const defaults = { timeoutMs: settings.timeoutMs, retry: settings.retry };
      this.#threads = new Threads({
        threads: settings.threads,
        setup: { words, layout, settings: connections, queueMax, noNodeWaitMs, drainMs, defaults },
        joined: (thread) => {
          lanes.join(thread);
          this.#lookIfReady();
        },
        failed: (reason) => lanes.noteFailure(reason),
        beforeTask: () => lanes.flush(),
        timers,
      });
      this.#sender = lanes;
      this.#lanes = lanes;
    }
    const deadlines = this.#deadlines;
    this.#requests = new Requests({
      sender: this.#sender,
      deadlines,
      defaults: settings,
      nowMs,
      count: (what) => {
        this.#totals[what]++;
        if (what === "requests") this.#underWay++;
        else this.#ended();
      },
    });
    this.#tasks = new Tasks({
      threads: this.#threads,
      request: (request) => this.#requests.request(request),
      deadlines,
      nowMs,
      count: (change) => {
        if (change === 1) this.#tasksUnderWay++;
        else {
          this.#tasksUnderWay--;
          this.#tellWhenIdle();
        }
      },
    });
    this.#keeper = new ViewKeeper({
      seeds: settings.seeds.map(({ host, port }) => ({ id: "", host, port })),
      slotsMax: layout.slots,
      access: this.#access,
      writer,
      logger: this.#logger,
      storeAheadMs: () => this.#view.nowMs() - timers.nowMs(),
      deliver: (targets) => {
        this.#sender.apply(targets);
        this.#lists.note(Atomics.load(words, HeaderWord.topology), this.#keeper.current?.topology.version);
      },
      moved: () => {
        this.#sender.pump();
        this.#noteDegradation();
      },
      isAnswering: (slot, generation) => this.#nodeWatch.isAnswering(slot, generation),
      onNode: (event) => this.#nodeChanged(event),
    });
    this.#nodeWatch = new NodeWatch({
      words,
      traffic: new TableTraffic(words, layout),
      timers,
      random,
      look: (slot, timeoutMs) => this.#look(slot, timeoutMs),
      silent: (slot, generation, reason) =>
        this.#localHealth.tell(slot, generation, { type: "silent", reason: `silent: ${reason}` }),
      move: (order) => this.#sender.reroute(order),
    });
    this.#ticking = setInterval(() => {
      watch?.beat();
      this.#keeper.reconsider();
      this.#nodeWatch.tick();
    }, beatMs).unref();
    this.#localHealth = new LocalHealth({
      timers,
      random,
      changed: (slot) => this.#keeper.refreshSlot(slot),
      report: (slot, reason, probe) => this.#report(slot, reason, probe),
      look: (slot) => this.#look(slot),
    });
    this.#view = new ViewSource({
      config: settings,
      replica: randomUUID(),
      openStore: createRedisStore,
      access: this.#access,
      controlClient: this.#controlClient,
      timers,
      random,
      logger: this.#logger,
      follow: (view, trust, line) => this.#follow(view, trust, line),
      avoided: () => this.#keeper.avoided(),
      contradicts: () => this.#keeper.contradicts(),
      threads: () => this.#threadStatuses(),
      answered: () => this.#totals.answered + this.#counted.ofThreads.answered,
      look: (key) => {
        const node = this.#keeper.all().find(({ row }) => nodeKey(row.node) === key)?.row.node;
        return node === undefined ? undefined : this.#lookAt(node);
      },
    });
    this.#keeper.start(this.#localHealth);
    this.#access.onChange(() => this.#keeper.rebuild());
    void this.#access.start();
    this.#view.start();
  }

  // Not `async`: passing a promise on by that costs three more turns of the microtask queue.
  request<T = unknown>(request: PoolRequest): Promise<PoolResponse<T>> {
    if (this.#closing !== undefined) return Promise.reject(new RollcallError("CLOSED", "the pool is closed"));
    return this.#requests.request<T>(request);
  }

  async run<F extends Task>(
    module: URL,
    data: Parameters<F>[0],
    options?: TaskOptions,
  ): Promise<Awaited<ReturnType<F>>> {
    if (this.#closing !== undefined) throw new RollcallError("CLOSED", "the pool is closed");
    return (await this.#tasks.run(module, data, options)) as Awaited<ReturnType<F>>;
  }

  async ready({ timeoutMs = defaultReadyMs }: { readonly timeoutMs?: number } = {}): Promise<void> {
    requireTime("ready({ timeoutMs })", timeoutMs);
    if (this.#closing !== undefined) throw new RollcallError("CLOSED", "the pool is closed");
    if (this.#isReady()) return;
    const outcome = await new Promise<"verified" | "closed" | "late">((resolve) => {
      const timer = startTimer(() => settle("late"), timeoutMs);
      const look = () => {
        if (this.#isReady()) settle("verified");
      };
      this.#readyListeners.add(look);
      const stopClose = this.#emitter.onClose(() => settle("closed"));
      const settle = (how: "verified" | "closed" | "late") => {
        clearTimeout(timer);
        this.#readyListeners.delete(look);
        stopClose();
        resolve(how);
      };
    });
    if (outcome === "closed") throw new RollcallError("CLOSED", "the pool was closed before any node was verified");
    if (outcome === "late") {
      const why = this.#isVerified() ? "no worker thread is up" : (this.#view.problem ?? "no node has answered");
      throw new RollcallError("TIMEOUT", `no node was verified within ${timeoutMs} ms: ${why}`);
    }
  }

  nodes(): NodeStatus[] {
    const nowMs = this.#timers.nowMs();
    return this.#keeper.all().map(({ row, standing }) => {
      const { openSockets, inFlight, requests, answers, failures, errorStatuses } = this.#counted.ofNode(row.slot);
      return {
        address: addressOf(row.node),
        ...describeNode(row.node),
        tier: row.tier,
        state: standing.state,
        ...(standing.reason === undefined ? {} : { reason: standing.reason }),
        ...(standing.sinceMs === undefined ? {} : { forMs: Math.max(0, Math.round(nowMs - standing.sinceMs)) }),
        openSockets,
        inFlight,
        requests,
        answers,
        failures,
        errorStatuses,
      };
    });
  }

  stats(): PoolStats {
    const view = this.#keeper.current;
    const { requests, answered, failed } = this.#totals;
    const ofThreads = this.#counted.ofThreads;
    return {
      requests: requests + ofThreads.requests,
      answered: answered + ofThreads.answered,
      failed: failed + ofThreads.failed,
      pending: this.#underWay + ofThreads.requests - ofThreads.answered - ofThreads.failed,
      inFlight: this.#counted.inFlight,
      queued: this.#sender.stats().queued,
      retries: ofThreads.retries,
      ...(view === undefined
        ? {}
        : {
            view: {
              version: view.topology.version,
              marksVersion: view.marks.version,
              source: view.topology.source,
              freshness: this.#view.freshness,
              ageMs: Math.max(0, Math.round(this.#view.ageMs)),
              ...(view.topology.clusterUuid === undefined ? {} : { clusterUuid: view.topology.clusterUuid }),
              ...(view.topology.clusterName === undefined ? {} : { clusterName: view.topology.clusterName }),
            },
          }),
      nodes: this.nodes(),
      threads: this.#threadStatuses(),
    };
  }

  config(): RedactedConfig {
    return redactConfig(this.#settings);
  }

  on<E extends keyof PoolEvents>(event: E, listener: (...args: PoolEvents[E]) => void): this {
    this.#emitter.on(event, listener);
    return this;
  }

  async close({ timeoutMs = fixed.closeTimeoutMs }: { readonly timeoutMs?: number } = {}): Promise<void> {
    requireTime("close({ timeoutMs })", timeoutMs);
    this.#closing ??= this.#shutDown(timeoutMs);
    await this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #ended(): void {
    this.#underWay--;
    this.#tellWhenIdle();
  }

  #tellWhenIdle(): void {
    if (this.#underWay === 0 && this.#tasksUnderWay === 0) this.#whenIdle?.();
  }

  #follow(view: View, trust: Freshness, line: ViewLine): void {
    const before = this.#keeper.current?.topology;
    this.#keeper.apply(view, trust, line);
    this.#lookIfReady();
    const after = view.topology;
    if (before !== undefined && sameList(before, after)) return;
    this.#emitter.emit("view", { nodes: after.nodes.map(addressOf), source: after.source });
  }

  #threadStatuses(): ThreadStatus[] {
    const up = new Map(this.#lanes?.threads().map((status) => [status.thread, status]));
    return Array.from({ length: this.#settings.threads }, (_, thread) => {
      const status = up.get(thread);
      if (status === undefined) return { thread, calls: 0, tasks: 0, state: "starting" };
      const { list, calls, tasks, isLate } = status;
      const topology = this.#lists.versionOf(list);
      return { thread, ...(topology === undefined ? {} : { topology }), calls, tasks, state: isLate ? "late" : "well" };
    });
  }

  #lookIfReady(): void {
    for (const look of this.#readyListeners) look();
  }

  #isReady(): boolean {
    return this.#isVerified() && this.#sender.isUp;
  }

  #isVerified(): boolean {
    return this.#keeper.current?.topology.clusterUuid !== undefined;
  }

  #report(slot: number, reason: string, probe?: "failed"): void {
    const row = this.#keeper.rowAt(slot);
    if (row !== undefined) this.#view.report(nodeKey(row.node), reason, probe);
  }

  async #look(slot: number, timeoutMs?: number): Promise<ProbeResult> {
    const row = this.#keeper.rowAt(slot);
    if (row === undefined) return { kind: "void", reason: "the node is gone" };
    return this.#lookAt(row.node, timeoutMs);
  }

  #lookAt(node: NodeRecord, timeoutMs?: number): Promise<ProbeResult> {
    return probeOnce(this.#controlClient, this.#access, node, this.#keeper.current?.topology.clusterUuid, timeoutMs);
  }

  #nodeChanged(event: NodeEvent): void {
    const { address, name, to, reason } = event;
    // What the view says is logged by whoever publishes it; our own opinion is ours to log.
    const node = name === undefined ? address : `${sanitizeForLog(name)} (${address})`;
    if (to === "ejected") {
      this.#keptAway.add(address);
      this.#logger.warn({ node, reason }, `this process keeps away from node ${node}: ${reason}`);
    } else if (to === "absent") this.#keptAway.delete(address);
    else if (isInUse(to) && this.#keptAway.delete(address))
      this.#logger.info({ node }, `this process uses node ${node} again`);
    this.#emitter.emit("node", event);
  }

  #noteDegradation(): void {
    // One that the configuration does not let us use, such as before `auth` has answered, says nothing of the cluster.
    const members = this.#keeper
      .all()
      .filter(({ row, standing }) => row.tier === "node" && standing.state !== "unusable");
    const degraded = members.length > 0 && !members.some(({ standing }) => isInUse(standing.state));
    if (degraded === this.#degraded) return;
    this.#degraded = degraded;
    const reason = degraded ? "no node is well; every known one is tried all the same" : "a node is well again";
    if (degraded) this.#logger.error({ nodes: members.length }, reason);
    else this.#logger.info({ nodes: members.length }, reason);
    this.#emitter.emit("degraded", { degraded, reason });
  }

  async #shutDown(timeoutMs: number): Promise<void> {
    this.#emitter.close();
    if (this.#underWay > 0 || this.#tasksUnderWay > 0) {
      await new Promise<void>((resolve) => {
        const timer = startTimer(resolve, timeoutMs);
        this.#whenIdle = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#tasks.close();
    await Promise.allSettled([this.#sender.destroy(), this.#view.close(), this.#controlClient.close()]);
    await this.#threads?.destroy();
    clearInterval(this.#gathering);
    clearInterval(this.#ticking);
    this.#nodeWatch.close();
    this.#deadlines.close();
    this.#localHealth.close();
    this.#access.close();
    // Sockets that were destroyed just now give their handles back in the next turns of the loop; TLS takes two.
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The threads' words hold 2^31 counts each: no thread makes so many in an hour. */
const gatherEveryMs = 3_600_000;

const defaultReadyMs = 30_000;

/** Names and roles may differ: what counts is where requests may go. */
function sameList(a: Topology, b: Topology): boolean {
  const addresses = new Set(a.nodes.map(addressOf));
  return (
    a.source === b.source &&
    a.nodes.length === b.nodes.length &&
    b.nodes.every((node) => addresses.has(addressOf(node)))
  );
}

function requireTime(option: string, timeoutMs: number): void {
  const { min, max } = bounds.timeoutMs;
  if (Number.isInteger(timeoutMs) && (timeoutMs === 0 || (timeoutMs >= min && timeoutMs <= max))) return;
  throw new RollcallError("CONFIG", `${option} must be a whole number from 0 to ${max}`);
}

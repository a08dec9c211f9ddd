import { randomUUID } from "node:crypto";
import { availableParallelism } from "node:os";
import { setTimeout as startTimer } from "node:timers";
import { Asker, ClusterAccess, Coordinator, createMemoryStore, probe, systemTimers } from "@rollcall/coordinator";
import { type Logger, RollcallError, silentLogger } from "@rollcall/core";
import {
  bounds,
  fixed,
  type PoolConfig,
  type PoolOptions,
  parsePoolConfig,
  type RedactedConfig,
  redactConfig,
} from "@rollcall/core/config";
import { shownText } from "@rollcall/core/sniff";
import { addressOf, nodeKey, type Topology } from "@rollcall/core/view";
import { pino } from "pino";
import { Deadlines, type Due } from "./deadlines.js";
import { Dispatch, type Pending, type Result } from "./dispatch/dispatch.js";
import { LocalHealth } from "./local-health.js";
import { describeNode, type NodeEvent, type NodeStatus } from "./node-status.js";
import { PoolEmitter, type PoolEvents } from "./pool-events.js";
import { type PoolRequest, type PreparedCall, prepareCall } from "./prepare-call.js";
import { type PoolResponse, ReceivedResponse } from "./response.js";
import type { PoolStats } from "./stats.js";
import { createTable } from "./table/layout.js";
import { TableReader } from "./table/reader.js";
import { TableWriter } from "./table/writer.js";
import { ViewKeeper } from "./view-keeper.js";

/** Connections to every node of a cluster, opened once and shared by a whole process. */
export interface Pool {
  /**
   * Sends one request to a node that is well, and to another where that is safe and needed.
   *
   * Any status is an answer. @throws {RollcallError} for everything else; see its codes
   */
  request<T = unknown>(request: PoolRequest): Promise<PoolResponse<T>>;
  /**
   * Resolves once a node has proved to belong to the cluster. Not needed before a request: those try at once.
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
  readonly #store = createMemoryStore(systemTimers);
  readonly #access: ClusterAccess;
  readonly #asker: Asker;
  readonly #coordinator: Coordinator;
  readonly #keeper: ViewKeeper;
  readonly #localHealth: LocalHealth;
  readonly #dispatch: Dispatch;
  readonly #deadlines: Deadlines;
  readonly #totals = { requests: 0, answered: 0, failed: 0 };
  #underWay = 0;
  #whenIdle: (() => void) | undefined;
  #closing: Promise<void> | undefined;
  #degraded = false;

  constructor(settings: PoolConfig, logger: Logger | undefined) {
    const timers = this.#timers;
    const store = this.#store;
    this.#settings = settings;
    const random = Math.random;
    this.#logger = logger ?? settings.logger ?? defaultLogger();
    this.#emitter = new PoolEmitter(this.#logger);
    this.#access = new ClusterAccess(settings, timers, this.#logger);
    this.#deadlines = new Deadlines(() => timers.nowMs());
    this.#asker = new Asker(timers, fixed.connectTimeoutMs);

    const layout = { slots: fixed.slotsMax, threads: 1 };
    const words = createTable(layout);
    const writer = new TableWriter(words, layout);
    this.#dispatch = new Dispatch({
      reader: new TableReader({
        words,
        layout,
        thread: 0,
        inFlightMax: settings.connections.perNode,
        nowMs: () => timers.nowMs(),
      }),
      settings: {
        ...settings.connections,
        connectTimeoutMs: fixed.connectTimeoutMs,
        maxResponseBytes: fixed.maxResponseBytes,
      },
      queueMax: settings.queue.perThread,
      noNodeWaitMs: fixed.noNodeWaitMs,
      drainMs: fixed.drainMs,
      observer: {
        failed: ({ slot, generation, startedAtMs, reason }) =>
          this.#localHealth.tell(slot, generation, {
            type: "failed",
            startedAtMs,
            answered: writer.answered(slot),
            reason,
          }),
        credentialRefused: () => this.#access.credentialRefused(),
        released: (slot) => this.#keeper.released(slot),
      },
      timers,
      random,
      wallNowMs: Date.now,
    });
    this.#keeper = new ViewKeeper({
      seeds: settings.seeds.map(({ host, port }) => ({ id: "", host, port })),
      slotsMax: layout.slots,
      access: this.#access,
      writer,
      logger: this.#logger,
      storeAheadMs: () => store.nowMs() - timers.nowMs(),
      deliver: (targets) => this.#dispatch.apply(targets),
      moved: () => {
        this.#dispatch.pump();
        this.#noteDegradation();
      },
      onNode: (event) => this.#nodeChanged(event),
    });
    this.#localHealth = new LocalHealth({
      timers,
      random,
      changed: (slot) => this.#keeper.refreshSlot(slot),
      report: (slot, reason) => this.#report(slot, reason),
      trial: (slot) => this.#trial(slot),
    });
    this.#coordinator = new Coordinator({
      config: settings,
      access: this.#access,
      asker: this.#asker,
      store,
      timers,
      random,
      logger: this.#logger,
      leader: randomUUID(),
      replica: "",
    });
    this.#keeper.start(this.#localHealth);
    this.#access.onChange(() => this.#keeper.rebuild());
    store.subscribe((view) => {
      const before = this.#keeper.current?.topology;
      this.#keeper.apply(view);
      const after = view.topology;
      if (before !== undefined && sameList(before, after)) return;
      this.#emitter.emit("view", { nodes: after.nodes.map(addressOf), source: after.source });
    });
    void this.#access.start();
    this.#coordinator.start();
  }

  async request<T = unknown>(request: PoolRequest): Promise<PoolResponse<T>> {
    if (this.#closing !== undefined) throw new RollcallError("CLOSED", "the pool is closed");
    const prepared = prepareCall(request, this.#settings, this.#timers.nowMs());
    const { signal } = request;
    if (signal?.aborted === true)
      throw new RollcallError("ABORTED", "the caller's signal had fired before the request began");

    this.#totals.requests++;
    this.#underWay++;
    const result = await this.#send(prepared, signal);
    if (result.kind === "answered") {
      this.#totals.answered++;
      return new ReceivedResponse<T>(result);
    }
    this.#totals.failed++;
    // Made here and not where it was found out: here the stack shows who asked.
    throw RollcallError.fromWire(result.error);
  }

  async ready({ timeoutMs = defaultReadyMs }: { readonly timeoutMs?: number } = {}): Promise<void> {
    requireTime("ready({ timeoutMs })", timeoutMs);
    if (this.#closing !== undefined) throw new RollcallError("CLOSED", "the pool is closed");
    if (this.#isVerified()) return;
    const outcome = await new Promise<"verified" | "closed" | "late">((resolve) => {
      const timer = startTimer(() => settle("late"), timeoutMs);
      const stopView = this.#store.subscribe(() => {
        if (this.#isVerified()) settle("verified");
      });
      const stopClose = this.#emitter.onClose(() => settle("closed"));
      const settle = (how: "verified" | "closed" | "late") => {
        clearTimeout(timer);
        stopView();
        stopClose();
        resolve(how);
      };
    });
    if (outcome === "closed") throw new RollcallError("CLOSED", "the pool was closed before any node was verified");
    if (outcome === "late") {
      const why = this.#coordinator.problem ?? "no node has answered";
      throw new RollcallError("TIMEOUT", `no node was verified within ${timeoutMs} ms: ${why}`);
    }
  }

  nodes(): NodeStatus[] {
    const counts = new Map(this.#dispatch.stats().nodes.map((node) => [node.slot, node]));
    return this.#keeper.all().map(({ row, standing }) => {
      const { openSockets, inFlight, requests, answers, failures, errorStatuses } = counts.get(row.slot) ?? noCounts;
      return {
        address: addressOf(row.node),
        ...describeNode(row.node),
        tier: row.tier,
        state: standing.state,
        ...(standing.reason === undefined ? {} : { reason: standing.reason }),
        ...(standing.sinceMs === undefined ? {} : { forMs: Math.round(this.#timers.nowMs() - standing.sinceMs) }),
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
    const { inFlight, queued, retries } = this.#dispatch.stats();
    return {
      ...this.#totals,
      underWay: this.#underWay,
      inFlight,
      queued,
      retries,
      ...(view === undefined
        ? {}
        : {
            view: {
              version: view.topology.version,
              marksVersion: view.marks.version,
              source: view.topology.source,
              ageMs: Math.round(this.#store.nowMs() - view.head.atMs),
              ...(view.topology.clusterUuid === undefined ? {} : { clusterUuid: view.topology.clusterUuid }),
              ...(view.topology.clusterName === undefined ? {} : { clusterName: view.topology.clusterName }),
            },
          }),
      nodes: this.nodes(),
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

  #send({ call, timeoutMs }: PreparedCall, signal: AbortSignal | undefined): Promise<Result> {
    return new Promise((resolve) => {
      const due = new CallDue(call.deadlineMs, timeoutMs);
      const onAbort =
        signal === undefined ? undefined : () => due.pending?.cancel("ABORTED", "the caller's signal fired");
      if (onAbort !== undefined) signal?.addEventListener("abort", onAbort, { once: true });
      this.#deadlines.add(due);
      due.pending = this.#dispatch.start(call, (result) => {
        this.#deadlines.remove(due);
        if (onAbort !== undefined) signal?.removeEventListener("abort", onAbort);
        this.#underWay--;
        if (this.#underWay === 0) this.#whenIdle?.();
        resolve(result);
      });
    });
  }

  #isVerified(): boolean {
    return this.#keeper.current?.topology.clusterUuid !== undefined;
  }

  #report(slot: number, reason: string): void {
    const row = this.#keeper.rowAt(slot);
    if (row !== undefined) this.#store.report({ node: nodeKey(row.node), reason, replica: "" });
  }

  async #trial(slot: number): Promise<{ readonly ok: true } | { readonly ok: false; readonly reason: string }> {
    const row = this.#keeper.rowAt(slot);
    if (row === undefined) return { ok: false, reason: "the node is gone" };
    const reach = this.#access.reach(row.node);
    if (reach.kind === "refused") return { ok: false, reason: reach.reason };
    const { outcome, reason } = await probe(this.#asker, reach.endpoint, {
      pinnedUuid: this.#keeper.current?.topology.clusterUuid,
      timeoutMs: fixed.probeTimeoutMs,
      fresh: true,
    });
    // Whatever it answers, it can be reached, and that is all that is on trial.
    return outcome === "unreachable" || outcome === "foreign" ? { ok: false, reason } : { ok: true };
  }

  #nodeChanged(event: NodeEvent): void {
    const { address, name, from, to, reason } = event;
    // What the view says is logged by whoever publishes it; our own opinion is ours to log.
    const node = name === undefined ? address : `${shownText(name)} (${address})`;
    if (to === "ejected") this.#logger.warn({ node, reason }, `this process keeps away from node ${node}: ${reason}`);
    else if (from === "ejected" && (to === "up" || to === "ramp"))
      this.#logger.info({ node }, `this process uses node ${node} again`);
    this.#emitter.emit("node", event);
  }

  #noteDegradation(): void {
    // One that the configuration does not let us use, such as before `auth` has answered, says nothing of the cluster.
    const members = this.#keeper
      .all()
      .filter(({ row, standing }) => row.tier === "node" && standing.state !== "unusable");
    const degraded =
      members.length > 0 && !members.some(({ standing: { state } }) => state === "up" || state === "ramp");
    if (degraded === this.#degraded) return;
    this.#degraded = degraded;
    const reason = degraded ? "no node is well; every known one is tried all the same" : "a node is well again";
    if (degraded) this.#logger.error({ nodes: members.length }, reason);
    else this.#logger.info({ nodes: members.length }, reason);
    this.#emitter.emit("degraded", { degraded, reason });
  }

  async #shutDown(timeoutMs: number): Promise<void> {
    this.#emitter.close();
    if (this.#underWay > 0) {
      await new Promise<void>((resolve) => {
        const timer = startTimer(resolve, timeoutMs);
        this.#whenIdle = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    await Promise.allSettled([this.#dispatch.destroy(), this.#coordinator.close(), this.#asker.close()]);
    this.#deadlines.close();
    this.#localHealth.close();
    this.#access.close();
    // Sockets that were destroyed just now give their handles back in the next turns of the loop; TLS takes two.
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A call's own deadline. */
class CallDue implements Due {
  place = -1;
  pending: Pending | undefined;

  constructor(
    readonly dueMs: number,
    private readonly timeoutMs: number,
  ) {}

  expire(): void {
    this.pending?.cancel("TIMEOUT", `no answer within ${this.timeoutMs} ms`);
  }
}

const noCounts = { openSockets: 0, inFlight: 0, requests: 0, answers: 0, failures: 0, errorStatuses: 0 };

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

/** One line a transition to standard error, as JSON: the same as with the application's own pino. */
function defaultLogger(): Logger {
  return pino({ name: "rollcall", level: "info" }, pino.destination({ fd: 2, sync: true }));
}

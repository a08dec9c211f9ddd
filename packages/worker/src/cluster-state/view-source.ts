import { hostname } from "node:os";
import {
  type ClusterAccess,
  type ControlClient,
  Coordinator,
  createMemoryStore,
  HeartbeatSender,
  type RedisStoreOptions,
  type SniffTimes,
  type ViewStore,
} from "@rollcall/coordinator";
import type { Logger, Random, Timers } from "@rollcall/core";
import type { PoolConfig } from "@rollcall/core/config";
import type { Freshness, Heartbeat, ThreadHeartbeat, View } from "@rollcall/core/view";
import { PeerProbeResponder } from "./peer-probe-responder.js";
import type { ProbeResult } from "./probe-once.js";
import { SharedViewFollower, type StandaloneMonitor } from "./shared-view-follower.js";
import type { ViewLine } from "./view-keeper.js";

export interface ViewSourceParts {
  readonly config: PoolConfig;
  /** This process's name among all that share the view. */
  readonly replica: string;
  readonly openStore: (options: RedisStoreOptions) => ViewStore;
  readonly access: ClusterAccess;
  readonly controlClient: ControlClient;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  /** Whoever goes by the view: called with each one, and when its marks are to be trusted more or less than before. */
  readonly follow: (view: View, trust: Freshness, line: ViewLine) => void;
  /** The nodes, by `nodeKey`, that this process keeps away from by its own experience. */
  readonly avoided: () => readonly string[];
  /** The nodes, by `nodeKey`, that it goes on using although the view marks them DOWN. */
  readonly contradicts: () => readonly string[];
  readonly threads: () => readonly ThreadHeartbeat[];
  /** How many requests have been answered so far. */
  readonly answered: () => number;
  /** Probes a node, by `nodeKey`, once on a new connection; undefined where no such node is known. */
  readonly look: (key: string) => Promise<ProbeResult> | undefined;
}

/**
 * Where one pool's view comes from, and where its reports go.
 *
 *   no `redis`   a coordinator of its own, in this process, over a store in memory
 *   `redis`      the view that all replicas share; this process may lead it, unless "external" says otherwise; while
 *                nobody keeps it, a coordinator of its own as above, from what was known last
 */
export class ViewSource {
  private readonly replica: string;
  private readonly store: ViewStore;
  private readonly coordinator: Coordinator | undefined;
  private readonly shared: SharedViewFollower | undefined;
  private readonly digests: HeartbeatSender | undefined;
  private readonly witness: PeerProbeResponder | undefined;
  /** As many were answered when a digest was last made, and when that was first seen. */
  private answered = 0;
  private answeredAtMs: number | undefined;
  /** Without `redis`. */
  private newest: View | undefined;
  private own: { readonly store: ViewStore; readonly coordinator: Coordinator } | undefined;

  constructor(private readonly parts: ViewSourceParts) {
    const { config, timers, random, logger } = parts;
    const { redis, name } = config;
    this.replica = parts.replica;
    if (redis === undefined || name === undefined) {
      this.store = createMemoryStore(timers);
      this.coordinator = this.coordinatorOver(this.store);
      return;
    }
    const mayLead = config.coordinator === "candidate";
    this.store = parts.openStore({ redis, name, timers, random, logger, mayLead });
    if (mayLead) this.coordinator = this.coordinatorOver(this.store);
    this.shared = new SharedViewFollower({
      store: this.store,
      watchAlone: (from, show) => this.watchAlone(from, show),
      timers,
      random,
      logger,
      follow: parts.follow,
    });
    this.digests = new HeartbeatSender({ store: this.store, timers, random, heartbeat: () => this.digest() });
    this.witness = new PeerProbeResponder({ replica: this.replica, store: this.store, probe: parts.look, timers });
  }

  start(): void {
    if (this.shared === undefined) {
      this.store.subscribe((view) => {
        this.newest = view;
        this.parts.follow(view, "fresh", "shared");
      });
    }
    this.shared?.start();
    this.coordinator?.start();
    this.digests?.start();
    this.witness?.start();
  }

  /** The clock of every time in a view, in milliseconds. */
  nowMs(): number {
    return this.store.nowMs();
  }

  /** How far the view is to be trusted; where it is this process's own alone, it is fresh. */
  get freshness(): Freshness {
    return this.shared?.freshness ?? "fresh";
  }

  /** Since whoever keeps the view in use was last heard of. */
  get ageMs(): number {
    if (this.shared !== undefined) return this.shared.ageMs;
    return this.newest === undefined ? 0 : this.store.nowMs() - this.newest.head.atMs;
  }

  get isLeading(): boolean {
    return this.coordinator?.isLeading ?? false;
  }

  /** What stands in the way of finding the cluster's nodes; undefined while nothing does. For people. */
  get problem(): string | undefined {
    return this.own?.coordinator.problem ?? this.coordinator?.problem;
  }

  /** This process cannot connect to a node. Never fails: a report is only a hint. */
  report(node: string, reason: string, probe: "failed" | undefined): void {
    const report = { node, reason, replica: this.replica, ...(probe === undefined ? {} : { probe }) };
    this.store.report(report);
    this.own?.store.report(report);
  }

  /** Always resolves. */
  async close(): Promise<void> {
    this.digests?.close();
    this.witness?.close();
    await Promise.allSettled([this.shared?.close(), this.coordinator?.close()]);
    await this.store.close();
  }

  private coordinatorOver(store: ViewStore, pace?: SniffTimes): Coordinator {
    const { config, access, controlClient, timers, random, logger } = this.parts;
    return new Coordinator({
      config,
      access,
      controlClient,
      store,
      timers,
      random,
      logger,
      leader: this.replica,
      replica: this.replica,
      ...(pace === undefined ? {} : { pace }),
    });
  }

  private watchAlone(from: View | undefined, show: (view: View) => void): StandaloneMonitor {
    const store = createMemoryStore(
      { nowMs: () => this.store.nowMs() },
      from === undefined ? undefined : this.believed(from),
    );
    const coordinator = this.coordinatorOver(store, alonePace);
    const stop = store.subscribe(show);
    const own = { store, coordinator };
    this.own = own;
    coordinator.start();
    return {
      close: async () => {
        stop();
        if (this.own === own) this.own = undefined;
        await coordinator.close();
      },
    };
  }

  /** The view without the DOWN marks that our own trials have overturned since nobody kept it. */
  private believed(view: View): View {
    const avoided = new Set(this.parts.avoided());
    const nodes = Object.entries(view.marks.nodes).filter(([key, { kind }]) => kind !== "down" || avoided.has(key));
    return { ...view, marks: { ...view.marks, nodes: Object.fromEntries(nodes) } };
  }

  private digest(): Heartbeat {
    const { config, avoided, contradicts, threads, timers } = this.parts;
    const answered = this.parts.answered();
    const contradicted = contradicts();
    const view = this.shared?.shared;
    const nowMs = timers.nowMs();
    if (answered !== this.answered) this.answeredAtMs = nowMs;
    this.answered = answered;
    return {
      replica: this.replica,
      host: hostname(),
      pid: process.pid,
      role: config.coordinator,
      leading: this.isLeading,
      freshness: this.freshness,
      ...(view === undefined ? {} : { view: { topology: view.topology.version, marks: view.marks.version } }),
      ejected: avoided().slice(0, avoidedTold),
      ...(contradicted.length === 0 ? {} : { refutes: contradicted }),
      ...(this.answeredAtMs === undefined ? {} : { answeredMsAgo: Math.round(nowMs - this.answeredAtMs) }),
      threads: threads(),
    };
  }
}

/** Each process of a fleet that watches alone looks at the list of members; together they must not be a burden. */
const alonePace: SniffTimes = { intervalMs: 300_000, jitter: 0.5 };
/** A digest says how a process is, not how large the cluster is. */
const avoidedTold = 64;

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
import { type Logger, present, type Random, type Timers } from "@rollcall/core";
import type { PoolConfig } from "@rollcall/core/config";
import type { Freshness, View } from "@rollcall/core/view";
import type { Reporter } from "./collaborators.js";
import type { ConnectionShare } from "./connection-share.js";
import type { IncidentMeter } from "./incident-cost.js";
import { type PeerProbe, PeerProbeResponder } from "./peer-probe-responder.js";
import { type NodeFacts, ReplicaHeartbeat, type Workload } from "./replica-heartbeat.js";
import { SharedViewFollower } from "./shared-view-follower.js";
import { StandaloneMonitor } from "./standalone-monitor.js";
import type { ViewConsumer } from "./view-in-force.js";

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
  readonly cluster: ViewConsumer & NodeFacts & PeerProbe;
  readonly workload: Workload;
  /** Absent: this process has no connection budget. */
  readonly connectionShare?: ConnectionShare | undefined;
  readonly meter: IncidentMeter;
}

/**
 * Where one process's view comes from, and where its failure reports go.
 *
 *   no `redis`   a coordinator in this process, over a store in memory
 *   `redis`      the view that all replicas share. This process may lead it, unless "external" says otherwise; while no
 *                leader keeps it, a standalone monitor takes its place
 */
export class ViewSource implements Reporter {
  private readonly store: ViewStore;
  private readonly coordinator: Coordinator | undefined;
  private readonly shared: SharedViewFollower | undefined;
  private readonly heartbeats: HeartbeatSender | undefined;
  private readonly responder: PeerProbeResponder | undefined;
  /** Without `redis`. */
  private newest: View | undefined;

  constructor(private readonly parts: ViewSourceParts) {
    const { config, replica, cluster, workload, connectionShare, timers, random, logger, meter } = parts;
    const { redis, name, secret, secretFile } = config;
    if (redis === undefined || name === undefined) {
      this.store = createMemoryStore(timers);
      this.coordinator = this.newCoordinator(this.store);
      return;
    }
    const mayLead = config.coordinator === "candidate";
    const store = parts.openStore({ redis, name, timers, random, logger, mayLead });
    this.store = store;
    if (mayLead) this.coordinator = this.newCoordinator(store);
    this.shared = new SharedViewFollower({
      store,
      consumer: cluster,
      origin: secret === undefined && secretFile === undefined ? "shared" : "sealed",
      monitorAlone: (from, show) => this.monitorAlone(from, show),
      timers,
      random,
      logger,
      meter,
    });
    const heartbeat = new ReplicaHeartbeat(replica, config.coordinator, cluster, workload, timers);
    this.heartbeats = new HeartbeatSender({
      ...{ store, timers, random },
      heartbeat: () => {
        const connections = connectionShare?.heartbeat();
        const { isLeading, freshness, sharedView: view } = this;
        return heartbeat.make({ isLeading, freshness, view, connections });
      },
    });
    connectionShare?.onLowered(() => this.heartbeats?.confirm());
    this.responder = new PeerProbeResponder({ replica, store, cluster, timers });
  }

  start(): void {
    if (this.shared === undefined) {
      this.store.subscribe((view) => {
        this.newest = view;
        this.parts.cluster.apply(view, "fresh", "own");
      });
    }
    this.shared?.start();
    this.coordinator?.start();
    this.heartbeats?.start();
    this.responder?.start();
  }

  /** The clock of every time in a view, in milliseconds. */
  nowMs(): number {
    return this.store.nowMs();
  }

  /** How far the view is to be trusted; where it is this process's own alone, it is fresh. */
  get freshness(): Freshness {
    return this.shared?.freshness ?? "fresh";
  }

  /** Since the last beat of the view in use. */
  get ageMs(): number {
    if (this.shared !== undefined) return this.shared.ageMs;
    return this.newest === undefined ? 0 : this.store.nowMs() - this.newest.head.atMs;
  }

  get isLeading(): boolean {
    return this.coordinator?.isLeading ?? false;
  }

  /** What stands in the way of finding the cluster's nodes; undefined while nothing does. For people. */
  get problem(): string | undefined {
    return this.shared?.monitor?.problem ?? this.coordinator?.problem;
  }

  report(node: string, reason: string, probed: boolean): void {
    const { replica } = this.parts;
    const report = { node, reason, replica, ...present({ probe: probed ? ("failed" as const) : undefined }) };
    this.store.report(report);
    this.shared?.monitor?.report(report);
  }

  /** Always resolves. */
  async close(): Promise<void> {
    this.heartbeats?.close();
    this.responder?.close();
    await Promise.allSettled([this.shared?.close(), this.coordinator?.close()]);
    await this.store.close();
  }

  private get sharedView(): View | undefined {
    return this.shared?.shared;
  }

  private newCoordinator(store: ViewStore, pace?: SniffTimes): Coordinator {
    const { config, access, controlClient, timers, random, logger, replica, workload } = this.parts;
    return new Coordinator({
      ...{ config, access, controlClient, store, timers, random, logger, leader: replica, replica },
      requests: () => workload.requests(),
      ...present({ pace }),
    });
  }

  private monitorAlone(from: View | undefined, show: (view: View) => void): StandaloneMonitor {
    const begin = from === undefined ? undefined : this.withoutOverturned(from);
    return new StandaloneMonitor(this.store, begin, (store) => this.newCoordinator(store, alonePace), show);
  }

  /** The view without the down marks that trials of this process have overturned since no leader has kept it. */
  private withoutOverturned(view: View): View {
    const ejected = new Set(this.parts.cluster.ejectedKeys());
    const nodes = Object.entries(view.marks.nodes).filter(([key, { kind }]) => kind !== "down" || ejected.has(key));
    return { ...view, marks: { ...view.marks, nodes: Object.fromEntries(nodes) } };
  }
}

/** In a fleet without a leader every process sniffs. Together they must not burden the cluster. */
const alonePace: SniffTimes = { intervalMs: 300_000, jitter: 0.5 };

import type { Logger, Random, Timers, Unsubscribe } from "@rollcall/core";
import type { ClusterConfig } from "@rollcall/core/config";
import { maySend, type Peer } from "@rollcall/core/health";
import { type Heartbeat, nodeKey } from "@rollcall/core/view";
import type { ClusterAccess } from "./cluster/access.js";
import type { ControlClient } from "./cluster/control-client.js";
import type { Lookup } from "./cluster/name-cache.js";
import { Ejections } from "./ejections.js";
import { type FleetChange, FleetChanges } from "./fleet-changes.js";
import { HistoryRecorder, historyTopic } from "./history-recorder.js";
import { LeaderHeartbeats } from "./leader-heartbeats.js";
import { Leadership } from "./leadership.js";
import { NewestView } from "./newest-view.js";
import { ReplicaRegistry } from "./replica-registry.js";
import type { SniffTimes } from "./sniff-schedule.js";
import type { SeenVersions, ViewStore } from "./store/view-store.js";
import { StoreProblems } from "./store-problems.js";
import { type PeerDirectory, Term } from "./term.js";
import { publicationTopic } from "./view-publisher.js";
import { WarnOnce } from "./warn-once.js";

export interface CoordinatorParts {
  /** `name`: the view's, if several processes share it. */
  readonly config: ClusterConfig & { readonly name?: string };
  readonly access: ClusterAccess;
  readonly controlClient: ControlClient;
  readonly store: ViewStore;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  /** For `discovery.source: "dns"`. Default: the resolver of the system. */
  readonly lookUp?: Lookup;
  /** The name of this process as a leader: unique among all that share the store. */
  readonly leader: string;
  /** The name of this process in heartbeats. */
  readonly replica: string;
  /**
   * Present: many processes monitor the same cluster, each with a store of its own. Each then sniffs no more often than
   * this once a view is verified, and for the first time within this interval.
   */
  readonly pace?: SniffTimes;
  /** The requests of this process; absent: it has no pool. */
  readonly requests?: () => OwnRequests;
}

/** The requests of one process. */
export interface OwnRequests {
  /** So far. */
  readonly begun: number;
  /** Not ended yet. */
  readonly pending: number;
}

/** For people; another process may lead from the first moment. */
const waitsForAnother = "waits for the view of another process";
/** Replicas that come or go within this time after heartbeats began to arrive are no news. */
const silenceMeansMs = 15_000;
/** A process whose last answer from a node is older does not reach the cluster either. */
const answeredWithinMs = 10_000;

/**
 * One of the processes that may monitor the cluster and publish the view. It is a candidate for leadership, and
 * monitors while it leads. A process that does not lead sends the cluster nothing, so that the load on the cluster does
 * not grow with the number of processes. A new leader continues from the newest view that it finds in the store or has
 * seen.
 *
 * With a store in the same process it leads within the same turn of the event loop as `start`.
 */
export class Coordinator implements PeerDirectory {
  private readonly leadership: Leadership;
  private readonly newestView: NewestView;
  private readonly heartbeats: LeaderHeartbeats;
  private readonly storeProblems: StoreProblems;
  private readonly history: HistoryRecorder;
  private readonly fleet: FleetChanges;
  /** What heartbeats have said. */
  private replicas: ReplicaRegistry;
  private ejections: Ejections;
  /** How many requests this process had begun when that was last looked into. */
  private requestsBegun = 0;
  private subscriptions: readonly Unsubscribe[] = [];

  constructor(private parts: CoordinatorParts) {
    const { config, store, timers, logger, replica, pace } = parts;
    const warnings = new WarnOnce(logger);
    // With a pace, the store is this process's own, whatever the view is called that others share.
    const viewName = pace === undefined ? config.name : undefined;
    const history = new HistoryRecorder({ store, timers, replica, warnings });
    this.history = history;
    this.fleet = new FleetChanges({ timers, logger, history, isLeading: () => this.isLeading });
    this.heartbeats = new LeaderHeartbeats({
      ...{ store, timers, isShared: viewName !== undefined },
      receive: (heartbeat) => this.take(heartbeat),
    });
    this.replicas = this.newRegistry();
    this.ejections = this.newEjections();
    this.storeProblems = new StoreProblems(warnings, store);
    this.newestView = new NewestView(store, (epoch) => this.leadership.send({ type: "epochSeen", epoch }));
    const { newestView, storeProblems } = this;
    this.leadership = new Leadership({
      ...{ ...parts, viewName, storeProblems, history },
      anotherLeads: () => {
        this.forgetReplicas();
        // What this process could not write is the other's to write: in a later term, it is not written "again".
        for (const topic of [historyTopic, publicationTopic]) warnings.clear(topic);
      },
      newTerm: (lease, owner, from) => {
        this.heartbeats.begin();
        const own = { viewName, peers: this, newestView, storeProblems, warnings, history };
        return new Term(lease, { ...this.parts, ...own }, owner, from);
      },
    });
  }

  /** Begins to stand for election. */
  start(): void {
    const { store } = this.parts;
    this.subscriptions = [
      store.subscribe((view) => {
        this.newestView.offer(view);
        this.compareWithOwn(view.head);
      }),
      store.onReleased(() => this.leadership.send({ type: "released" })),
      store.onConnected(({ leasesStand }) => {
        this.heartbeats.restart();
        this.leadership.send({ type: "connected", leaseStands: leasesStand });
      }),
    ];
    this.history.start();
    this.leadership.start();
  }

  get isLeading(): boolean {
    return this.leadership.term !== undefined;
  }

  /** Calls `listener` with true each time this process begins to lead, and with false each time it stops. */
  onChange(listener: (isLeading: boolean) => void): Unsubscribe {
    return this.leadership.onChange(listener);
  }

  /** What stands in the way of finding the cluster's nodes; undefined while nothing does. For people. */
  get problem(): string | undefined {
    const { term } = this.leadership;
    if (term?.hasBegun === true) return term.problem;
    return this.storeProblems.problem ?? (this.isLeading ? undefined : waitsForAnother);
  }

  /** Monitors by another configuration from now on; a term goes on under its lease. */
  reconfigure(cluster: Pick<CoordinatorParts, "config" | "access">): void {
    this.parts = { ...this.parts, ...cluster };
    this.leadership.term?.reconfigure(cluster);
  }

  /**
   * Stops, and gives the lease back. Requests in flight end by their own deadline, or when the control client is
   * closed.
   */
  async close(): Promise<void> {
    this.storeProblems.close();
    for (const unsubscribe of this.subscriptions) unsubscribe();
    this.heartbeats.end();
    this.fleet.close();
    await this.leadership.close();
    this.history.close();
  }

  // PeerDirectory.

  count(): number {
    const counted = this.replicas.count();
    // Readers spread their load by it: a leader that has just begun goes by the count of the last one.
    return counted === 0 && !this.heartbeats.areComplete ? (this.newestView.view?.head.replicas ?? 0) : counted;
  }

  peer(replica: string): Peer | undefined {
    return this.replicas.find(replica);
  }

  peers(): readonly Peer[] | undefined {
    const peers = this.replicas.peersOf(this.parts.replica);
    return peers.length > 0 || this.heartbeats.areComplete ? peers : undefined;
  }

  replicaHeartbeats(): readonly Heartbeat[] {
    return this.replicas.heartbeats();
  }

  maySend(): boolean {
    const { begun, pending } = this.parts.requests?.() ?? { begun: 0, pending: 0 };
    const sends = pending > 0 || begun !== this.requestsBegun;
    this.requestsBegun = begun;
    return sends || !this.heartbeats.speakForAll || this.replicas.heartbeats().some(maySend);
  }

  private fleetChanged(change: FleetChange, heartbeat: Heartbeat): void {
    if (change !== "joined") this.ejections.lost(heartbeat);
    // A process that has just begun to lead has no heartbeats yet: what it then receives, or misses, is no news.
    if (this.heartbeats.areComplete && this.heartbeats.receivedForMs >= silenceMeansMs)
      this.fleet.note(change, heartbeat);
  }

  private newRegistry(): ReplicaRegistry {
    return new ReplicaRegistry(this.parts.timers, {
      joined: (heartbeat) => this.fleetChanged("joined", heartbeat),
      left: (heartbeat) => this.fleetChanged("left", heartbeat),
      lost: (heartbeat) => this.fleetChanged("lost", heartbeat),
    });
  }

  private newEjections(): Ejections {
    const { logger } = this.parts;
    const { history } = this;
    // What the first heartbeats of a term name, the last leader has told.
    const isLeading = () => this.isLeading && this.heartbeats.areComplete;
    return new Ejections({ logger, history, isLeading, view: () => this.newestView.view });
  }

  /** Another process leads: it receives the heartbeats from now on. */
  private forgetReplicas(): void {
    this.heartbeats.end();
    this.replicas = this.newRegistry();
    this.ejections = this.newEjections();
  }

  private take(heartbeat: Heartbeat): void {
    const { replica, view, refutes = [] } = heartbeat;
    this.replicas.record(heartbeat);
    if (heartbeat.ending === true) return this.leadership.term?.replicaEnded(replica);
    this.ejections.heartbeat(heartbeat);
    for (const node of refutes) this.leadership.term?.refute(node, replica);
    if (view !== undefined) {
      this.newestView.seen(view);
      this.compareWithOwn(view);
    }
    if (this.isBetterPlaced(heartbeat)) this.leadership.send({ type: "otherReaches" });
  }

  /** Readers follow whatever is newest: what this leader has not written must not stay so. */
  private compareWithOwn(seen: SeenVersions): void {
    const lease = this.leadership.term?.lease;
    const found = lease === undefined ? undefined : this.parts.store.foreignTo(lease, seen);
    if (lease !== undefined && found !== undefined) {
      this.leadership.send({ type: "overtaken", epoch: lease.epoch, found });
    }
  }

  /**
   * Whether another process reaches the cluster. It counts only if another may lead: resigning gains nothing otherwise.
   */
  private isBetterPlaced({ replica, answeredMsAgo, ejected }: Heartbeat): boolean {
    const { replica: self } = this.parts;
    if (replica === self || answeredMsAgo === undefined || answeredMsAgo >= answeredWithinMs) return false;
    if (!this.replicas.othersMayLead(self)) return false;
    const nodes = this.newestView.view?.topology.nodes ?? [];
    return nodes.some((node) => !ejected.includes(nodeKey(node)));
  }
}

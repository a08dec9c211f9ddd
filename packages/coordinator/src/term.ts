import {
  type LogEventName,
  type Logger,
  logEvent,
  present,
  type Random,
  type Timers,
  type Unsubscribe,
} from "@rollcall/core";
import type { ClusterConfig } from "@rollcall/core/config";
import type { Peer } from "@rollcall/core/health";
import type { OperableNode } from "@rollcall/core/operations";
import {
  drainOf,
  type Heartbeat,
  type HistoryEntry,
  type NodeRecord,
  type OperationsInForce,
  type PeerProbeResult,
  type Version,
  type View,
} from "@rollcall/core/view";
import type { ClusterAccess } from "./cluster/access.js";
import type { ControlClient } from "./cluster/control-client.js";
import type { Lookup } from "./cluster/name-cache.js";
import { ClusterMonitor, type MonitorOwner } from "./cluster-monitor.js";
import type { Inheritance } from "./cluster-nodes.js";
import type { HistoryRecorder } from "./history-recorder.js";
import type { NewestView } from "./newest-view.js";
import type { SniffTimes } from "./sniff-schedule.js";
import type { Lease, Renewal, ViewStore } from "./store/view-store.js";
import type { StoreProblems } from "./store-problems.js";
import { TermConnections } from "./term-connections.js";
import { type OperationsOwner, TermOperations } from "./term-operations.js";
import { type MonitorFindings, markLater, ViewPublisher } from "./view-publisher.js";
import type { WarnOnce } from "./warn-once.js";

/** What the term's monitor and publisher need of the process. */
export interface TermParts {
  readonly config: ClusterConfig;
  readonly access: ClusterAccess;
  readonly controlClient: ControlClient;
  readonly store: ViewStore;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  /** For `discovery.source: "dns"`. Default: the resolver of the system. */
  readonly lookUp?: Lookup;
  readonly replica: string;
  readonly pace?: SniffTimes;
  readonly peers: PeerDirectory;
  readonly newestView: NewestView;
  readonly storeProblems: StoreProblems;
  readonly warnings: WarnOnce;
  readonly history: HistoryRecorder;
  /** Undefined if the view is this process's own. */
  readonly viewName: string | undefined;
}

/** The other processes, as far as their heartbeats are recent. */
export interface PeerDirectory {
  /** How many replicas there are. */
  count(): number;
  /** The other replicas that send requests; undefined until each has had the time for a heartbeat. */
  peers(): readonly Peer[] | undefined;
  peer(replica: string): Peer | undefined;
  /** The newest of each replica. */
  replicaHeartbeats(): readonly Heartbeat[];
  /** Whether a process sends requests, this one included, or may: it has not said that it does not. */
  maySend(): boolean;
}

/** The leadership that the term is part of. */
export interface TermOwner {
  /** Whether the lease is still held by our own clock. */
  mayPublish(): boolean;
  /** The store has refused the lease. */
  fenced(lease: Lease): void;
  /** Whether this process has just reached a node; false only while it reaches none. */
  reached(reached: boolean): void;
}

/** What a term has found, and what operators have asked of it; the times of its marks are on our own clock. */
export interface TermFindings extends Inheritance {
  readonly operations: OperationsInForce;
}

const nothingFound: MonitorFindings = {
  ...{ clusterUuid: undefined, clusterName: undefined, source: "seeds" },
  ...{ nodes: [], marks: {} },
};

/** One term: one lease, its publisher, its cluster monitor, and what operators ask of it. */
export class Term implements MonitorOwner, OperationsOwner {
  private readonly publisher: ViewPublisher;
  private readonly operations: TermOperations;
  private readonly connections: TermConnections;
  /** Absent until the last leader's view was read. */
  private monitor: ClusterMonitor | undefined;
  /** What only a leader receives. */
  private readonly subscriptions: readonly Unsubscribe[];
  private ended = false;

  constructor(
    readonly lease: Lease,
    private parts: TermParts,
    private readonly owner: TermOwner,
    /** Of this process's last term: it continues from these instead of the last view. */
    private readonly from?: TermFindings,
  ) {
    const { store, timers, random, warnings, peers, logger, history } = parts;
    const heartbeats = () => peers.replicaHeartbeats();
    this.connections = new TermConnections({ clock: timers, random, warnings, heartbeats });
    this.operations = new TermOperations({ store, timers, logger, history, owner: this });
    this.publisher = new ViewPublisher({
      ...{ store, lease, warnings, timers },
      operations: () => this.operations.inForce,
      connections: () => this.connections.shares,
      findings: () => this.monitor?.findings() ?? nothingFound,
      replicas: () => peers.count(),
      mayPublish: () => owner.mayPublish(),
      lost: () => owner.fenced(lease),
    });
    this.subscriptions = [
      store.onReport((report) => this.monitor?.report(report)),
      store.onPeerProbeResult((result) => this.peerProbed(result)),
    ];
  }

  /**
   * Reads the last view and begins to monitor from it; does nothing once it has. Without that view nothing may be
   * published over it, so the term then waits for the next call.
   */
  async begin(): Promise<void> {
    if (this.monitor !== undefined || this.ended) return;
    const { store, newestView, storeProblems, history } = this.parts;
    let stored: View | undefined;
    let storedHistory: readonly HistoryEntry[] | undefined;
    try {
      [stored, storedHistory] = await Promise.all([store.read(), store.readHistory()]);
    } catch (error) {
      return storeProblems.failed("last view", error, "the last view could not be read");
    }
    storeProblems.answered("last view");
    // Readers reject what is below an epoch that they have seen: a higher one ends this term.
    if (stored !== undefined) newestView.offer(stored);
    if (this.ended || this.monitor !== undefined) return;
    const { from } = this;
    if (from === undefined) this.noteBefore(stored, storedHistory !== undefined);
    history.begin(this.lease, storedHistory);
    this.operations.start(from === undefined ? newestView.view?.marks : present(from.operations));
    this.connections.start(newestView.view?.marks.connections);
    this.beginMonitor(from ?? this.inheritance(newestView.view));
  }

  /** For a term that continues this one; undefined before it has begun. */
  findings(): TermFindings | undefined {
    if (this.monitor === undefined) return this.from;
    const { clusterUuid, clusterName, source, nodes, marks } = this.monitor.findings();
    const topology = { ...present({ clusterUuid, clusterName }), source, nodes };
    return { topology, marks, operations: this.operations.inForce };
  }

  /**
   * Another monitor takes over, with another configuration. It begins from what this one has found, as a next leader
   * would: no mark is cleared, and no node goes through slow start again.
   */
  reconfigure(cluster: Pick<TermParts, "config" | "access">): void {
    this.parts = { ...this.parts, ...cluster };
    const found = this.findings();
    if (this.monitor === undefined || this.ended) return;
    this.monitor.close();
    this.beginMonitor(found);
  }

  /** Whether it monitors and publishes; see {@link Term.begin}. */
  get hasBegun(): boolean {
    return this.monitor !== undefined;
  }

  get problem(): string | undefined {
    return this.monitor?.problem;
  }

  /** Keeps the lease, and beats. Rejects if the store does. */
  renew(): Promise<Renewal> {
    if (this.hasBegun && this.connections.round()) this.publisher.marksChanged();
    if (this.parts.peers.maySend()) this.monitor?.used();
    return this.publisher.renew();
  }

  /** The store has lost a document. */
  publishAll(): void {
    if (this.monitor !== undefined) this.publisher.publishAll();
  }

  /** A replica has sent its last heartbeat. */
  replicaEnded(replica: string): void {
    this.connections.ended(replica);
  }

  /** A replica has just had a byte from a node that the view marks down. */
  refute(node: string, replica: string): void {
    this.monitor?.refute(node, replica);
  }

  /** Ends at once. Resolves when the last publication has: the next leader begins from it. */
  async end(): Promise<void> {
    this.ended = true;
    for (const unsubscribe of this.subscriptions) unsubscribe();
    this.monitor?.close();
    this.operations.close();
    await Promise.all([this.publisher.stop(), this.parts.history.end()]);
  }

  // MonitorOwner.

  topologyChanged(): void {
    this.publisher.topologyChanged();
  }

  marksChanged(): void {
    this.publisher.marksChanged();
  }

  reached(reached: boolean): void {
    this.owner.reached(reached);
  }

  peers(): readonly Peer[] | undefined {
    return this.parts.peers.peers();
  }

  peer(replica: string): Peer | undefined {
    return this.parts.peers.peer(replica);
  }

  requestPeerProbes(node: string, suspicion: number, replicas: readonly string[]): void {
    // Unique across leaders and terms. Results carry it back.
    const id = `${this.lease.epoch}.${suspicion}`;
    this.parts.store.requestPeerProbes({ id, node, replicas });
  }

  isDrained(node: NodeRecord): boolean {
    return drainOf(this.operations.inForce.drains, node) !== undefined;
  }

  // OperationsOwner.

  operableNodes(): readonly OperableNode[] {
    return this.monitor?.operableNodes() ?? [];
  }

  operationsChanged(): void {
    this.publisher.marksChanged();
  }

  unmark(key: string, reason: string): void {
    this.monitor?.unmark(key, reason);
  }

  marksPublished(): Promise<Version | undefined> {
    return this.publisher.marksPublished();
  }

  private peerProbed({ id, node, replica, ok }: PeerProbeResult): void {
    const [epoch, suspicion] = id.split(".");
    // A request of another leader, or of an earlier term.
    if (epoch !== `${this.lease.epoch}`) return;
    this.monitor?.peerProbed(node, Number(suspicion), replica, ok);
  }

  /** What was before this term, which no other process can say: how the last leader ended, or that all is lost. */
  private noteBefore(stored: View | undefined, hasHistory: boolean): void {
    const { store, viewName, history } = this.parts;
    if (viewName === undefined || stored === undefined) return;
    // The view that is read may be one that this process has kept; the history comes from the store alone.
    if (!hasHistory && history.isKept) {
      const text = "the store had lost the view and its history: it gets what this process has seen last";
      return this.note("view.refilled", {}, text);
    }
    const { topology, released, atMs } = stored.head;
    const { leader, epoch } = topology;
    if (leader === this.lease.leader) return;
    const silentS = Math.max(0, Math.round((store.nowMs() - atMs) / 1_000));
    const fields = { lastLeader: leader, lastEpoch: epoch, silentS };
    if (released === true) {
      return this.note("leader.handed-over", fields, `the last leader, replica ${leader}, has given its lease back`);
    }
    const text = `the last leader, replica ${leader}, is lost: no beat for ${silentS} s, and no lease was given back`;
    this.note("leader.lost", fields, text);
  }

  private note(event: LogEventName, fields: object, text: string): void {
    const { logger, history } = this.parts;
    logEvent(logger, event, fields, text);
    history.record({ event, text });
  }

  private beginMonitor(from: Inheritance | undefined): void {
    const monitor = new ClusterMonitor({ ...this.parts, owner: this });
    this.monitor = monitor;
    monitor.start(from);
    this.publisher.publishAll();
  }

  private inheritance(view: View | undefined): Inheritance | undefined {
    if (view === undefined) return undefined;
    const { store, timers } = this.parts;
    const behindMs = timers.nowMs() - store.nowMs();
    const marks = Object.entries(view.marks.nodes).map(([key, mark]) => [key, markLater(mark, behindMs)] as const);
    return { topology: view.topology, marks: Object.fromEntries(marks) };
  }
}

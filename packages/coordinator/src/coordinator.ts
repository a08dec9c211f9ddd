import { Listeners, type Logger, type Random, type Timers, type Unsubscribe } from "@rollcall/core";
import type { ClusterConfig } from "@rollcall/core/config";
import {
  type Candidate,
  type CandidateEffect,
  type CandidateEvent,
  candidateDueMs,
  isCredibleEpoch,
  mayPublish,
  newCandidate,
  nextCandidate,
} from "@rollcall/core/election";
import type { Peer } from "@rollcall/core/health";
import {
  compareVersions,
  type Heartbeat,
  nodeKey,
  type PeerProbeResult,
  type Version,
  type View,
} from "@rollcall/core/view";
import type { ClusterAccess } from "./cluster/access.js";
import type { ControlClient } from "./cluster/control-client.js";
import { ClusterMonitor, type Inheritance } from "./cluster-monitor.js";
import { ReplicaRegistry } from "./replica-registry.js";
import type { SniffTimes } from "./sniff-schedule.js";
import type { Lease, ViewStore } from "./store/view-store.js";
import { markLater, ViewPublisher } from "./view-publisher.js";
import { WarnOnce } from "./warn-once.js";

export interface CoordinatorParts {
  /** `name`: the view's, where several processes share it. */
  readonly config: ClusterConfig & { readonly name?: string };
  readonly access: ClusterAccess;
  readonly controlClient: ControlClient;
  readonly store: ViewStore;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  /** Our name as a leader: unique among all that share the store. */
  readonly leader: string;
  /** Our process's name in digests. */
  readonly replica: string;
  /**
   * Present: many processes watch over the same cluster, each with a store of its own. Each asks for the members no more
   * often than this once a view is verified, and first within this time.
   */
  readonly pace?: SniffTimes;
}

/** From taking a lease until it is over. */
interface Term {
  readonly lease: Lease;
  readonly announcer: ViewPublisher;
  /** What only the leader receives: failure reports and peer probe results. */
  readonly subscriptions: readonly Unsubscribe[];
  /** Absent until the last leader's view has been read. */
  watch?: ClusterMonitor;
}

/** For people; another may lead from the first moment. */
const waitsForAnother = "waits for the view of another process";
/** Every process tells of itself within this time: before it, silence does not mean that nobody is there. */
const allHeardWithinMs = 7_500;
/** A process that has had no answer from a node for so long does not reach the cluster either. */
const answeredWithinMs = 10_000;

/**
 * One of the processes that may find the cluster's nodes, watch over them and publish the view. It stands for election,
 * and does so while it leads: whoever does not lead asks the cluster nothing, so that what the cluster is asked does not
 * grow with the number of processes. A new leader goes on from the newest view that it finds in the store or has heard of.
 *
 * Who leads when is decided by the `Candidate` of `@rollcall/core`; this carries it out. With a store in the same process
 * it leads within the turn of `start`.
 */
export class Coordinator {
  private candidate: Candidate;
  private term: Term | undefined;
  /** What the store granted last; it is led with, or given back. */
  private granted: Lease | undefined;
  /** The newest view that was heard of: after a failover the store itself may know only an older one. */
  private newest: View | undefined;
  private readonly replicas: ReplicaRegistry;
  private readonly notices: WarnOnce;
  private readonly changes = new Listeners<boolean>();
  private readonly underWay = new Set<Promise<void>>();
  private subscriptions: Unsubscribe[] = [];
  private cancelTimer = () => {};
  /** Since when digests have reached us without a gap that we know of. */
  private listeningSinceMs: number;
  private storeProblem: string | undefined;
  private closed = false;

  constructor(private readonly parts: CoordinatorParts) {
    this.candidate = newCandidate(parts.timers.nowMs(), parts.store.isConnected);
    this.replicas = new ReplicaRegistry(parts.timers);
    this.listeningSinceMs = parts.timers.nowMs();
    this.notices = new WarnOnce(parts.logger);
  }

  /** Begins to stand for election. */
  start(): void {
    const { store } = this.parts;
    this.subscriptions = [
      store.subscribe((view) => this.hearView(view)),
      store.onHeartbeat((digest) => this.hearDigest(digest)),
      store.onReleased(() => this.step({ type: "released" })),
      store.onConnected(() => {
        this.listeningSinceMs = this.parts.timers.nowMs();
        this.step({ type: "connected" });
      }),
    ];
    this.step({ type: "tick" });
  }

  get isLeading(): boolean {
    return this.term !== undefined;
  }

  /** Calls `listener` each time this process begins to lead, with true, or stops, with false. */
  onChange(listener: (isLeading: boolean) => void): Unsubscribe {
    return this.changes.add(listener);
  }

  /** What stands in the way of finding the cluster's nodes; undefined while nothing does. For people. */
  get problem(): string | undefined {
    if (this.term?.watch !== undefined) return this.term.watch.problem;
    return this.storeProblem ?? (this.isLeading ? undefined : waitsForAnother);
  }

  /** Stops, and gives the lease back. Questions under way end by their own time, or when the asker is closed. */
  async close(): Promise<void> {
    if (!this.closed) {
      this.closed = true;
      this.cancelTimer();
      for (const unsubscribe of this.subscriptions) unsubscribe();
      this.endTerm("it is closed", true);
    }
    await Promise.all(this.underWay);
  }

  private step(event: CandidateEvent): void {
    if (this.closed) return;
    const { timers, random } = this.parts;
    const [candidate, effects] = nextCandidate(this.candidate, event, timers.nowMs(), random);
    this.candidate = candidate;
    for (const effect of effects) this.carryOut(effect);
    this.cancelTimer();
    if (this.closed) return;
    const dueMs = candidateDueMs(this.candidate);
    this.cancelTimer = timers.after(dueMs - timers.nowMs(), () => this.step({ type: "tick" }));
  }

  private carryOut(effect: CandidateEffect): void {
    switch (effect.type) {
      case "acquire":
        return this.follow(this.acquire(effect.question, effect.floorEpoch));
      case "renew":
        if (this.term !== undefined) this.follow(this.renew(this.term, effect.question));
        return;
      case "lead":
        if (this.granted !== undefined) this.beginTerm(this.granted);
        return;
      case "publishAll":
        if (this.term?.watch !== undefined) this.term.announcer.publishAll();
        return;
      case "stepDown":
        return this.endTerm(effect.reason, effect.giveBack);
      case "giveBack":
        if (this.granted?.epoch === effect.epoch) this.follow(this.release(this.granted));
        return;
      case "anotherLeads":
        return this.log({}, "another process leads");
    }
  }

  // The store: each question is answered to the candidate, whatever becomes of it.

  private async acquire(question: number, floorEpoch: number): Promise<void> {
    const { store, leader } = this.parts;
    try {
      const lease = await store.acquire(leader, floorEpoch);
      this.storeAnswered("lease");
      if (lease !== undefined && this.closed) return await this.release(lease);
      this.granted = lease;
      this.step(
        lease === undefined ? { type: "refused", question } : { type: "granted", question, epoch: lease.epoch },
      );
    } catch (error) {
      this.storeFailed("lease", error, "the lease could not be asked for");
      this.step({ type: "failed", question });
    }
  }

  private async renew(term: Term, question: number): Promise<void> {
    try {
      const renewal = await term.announcer.renew();
      this.storeAnswered("lease");
      this.step({ type: "renewed", question, renewal });
    } catch (error) {
      this.storeFailed("lease", error, "the lease could not be renewed");
      return this.step({ type: "failed", question });
    }
    // The last view could not be read when the term began: now the store answers again.
    if (term.watch === undefined && this.term === term) await this.takeOver(term);
  }

  private async release(lease: Lease): Promise<void> {
    // Where that fails, the lease ends by itself.
    await this.parts.store.release(lease).catch(() => {});
  }

  // Apart, for one may go on failing while the other does not.

  private storeAnswered(topic: "lease" | "last view"): void {
    this.storeProblem = undefined;
    this.notices.clear(topic);
  }

  private storeFailed(topic: "lease" | "last view", error: unknown, what: string): void {
    const problem = error instanceof Error ? error.message : "unknown";
    this.storeProblem = `${what}: ${problem}`;
    if (!this.closed) this.notices.warn(topic, { problem }, this.storeProblem);
  }

  // Terms.

  private beginTerm(lease: Lease): void {
    const { store, timers } = this.parts;
    const announcer = new ViewPublisher({
      store,
      lease,
      findings: () => term.watch?.findings() ?? nothingFound,
      replicas: () => this.replicas.count(),
      clock: timers,
      mayPublish: () => mayPublish(this.candidate, timers.nowMs()),
      lost: () => this.step({ type: "fenced", epoch: lease.epoch }),
      notices: this.notices,
    });
    const subscriptions = [
      store.onReport((report) => term.watch?.report(report)),
      store.onPeerProbeResult((result) => this.hearWitness(result)),
    ];
    const term: Term = { lease, announcer, subscriptions };
    this.term = term;
    this.log({ epoch: lease.epoch }, `leads the view${this.viewName} (epoch ${lease.epoch})`);
    this.changes.emit(true);
    this.follow(this.takeOver(term));
  }

  /** Begins to watch from the last leader's view. Without knowing that view, nothing may be published over it. */
  private async takeOver(term: Term): Promise<void> {
    const { config, access, controlClient, timers, random, logger, store, pace } = this.parts;
    let stored: View | undefined;
    try {
      stored = await store.read();
    } catch (error) {
      return this.storeFailed("last view", error, "the last view could not be read");
    }
    this.storeAnswered("last view");
    // Readers would reject what comes below an epoch that they have seen: then this term ends here.
    if (stored !== undefined) this.hearView(stored);
    if (this.term !== term || term.watch !== undefined) return;
    const watch = new ClusterMonitor({
      config,
      access,
      controlClient,
      timers,
      random,
      logger,
      ...(pace === undefined ? {} : { pace }),
      topologyChanged: () => term.announcer.topologyChanged(),
      marksChanged: () => term.announcer.marksChanged(),
      reached: (reached) => {
        if (this.term === term) this.step({ type: "reached", reached });
      },
      replica: this.parts.replica,
      peers: () => this.others(),
      peer: (replica) => this.replicas.find(replica),
      requestPeerProbes: (node, suspicion, replicas) => {
        store.requestPeerProbes({ id: askId(term.lease, suspicion), node, replicas });
      },
    });
    term.watch = watch;
    watch.start(this.inheritance(this.newest));
    term.announcer.publishAll();
  }

  private inheritance(view: View | undefined): Inheritance | undefined {
    if (view === undefined) return undefined;
    const { store, timers } = this.parts;
    const behindMs = timers.nowMs() - store.nowMs();
    const marks = Object.entries(view.marks.nodes).map(([key, mark]) => [key, markLater(mark, behindMs)] as const);
    return { topology: view.topology, marks: Object.fromEntries(marks) };
  }

  private endTerm(reason: string, giveBack: boolean): void {
    const { term } = this;
    if (term === undefined) return;
    this.term = undefined;
    for (const unsubscribe of term.subscriptions) unsubscribe();
    term.watch?.close();
    this.log({ epoch: term.lease.epoch, reason }, `no longer leads the view${this.viewName}: ${reason}`);
    // What is under way goes out before the lease does: the next leader begins from it.
    const stopped = term.announcer.stop();
    this.follow(giveBack ? stopped.then(() => this.release(term.lease)) : stopped);
    this.changes.emit(false);
  }

  // What others say.

  private hearView(view: View): void {
    const epoch = epochOf(view.head);
    if (!isCredibleEpoch(epoch, this.parts.store.nowMs())) return;
    if (this.newest === undefined || isNewer(view, this.newest)) this.newest = view;
    this.step({ type: "heard", epoch });
  }

  private hearDigest(digest: Heartbeat): void {
    const { replica, view, answeredMsAgo, ejected: avoided, refutes: contradicts = [] } = digest;
    this.replicas.record(digest);
    for (const node of contradicts) this.term?.watch?.refute(node, replica);
    const epoch = view === undefined ? 0 : epochOf(view);
    // One that nobody can have been granted would keep every honest process from leading.
    if (isCredibleEpoch(epoch, this.parts.store.nowMs())) this.step({ type: "heard", epoch });
    const { replica: self } = this.parts;
    // Whoever it is that reaches the cluster, nothing is won by resigning where nobody else may lead.
    if (replica === self || answeredMsAgo === undefined || !this.replicas.othersMayLead(self)) return;
    const nodes = this.newest?.topology.nodes ?? [];
    const usesSome = nodes.some((node) => !avoided.includes(nodeKey(node)));
    if (usesSome && answeredMsAgo < answeredWithinMs) this.step({ type: "otherReaches" });
  }

  /** Others that can bear witness; undefined while nobody can know whether there are any. */
  private others(): readonly Peer[] | undefined {
    const { config, pace, timers, replica } = this.parts;
    const others = this.replicas.peersOf(replica);
    const isShared = config.name !== undefined && pace === undefined;
    const isHeard = !isShared || timers.nowMs() - this.listeningSinceMs >= allHeardWithinMs;
    return others.length > 0 || isHeard ? others : undefined;
  }

  private hearWitness({ id, node, replica, ok }: PeerProbeResult): void {
    const { term } = this;
    const [epoch, suspicion] = id.split(".");
    // Another leader's question, or ours of an earlier term.
    if (term === undefined || epoch !== `${term.lease.epoch}`) return;
    term.watch?.peerProbed(node, Number(suspicion), replica, ok);
  }

  /** `close` waits for it. It may not reject. */
  private follow(work: Promise<void>): void {
    const followed = work.finally(() => this.underWay.delete(followed));
    this.underWay.add(followed);
  }

  /** Where the view is this process's own, who leads it is no news to anybody. */
  private log(fields: object, message: string): void {
    const { logger, config, leader } = this.parts;
    logger[config.name === undefined ? "debug" : "info"]({ ...fields, leader }, message);
  }

  private get viewName(): string {
    const { name } = this.parts.config;
    return name === undefined ? "" : ` ${name}`;
  }
}

const nothingFound = { clusterUuid: undefined, clusterName: undefined, source: "seeds", nodes: [], marks: {} } as const;

/** Of a question to witnesses: answers to it are told by it from those to all others, of any leader. */
function askId({ epoch }: Lease, suspicion: number): string {
  return `${epoch}.${suspicion}`;
}

function epochOf({ topology, marks }: { readonly topology: Version; readonly marks: Version }): number {
  return Math.max(topology.epoch, marks.epoch);
}

function isNewer(a: View, b: View): boolean {
  const order = compareVersions(a.topology.version, b.topology.version);
  return order > 0 || (order === 0 && compareVersions(a.marks.version, b.marks.version) > 0);
}

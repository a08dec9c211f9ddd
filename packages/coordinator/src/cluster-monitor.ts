import { ReducerRunner, type Unsubscribe } from "@rollcall/core";
import {
  type Arbiter,
  type ArbiterEffect,
  type ArbiterEvent,
  arbiterReducer,
  choosePeers,
  emptyArbiter,
  isInUse,
  isSelfSuspect,
  marksOf,
  type Peer,
  publishedKeys,
  publishedNodes,
} from "@rollcall/core/health";
import type { OperableNode } from "@rollcall/core/operations";
import { nodesToSniff } from "@rollcall/core/sniff";
import { addressOf, type FailureReport, type NodeRecord, nodeKey } from "@rollcall/core/view";
import { notSigned } from "./cluster/control-client.js";
import type { DnsList } from "./cluster/dns-list.js";
import { NodeProber } from "./cluster/node-prober.js";
import { judgedAgainst, type Probe } from "./cluster/probe.js";
import type { Sniff } from "./cluster/sniff.js";
import { ClusterLog } from "./cluster-log.js";
import { ClusterNodes, type Inheritance, type NodesOwner } from "./cluster-nodes.js";
import type { HistoryRecorder } from "./history-recorder.js";
import { inBackground } from "./in-background.js";
import { operableNode } from "./operable-node.js";
import { SniffLoop, type SniffLoopParts, type SniffOwner } from "./sniff-loop.js";
import { type SniffResult, type SniffTimes, unservedIntervals } from "./sniff-schedule.js";
import type { MonitorFindings } from "./view-publisher.js";

export interface ClusterMonitorParts extends SniffLoopParts {
  /**
   * Present: many processes monitor the same cluster, each for itself. Sniffs then keep this pace whatever changes,
   * unless no node is well.
   */
  readonly pace?: SniffTimes;
  /** Our own process. It sees what the monitor sees, so its reports are no further evidence. */
  readonly replica: string;
  readonly history: Pick<HistoryRecorder, "record">;
  readonly owner: MonitorOwner;
}

/** For how long no list must have been served until that is believed. */
const unservedForMs = 10_000;
/** To judge more nodes anew has a turn of the event loop of its own. */
const manyNodes = 512;

/** The term that a monitor works for. */
export interface MonitorOwner {
  /** {@link ClusterMonitor.findings} name other nodes, or another cluster. */
  topologyChanged(): void;
  marksChanged(): void;
  /** Whether a node was just reached; false only while this process reaches none. */
  reached(reached: boolean): void;
  /** The other replicas that send requests; undefined until each has had the time for a heartbeat. */
  peers(): readonly Peer[] | undefined;
  /** One replica, if its heartbeat is recent. */
  peer(replica: string): Peer | undefined;
  /** Whether an operator drains the node: others are asked for the list where there are any. */
  isDrained(node: NodeRecord): boolean;
  /** Requests peer probes of one node; the results come to {@link ClusterMonitor.peerProbed}. */
  requestPeerProbes(key: string, suspicion: number, replicas: readonly string[]): void;
}

/**
 * Monitors the cluster for one term: finds its nodes, probes them and judges their health. The publisher takes its
 * findings.
 *
 * Core decides: the arbiter judges nodes, and {@link ClusterNodes} which are watched. The monitor carries out what they
 * ask for. It continues from what the last leader published: a node that was down stays down, and no node goes through
 * slow start again. Without that it starts from the configured nodes, so that a view exists from the first moment.
 */
export class ClusterMonitor implements SniffOwner, NodesOwner {
  private readonly log: ClusterLog;
  private readonly nodes: ClusterNodes;
  private readonly prober: NodeProber;
  private readonly sniffs: SniffLoop;
  private readonly arbiter: ReducerRunner<Arbiter, ArbiterEvent, ArbiterEffect>;
  private unsubscribe: Unsubscribe = () => {};
  /** Other nodes are published or wanted than when that was last looked into. */
  private listedMayBeVerified = false;
  /** Since when every sniff has found that no list is served. */
  private unservedSinceMs: number | undefined;
  private judgeLater: NodeJS.Immediate | undefined;
  private closed = false;

  constructor(private readonly parts: ClusterMonitorParts) {
    const { config, access, timers, random, logger, history } = parts;
    this.log = new ClusterLog(logger, history);
    this.nodes = new ClusterNodes(config, access, timers, this.log, this);
    this.prober = new NodeProber(parts);
    this.sniffs = new SniffLoop(parts, this);
    this.arbiter = new ReducerRunner(emptyArbiter, arbiterReducer(random), {
      timers,
      carryOut: (effect) => this.carryOut(effect),
      changed: () => this.judged(),
    });
  }

  /** Begins. {@link findings} are complete from here on. */
  start(inheritance: Inheritance | undefined): void {
    const { access, pace, random } = this.parts;
    this.unsubscribe = access.onChange(() => this.nodes.accessChanged());
    if (inheritance !== undefined) {
      const nodes = this.nodes.inherit(inheritance);
      const marked = nodes.map((node) => ({ ...this.judgeable(node), mark: inheritance.marks[nodeKey(node)] }));
      this.arbiter.send({ type: "inherited", nodes: marked });
    }
    const { discoveryOff } = this.parts.config;
    if (discoveryOff !== undefined) this.log.discoveryOff(discoveryOff.why);
    this.judgeWanted();
    const waits = pace !== undefined && this.nodes.isVerified && this.arbiter.state.inUseCount > 0;
    this.sniffs.start(waits ? pace.intervalMs * random() : 0);
  }

  /** A replica reports that a node fails it. */
  report({ node, reason, replica, probe }: FailureReport): void {
    if (!this.isBelieved(replica, node)) return;
    const isEvidence = probe === "failed" && replica !== this.parts.replica;
    this.arbiter.send({ type: "reported", key: node, reason, replica, ...(isEvidence ? { probe } : {}) });
  }

  /** A peer probe that was requested has ended. */
  peerProbed(key: string, suspicion: number, replica: string, ok: boolean): void {
    if (ok || this.isBelieved(replica, key)) this.arbiter.send({ type: "peerProbed", key, suspicion, replica, ok });
  }

  /** A replica has just had a byte from a node that is marked down. */
  refute(key: string, replica: string): void {
    this.arbiter.send({ type: "refuted", key, replica });
  }

  /** Some process sends requests, or may: while none does, nodes that are well are probed less often. */
  used(): void {
    this.arbiter.send({ type: "used" });
  }

  /** An operator takes the down mark of a node back. */
  unmark(key: string, reason: string): void {
    this.arbiter.send({ type: "unmarked", key, reason });
  }

  /** The nodes that {@link findings} name, as operations are about them. */
  operableNodes(): OperableNode[] {
    const { state } = this.arbiter;
    return publishedNodes(state).flatMap((key) => {
      const [node, record] = [state.get(key), this.nodes.find(key)];
      return node === undefined || record === undefined ? [] : [operableNode(key, record, node)];
    });
  }

  findings(): MonitorFindings {
    const nodes = publishedNodes(this.arbiter.state).flatMap((key) => this.nodes.find(key) ?? []);
    return { ...this.nodes.topology, nodes, marks: marksOf(this.arbiter.state) };
  }

  /** What stands in the way of finding the cluster's nodes; undefined while nothing does. For people. */
  get problem(): string | undefined {
    return this.log.problem;
  }

  /** Sends nothing more. Requests in flight end by their own deadline, or when the control client is closed. */
  close(): void {
    this.closed = true;
    this.arbiter.close();
    this.sniffs.close();
    this.prober.close();
    this.unsubscribe();
  }

  // The arbiter.

  private carryOut(effect: ArbiterEffect): void {
    const { owner, logger, pace } = this.parts;
    switch (effect.type) {
      case "probe":
        return void inBackground(() => this.probe(effect.key, effect.fresh), logger);
      case "topologyChanged":
        this.listedMayBeVerified = true;
        return owner.topologyChanged();
      case "marksChanged":
        return owner.marksChanged();
      case "sniff":
        if (pace === undefined || this.arbiter.state.inUseCount === 0) this.sniffs.hasten();
        return;
      case "transition":
        return this.log.transition(this.nodes.nodeOf(effect.key), effect);
      case "requestPeerProbes":
        return this.requestPeerProbes(effect);
      case "disputed":
        return this.log.disputed(this.nodes.nodeOf(effect.key), effect);
      case "disputeCleared":
        return this.log.disputeCleared(this.nodes.nodeOf(effect.key));
    }
  }

  private requestPeerProbes({ key, suspicion, except }: Extract<ArbiterEffect, { type: "requestPeerProbes" }>): void {
    const { owner, random } = this.parts;
    const peers = owner.peers();
    const about = { key, nodes: publishedKeys(this.arbiter.state), except };
    const { replicas, isAlone } = choosePeers(peers ?? [], about, random);
    this.arbiter.send({ type: "peersAsked", key, suspicion, replicas, isAlone: isAlone && peers !== undefined });
    if (replicas.length > 0) owner.requestPeerProbes(key, suspicion, replicas);
  }

  /** After each event of the arbiter. */
  private judged(): void {
    this.nodes.keepOnly(this.arbiter.state);
    // Not after every probe: a list may name thousands of nodes, and none may answer.
    if (!this.listedMayBeVerified) return;
    this.listedMayBeVerified = false;
    if (this.nodes.topology.source === "seeds") this.nodes.verified(publishedNodes(this.arbiter.state));
  }

  private judgeable(node: NodeRecord) {
    return { key: nodeKey(node), address: addressOf(node), trusted: this.nodes.isSeed(node) };
  }

  private isBelieved(replica: string, about: string): boolean {
    const peer = replica === this.parts.replica ? undefined : this.parts.owner.peer(replica);
    return peer === undefined || !isSelfSuspect(peer, about, publishedKeys(this.arbiter.state));
  }

  private wellNodes(): NodeRecord[] {
    return [...this.arbiter.state]
      .filter(([, { health }]) => isInUse(health))
      .flatMap(([key]) => this.nodes.find(key) ?? []);
  }

  // Probes.

  private async probe(key: string, fresh: boolean): Promise<void> {
    const node = this.nodes.find(key);
    if (node === undefined) return;
    const { probe, sent } = await this.prober.probe(node, fresh, () => this.pinnedUuid);
    if (this.closed) return;
    const result = judgedAgainst(this.pinnedUuid, probe);
    this.arbiter.send({ type: "probed", key, outcome: this.nodes.judged(node, result.outcome), reason: result.reason });
    this.learn(node, result, sent);
    if (this.arbiter.state.get(key)?.health.state !== "joining") this.log.notUnverified(key);
    else if (result.outcome !== "verified") {
      this.log.unverified(node, result.reason, this.nodes.waiting(this.arbiter.state));
    }
  }

  /** Uses what a node said in its `GET /`, or that it did not answer. */
  private learn(node: NodeRecord, result: Probe, sent: boolean): void {
    if (sent) {
      const { outcome } = result;
      const isVoid = outcome === "void";
      const isReached = !isVoid && outcome !== "unreachable" && outcome !== "foreign";
      // Through a proxy that fails, no node is reached.
      if (isReached || isVoid || this.arbiter.state.reachedCount === 0) this.parts.owner.reached(isReached);
      const isUnsigned = result.code === notSigned;
      if (isUnsigned) this.log.signFailed(result.reason);
      else this.log.signWorks();
      if (isVoid && !isUnsigned) this.log.proxyFailed(result.reason);
      else if (!isVoid) this.log.proxyWorks();
    }
    this.nodes.probed(node, result);
    // Last: it names the privilege that is missing.
    if (sent && result.outcome === "denied") this.log.rootDenied(node, this.isDns);
  }

  // SniffOwner.

  get pinnedUuid(): string | undefined {
    return this.nodes.pinnedUuid;
  }

  probeTimeoutMs(node: NodeRecord): number {
    return this.prober.timeoutMs(node);
  }

  nodesToSniff(): readonly NodeRecord[] {
    const well = this.wellNodes();
    const left = well.filter((node) => !this.parts.owner.isDrained(node));
    return nodesToSniff(left.length > 0 ? left : well, this.nodes.seeds, this.parts.random);
  }

  takeLookup(list: DnsList): SniffResult {
    if (list.problem === undefined) this.log.lookedUp();
    else this.log.lookupFailed(list.problem);
    if (list.nodes.length > 0 && this.nodes.lookedUp(list)) return "changed";
    return this.isFound ? "same" : "searching";
  }

  private get isDns(): boolean {
    const { discovery } = this.parts.config;
    return discovery !== false && discovery.source === "dns";
  }

  listUnserved(): boolean {
    const { discovery, discoveryGiven } = this.parts.config;
    if (discovery === false || discoveryGiven) return false;
    // What stands before a cluster may answer so for a while, such as at its start.
    const nowMs = this.parts.timers.nowMs();
    this.unservedSinceMs ??= nowMs;
    if (nowMs - this.unservedSinceMs < unservedForMs) return false;
    this.log.listUnserved(this.nodes.seeds, discovery.intervalMs * unservedIntervals);
    return true;
  }

  noNodeToAsk(): void {
    this.parts.owner.reached(false);
  }

  get isFound(): boolean {
    return this.nodes.hasList && this.arbiter.state.inUseCount > 0;
  }

  takeSniff(node: NodeRecord, { probe, parsed }: Sniff): SniffResult | "ask another" {
    const result = judgedAgainst(this.pinnedUuid, probe);
    const { outcome, reason } = result;
    if (outcome === "unreachable") this.arbiter.send({ type: "reported", key: nodeKey(node), reason });
    this.learn(node, result, true);
    if (outcome !== "verified" || parsed === undefined) return "ask another";
    if (parsed.ok) {
      this.unservedSinceMs = undefined;
      this.log.listRead(parsed);
      return this.nodes.listed(node, parsed) ? "changed" : "same";
    }
    if (parsed.kind === "denied") {
      // A cluster that refuses its list refuses it at every node.
      this.log.listDenied(node);
      return "same";
    }
    // Where none is served, one line says so once that is believed.
    const isMissing = parsed.kind === "unserved" || parsed.kind === "empty";
    if (isMissing && !this.parts.config.discoveryGiven) this.log.listMissing(node, parsed.reason);
    else this.log.listUnusable(node, parsed.reason);
    return "ask another";
  }

  // NodesOwner.

  wantedChanged(): void {
    if (this.nodes.listedCount <= manyNodes) return this.judgeWanted();
    this.judgeLater ??= setImmediate(() => this.judgeWanted());
  }

  private judgeWanted(): void {
    clearImmediate(this.judgeLater);
    this.judgeLater = undefined;
    if (this.closed) return;
    const nodes = this.nodes.wanted();
    this.listedMayBeVerified = true;
    const members = nodes.map((node) => this.judgeable(node));
    this.arbiter.send({ type: "members", nodes: members, firstView: this.nodes.isFirstList });
    this.prober.keepOnly(new Set([...nodes, ...this.nodes.seeds].map(addressOf)));
  }

  topologyChanged(): void {
    this.parts.owner.topologyChanged();
  }

  clusterReplaced(): void {
    this.sniffs.hasten();
  }
}

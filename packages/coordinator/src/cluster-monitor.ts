import type { Logger, Random, Timers, Unsubscribe } from "@rollcall/core";
import { type ClusterConfig, fixed } from "@rollcall/core/config";
import {
  type Arbiter,
  type ArbiterEffect,
  type ArbiterEvent,
  arbiterDueMs,
  choosePeers,
  disputeOf,
  emptyArbiter,
  isInUse,
  isSelfSuspect,
  marksOf,
  nextArbiter,
  type Peer,
  publishedKeys,
  publishedNodes,
} from "@rollcall/core/health";
import {
  emptyMembership,
  type Membership,
  membershipOf,
  mergeSniff,
  nextReplacementCandidate,
  type ParsedSniff,
  type ReplacementCandidate,
  recogniseSeeds,
  sanitizeForLog,
} from "@rollcall/core/sniff";
import { addressOf, type FailureReport, type Mark, type NodeRecord, nodeKey, type Topology } from "@rollcall/core/view";
import type { ClusterAccess } from "./cluster/access.js";
import type { ControlClient } from "./cluster/control-client.js";
import type { Endpoint } from "./cluster/endpoint.js";
import { NodeProber } from "./cluster/node-prober.js";
import { foreign, type Probe } from "./cluster/probe.js";
import { type Sniff, sniff, sniffContext } from "./cluster/sniff.js";
import {
  afterSniff,
  beginSniff,
  firstSniff,
  hastenSniff,
  type SniffSchedule,
  type SniffTimes,
} from "./sniff-schedule.js";
import { nodeLabel, resettledLine, transitionLine, unsettledLine } from "./transition-line.js";
import type { Findings } from "./view-publisher.js";
import { WarnOnce } from "./warn-once.js";

/** What a watch needs, and whom it tells. */
export interface ClusterMonitorParts {
  readonly config: ClusterConfig;
  readonly access: ClusterAccess;
  readonly controlClient: ControlClient;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  /**
   * Present: this watch is one of many on the same cluster, each for itself. It asks for the members no more often than
   * this, whatever happens, unless no node is well.
   */
  readonly pace?: SniffTimes;
  /** `findings` name other nodes, or another cluster. */
  readonly topologyChanged: () => void;
  readonly marksChanged: () => void;
  /** Whether a node has just been reached; false only while none is, as far as this process can tell. */
  readonly reached: (reached: boolean) => void;
  /** Our own process's name: it sees what we see, so it bears no witness. */
  readonly replica: string;
  /** The other processes that are alive and send requests; undefined while they have not had the time to say so. */
  readonly peers: () => readonly Peer[] | undefined;
  /** What one process tells of itself; undefined where nothing was heard of it lately. */
  readonly peer: (replica: string) => Peer | undefined;
  /** Asks some of them to probe a node; what they answer is for {@link ClusterMonitor.peerProbed}. */
  readonly requestPeerProbes: (key: string, suspicion: number, replicas: readonly string[]) => void;
}

/** What the last leader published; the times of the marks are on our own clock. */
export interface Inheritance {
  readonly topology: Topology;
  readonly marks: Readonly<Record<string, Mark>>;
}

/** How long a sniff waits for the configured nodes' names to be looked up. */
const namesWithinMs = 1_000;
/** How many nodes one sniff asks, one after the other, until one answers. */
const askedPerSniff = 4;

/**
 * One term's watch over the cluster: finds its nodes, probes them, and judges who is well. Whoever publishes asks for
 * its findings.
 *
 * All decisions are pure functions of `@rollcall/core`; this carries out what they ask for. It goes on from what the
 * last leader published: who was down stays down, and nobody is eased in again. Without that it starts from the
 * configured nodes, so that there is a view from the first moment; the nodes that the cluster names replace them once
 * one of those has been reached and has proved to belong to it. Until then, and with `discovery: false`, the
 * configured nodes are the view.
 */
export class ClusterMonitor {
  private readonly notices: WarnOnce;
  private arbiter: Arbiter = emptyArbiter;
  private membership: Membership = emptyMembership;
  /** The newest record of every node under judgement, by key; those that have left stay as long as the arbiter does. */
  private records = new Map<string, NodeRecord>();
  private source: "seeds" | "sniff" = "seeds";
  /** The cluster that is ours: the configured one, or the first to answer. */
  private pinnedUuid: string | undefined;
  /** A node of it has answered. */
  private isVerified = false;
  /** Another cluster that answers in its place. */
  private claimant: ReplacementCandidate | undefined;
  private clusterName: string | undefined;
  /** Node names by the seed's address, as the seeds said. */
  private readonly seedNames = new Map<string, string>();
  /** Why a published address is not in use yet, by key. */
  private readonly unverified = new Map<string, string>();
  private readonly prober: NodeProber;
  private schedule: SniffSchedule;
  private sniffing = false;
  private cancelTimer = () => {};
  private unsubscribe: Unsubscribe = () => {};
  private closed = false;
  private lastProblem: string | undefined;
  /** The listed nodes that the local configuration does not let us use, as they were last told. */
  private refusedTold = "";
  /**
   * Nodes of the last leader's view. They are not given up only because our own configuration is not complete yet: a name
   * that has not been looked up, or a credential that has not been given, would empty the view for everybody.
   */
  private readonly inherited = new Set<string>();

  constructor(private readonly parts: ClusterMonitorParts) {
    const { config, timers, logger } = parts;
    this.notices = new WarnOnce(logger);
    this.prober = new NodeProber(parts);
    this.pinnedUuid = config.discovery === false ? undefined : config.discovery.clusterUuid;
    this.schedule = firstSniff(timers.nowMs());
  }

  /** Begins. `findings` are complete from here on. */
  start(inheritance: Inheritance | undefined): void {
    this.unsubscribe = this.parts.access.onChange(() => this.rewriteMembers());
    if (inheritance !== undefined) this.takeOver(inheritance);
    this.rewriteMembers();
    this.run();
  }

  /** A process says that a node fails it. */
  report({ node, reason, replica, probe }: FailureReport): void {
    if (!this.isBelieved(replica, node)) return;
    const isWitness = probe === "failed" && replica !== this.parts.replica;
    this.step({ type: "reported", key: node, reason, replica, ...(isWitness ? { probe } : {}) });
  }

  /** A process that was asked has probed a node. */
  peerProbed(key: string, suspicion: number, replica: string, ok: boolean): void {
    if (ok || this.isBelieved(replica, key)) this.step({ type: "peerProbed", key, suspicion, replica, ok });
  }

  /** A process has just had a byte from a node that is marked down. */
  refute(key: string, replica: string): void {
    this.step({ type: "refuted", key, replica });
  }

  findings(): Findings {
    const nodes = publishedNodes(this.arbiter).flatMap((key) => this.records.get(key) ?? []);
    return {
      clusterUuid: this.isVerified ? this.pinnedUuid : undefined,
      clusterName: this.clusterName,
      source: this.source,
      nodes,
      marks: marksOf(this.arbiter),
    };
  }

  /** What stands in the way of finding the cluster's nodes; undefined while nothing does. For people. */
  get problem(): string | undefined {
    return this.lastProblem;
  }

  /** Asks nothing more. Questions under way end by their own time, or when the asker is closed; nobody hears of them. */
  close(): void {
    this.closed = true;
    this.prober.close();
    this.cancelTimer();
    this.unsubscribe();
  }

  // The loop: whatever is due, then a timer for what is due next.

  private run(): void {
    if (this.closed) return;
    const { timers, config } = this.parts;
    if (config.discovery !== false && !this.sniffing && timers.nowMs() >= this.schedule.dueMs) void this.sniffRound();
    this.step({ type: "tick" });
  }

  private wakeWhenDue(): void {
    this.cancelTimer();
    if (this.closed) return;
    const { timers, config } = this.parts;
    const sniffDueMs = config.discovery === false || this.sniffing ? Number.POSITIVE_INFINITY : this.schedule.dueMs;
    const dueMs = Math.min(arbiterDueMs(this.arbiter) ?? Number.POSITIVE_INFINITY, sniffDueMs);
    if (dueMs === Number.POSITIVE_INFINITY) return;
    this.cancelTimer = timers.after(dueMs - timers.nowMs(), () => this.run());
  }

  private step(event: ArbiterEvent): void {
    if (this.closed) return;
    const { timers, random } = this.parts;
    const [arbiter, effects] = nextArbiter(this.arbiter, event, timers.nowMs(), random);
    this.arbiter = arbiter;
    for (const effect of effects) this.carryOut(effect);
    for (const key of this.records.keys()) {
      if (this.arbiter.has(key)) continue;
      this.records.delete(key);
      this.forgetUnverified(key);
    }
    this.wakeWhenDue();
  }

  private carryOut(effect: ArbiterEffect): void {
    switch (effect.type) {
      case "probe":
        void this.probe(effect.key, effect.fresh);
        return;
      case "topologyChanged":
        return this.parts.topologyChanged();
      case "marksChanged":
        return this.parts.marksChanged();
      case "sniff":
        if (this.parts.pace === undefined || this.wellNodes().length === 0) {
          this.schedule = hastenSniff(this.schedule, this.parts.timers.nowMs());
        }
        return;
      case "transition":
        return this.logTransition(effect);
      case "requestPeerProbes":
        return this.inquire(effect);
      case "disputed":
        return this.logUnsettled(effect);
      case "disputeCleared": {
        const node = this.labelOf(effect.key);
        return this.parts.logger.info({ node }, resettledLine(node));
      }
    }
  }

  private inquire({ key, suspicion, except }: Extract<ArbiterEffect, { type: "requestPeerProbes" }>): void {
    const { peers: others, random, requestPeerProbes: askWitnesses } = this.parts;
    const known = others();
    const about = { key, nodes: publishedKeys(this.arbiter), except };
    const { replicas, isAlone } = choosePeers(known ?? [], about, random);
    this.step({ type: "peersAsked", key, suspicion, replicas, isAlone: isAlone && known !== undefined });
    if (replicas.length > 0) askWitnesses(key, suspicion, replicas);
  }

  private isBelieved(replica: string, about: string): boolean {
    const observer = replica === this.parts.replica ? undefined : this.parts.peer(replica);
    return observer === undefined || !isSelfSuspect(observer, about, publishedKeys(this.arbiter));
  }

  private logUnsettled({ key, reason, reachedBy }: Extract<ArbiterEffect, { type: "disputed" }>): void {
    const node = this.labelOf(key);
    const replica = reachedBy === undefined ? undefined : sanitizeForLog(reachedBy);
    const fields = { node, reason, ...(replica === undefined ? {} : { replica }) };
    this.parts.logger.warn(fields, unsettledLine(node, reason, replica));
  }

  private logTransition(transition: Extract<ArbiterEffect, { type: "transition" }>): void {
    const { key, from, to, reason, evidence } = transition;
    const node = this.labelOf(key);
    const { failedProbes, reporters } = evidence ?? {};
    const fields = { node, from, to, reason, ...(evidence === undefined ? {} : { failedProbes, reporters }) };
    this.parts.logger[to === "down" ? "warn" : "info"](fields, transitionLine(node, transition));
  }

  private labelOf(key: string): string {
    const record = this.records.get(key);
    return record === undefined ? key : nodeLabel(record);
  }

  /** Goes on from what the last leader published. */
  private takeOver({ topology, marks }: Inheritance): void {
    const { config, access, timers, random, pace } = this.parts;
    if (topology.clusterUuid !== undefined) {
      // A view of another cluster than the configured one is of no use.
      if (this.pinnedUuid !== undefined && this.pinnedUuid !== topology.clusterUuid) return;
      this.pinnedUuid = topology.clusterUuid;
      this.isVerified = true;
    }
    this.clusterName = topology.clusterName;

    const seeds = new Set(config.seeds.map(addressOf));
    const known = topology.nodes.filter((node) => {
      // Another process's configured nodes are not ours; with `discovery: false`, nor is what the cluster names.
      if (seeds.has(addressOf(node))) return config.discovery !== false || node.id === "";
      if (config.discovery === false || node.id === "") return false;
      return access.reach(node).kind === "endpoint" || !access.isSettled;
    });
    if (config.discovery !== false) {
      // Who drains has left: being listed again is for the cluster to say.
      const named = known.filter((node) => node.id !== "" && marks[nodeKey(node)]?.kind !== "draining");
      this.membership = membershipOf(named);
      this.source = named.length === 0 ? "seeds" : topology.source;
    }
    for (const node of known) {
      this.records.set(nodeKey(node), node);
      this.inherited.add(nodeKey(node));
    }
    const nodes = known.map((node) => {
      const key = nodeKey(node);
      return { key, address: addressOf(node), trusted: seeds.has(addressOf(node)), mark: marks[key] };
    });
    this.step({ type: "inherited", nodes });
    if (pace !== undefined && this.isVerified && this.wellNodes().length > 0) {
      this.schedule = firstSniff(timers.nowMs() + pace.intervalMs * random());
    }
  }

  // Members: who is judged and, once verified, published.

  private rewriteMembers(): void {
    if (this.closed) return;
    const wanted = new Map<string, NodeRecord>();
    if (this.source === "seeds") {
      for (const seed of this.parts.config.seeds) wanted.set(addressOf(seed), this.seedRecord(seed));
    }
    for (const node of this.reachableMembers()) wanted.set(addressOf(node), node);

    const seeds = new Set(this.parts.config.seeds.map(addressOf));
    const nodes = [...wanted].map(([address, record]) => {
      const key = nodeKey(record);
      this.records.set(key, record);
      return { key, address, trusted: seeds.has(address) };
    });
    this.step({ type: "members", nodes, firstView: this.source === "seeds" });
    const addresses = new Set([...wanted.keys(), ...seeds]);
    this.prober.keepOnly(addresses);
    this.preferSniffed();
  }

  private seedRecord({ host, port }: { readonly host: string; readonly port: number }): NodeRecord {
    const name = this.seedNames.get(addressOf({ host, port }));
    return { id: "", host, port, ...(name === undefined ? {} : { name }) };
  }

  /** The listed nodes without those that the local configuration does not let us use: those are told in one line. */
  private reachableMembers(): NodeRecord[] {
    const refused: { readonly node: NodeRecord; readonly reason: string }[] = [];
    const reachable = this.membership.members.flatMap(({ node }) => {
      const reach = this.parts.access.reach(node);
      if (reach.kind === "endpoint" || (this.inherited.has(nodeKey(node)) && !this.parts.access.isSettled)) return node;
      refused.push({ node, reason: reach.reason });
      return [];
    });

    const told = refused.map(({ node, reason }) => `${nodeKey(node)} ${reason}`).join();
    if (told === this.refusedTold) return reachable;
    this.refusedTold = told;
    const [first, ...others] = refused;
    if (first === undefined) return reachable;
    const nodes = refused.slice(0, namesTold).map(({ node }) => nodeLabel(node));
    const more = others.length === 0 ? "" : `; nor are ${others.length} more`;
    this.parts.logger.warn(
      { nodes, refused: refused.length, reason: first.reason },
      `node ${nodeLabel(first.node)} is not used: ${first.reason}${more}`,
    );
    return reachable;
  }

  /** Once a node that the cluster named has proved itself, the cluster's own list is the view. */
  private preferSniffed(): void {
    if (this.source === "sniff") return;
    const published = new Set(publishedNodes(this.arbiter));
    if (!this.membership.members.some(({ node }) => published.has(nodeKey(node)))) return;
    this.source = "sniff";
    this.notices.clear("unreachable");
    this.parts.topologyChanged();
    this.rewriteMembers();
  }

  // Probes.

  private async probe(key: string, fresh: boolean): Promise<void> {
    const record = this.records.get(key);
    if (record === undefined) return;
    const { probe: answer, sent } = await this.prober.probe(record, fresh, () => this.pinnedUuid);
    if (this.closed) return;
    const result = this.inOurCluster(answer);
    this.learn(record, result);
    this.step({ type: "probed", key, outcome: result.outcome, reason: result.reason });
    if (sent) this.noteReach(result);
    this.noteIdentity(record, result);
    this.noteUnverified(key, result);
    this.preferSniffed();
  }

  /** Tells whether this process reaches the cluster at all: perhaps another does where this one does not. */
  private noteReach({ outcome }: Probe): void {
    if (outcome !== "unreachable" && outcome !== "foreign") this.parts.reached(true);
    else if (!this.reachesAny()) this.parts.reached(false);
  }

  /** Nodes that others reach and we do not stay in use, but they are not ours to reach. */
  private reachesAny(): boolean {
    return this.wellNodes().some((node) => {
      const member = this.arbiter.get(nodeKey(node));
      return member !== undefined && disputeOf(member) === undefined;
    });
  }

  /** While no cluster is pinned, every one is ours; the first to answer pins it, also for those asked meanwhile. */
  private inOurCluster(result: Probe): Probe {
    const { outcome, clusterUuid } = result;
    if (outcome !== "verified" || this.pinnedUuid === undefined || clusterUuid === this.pinnedUuid) return result;
    return foreign(clusterUuid ?? "");
  }

  /**
   * Ours may have been rebuilt under the same addresses. Without this, the uuid of the old one would be handed on from
   * leader to leader, and keep the new one out for ever.
   */
  private noteIdentity(record: NodeRecord, { outcome, foreignUuid }: Probe): void {
    const { config, timers, logger } = this.parts;
    const isNamed = config.discovery !== false && config.discovery.clusterUuid !== undefined;
    const isConfigured = config.seeds.some((seed) => addressOf(seed) === addressOf(record));
    const isForeign = outcome === "foreign" && isConfigured;
    if (isNamed || !(outcome === "verified" || isForeign)) return;
    const { claimant, succeeds } = nextReplacementCandidate(
      this.claimant,
      isForeign ? foreignUuid : undefined,
      timers.nowMs(),
    );
    this.claimant = claimant;
    if (!succeeds || claimant === undefined) return;

    const [before, after] = [sanitizeForLog(this.pinnedUuid ?? ""), sanitizeForLog(claimant.uuid)];
    logger.warn(
      { before, after, option: "discovery.clusterUuid" },
      `the configured nodes belong to another cluster now (uuid ${after}, before ${before}): it is taken for ours from ` +
        "here on. `discovery.clusterUuid` forbids that",
    );
    this.claimant = undefined;
    this.pinnedUuid = claimant.uuid;
    this.isVerified = false;
    this.clusterName = undefined;
    this.membership = emptyMembership;
    this.source = "seeds";
    this.seedNames.clear();
    this.inherited.clear();
    this.rewriteMembers();
    this.parts.topologyChanged();
    this.schedule = hastenSniff(this.schedule, timers.nowMs());
    this.wakeWhenDue();
  }

  /** Keeps what a node said of itself. */
  private learn(record: NodeRecord, result: Probe): void {
    const { outcome, clusterUuid, clusterName, name, reason } = result;
    if (outcome === "denied") this.parts.access.credentialRefused();
    if (outcome === "verified") {
      // The first cluster to answer is ours, unless the configuration names one.
      this.pinnedUuid ??= clusterUuid;
      if (!this.isVerified || (this.clusterName === undefined && clusterName !== undefined)) {
        this.isVerified = true;
        this.clusterName ??= clusterName;
        this.parts.topologyChanged();
      }
      this.lastProblem = undefined;
    } else if (!this.isVerified) this.lastProblem = `${nodeLabel(record)}: ${reason}`;

    const address = addressOf(record);
    if (record.id !== "" || name === undefined || this.seedNames.get(address) === name) return;
    this.seedNames.set(address, name);
    if (!this.records.has(nodeKey(record))) return;
    this.records.set(nodeKey(record), { ...record, name });
    this.parts.topologyChanged();
  }

  /** Says once, and by option name, that what the cluster publishes cannot be reached from here. */
  private noteUnverified(key: string, { outcome, reason }: Probe): void {
    if (this.arbiter.get(key)?.health.state !== "joining") return this.forgetUnverified(key);
    if (outcome === "verified") return;
    this.unverified.set(key, reason);

    const waiting = this.membership.members.map(({ node }) => node).filter((node) => this.arbiter.has(nodeKey(node)));
    if (this.source === "sniff" || waiting.length === 0) {
      const record = this.records.get(key);
      if (record === undefined) return;
      const fields = { node: nodeLabel(record), reason };
      return this.notices.warn(
        `unverified ${key}`,
        fields,
        `node ${nodeLabel(record)} is listed but not used yet: ${reason}`,
      );
    }
    if (!waiting.every((node) => this.unverified.has(nodeKey(node)))) return;
    const addresses = waiting.slice(0, namesTold).map(addressOf);
    this.notices.warn(
      "unreachable",
      { addresses, reason, option: "discovery.addressMap" },
      `the addresses that the cluster publishes cannot be used from here (${addresses.join(", ")}: ${reason}); the ` +
        "configured nodes stay in use. Map them with `discovery.addressMap`, or set `discovery: false`",
    );
  }

  private forgetUnverified(key: string): void {
    this.unverified.delete(key);
    this.notices.clear(`unverified ${key}`);
  }

  // Sniffs.

  private async sniffRound(): Promise<void> {
    const { config, access, timers, random } = this.parts;
    if (config.discovery === false) return;
    this.sniffing = true;
    this.schedule = beginSniff(this.schedule);
    // A name server that hangs must not hold discovery up.
    let cancel = () => {};
    const late = new Promise<void>((resolve) => {
      cancel = timers.after(namesWithinMs, resolve);
    });
    await Promise.race([access.resolveSeeds(), late]);
    cancel();
    let result: "changed" | "same" | undefined;
    let denied = false;
    const order = this.sniffOrder();
    if (order.length === 0) this.parts.reached(false);
    for (const { record, endpoint } of order) {
      if (this.closed) return;
      const { probe: seen, parsed } = await sniff(this.parts.controlClient, endpoint, {
        pinnedUuid: this.pinnedUuid,
        probeTimeoutMs: this.prober.timeoutMs(record),
        sniffTimeoutMs: fixed.sniffTimeoutMs,
        context: sniffContext(config, endpoint),
      });
      if (this.closed) return;
      const first = this.inOurCluster(seen);
      this.learn(record, first);
      const { outcome, reason } = first;
      if (outcome === "unreachable") this.step({ type: "reported", key: nodeKey(record), reason });
      this.noteReach(first);
      this.noteIdentity(record, first);
      if (outcome === "denied") denied = true;
      const heard = this.hear(record, first, outcome === "verified" ? parsed : undefined);
      if (heard === "ask another") continue;
      result = heard;
      break;
    }
    this.sniffing = false;
    // Somebody who is refused does not knock every second: too many wrong passwords lock an account. Where nobody may be
    // asked yet, nobody is troubled.
    const without = order.length > 0 && (denied || this.isFound()) ? "same" : "searching";
    const heard = result ?? without;
    const { pace = { intervalMs: config.discovery.intervalMs, jitter: fixed.discoveryJitter } } = this.parts;
    this.schedule = afterSniff(
      this.schedule,
      heard === "changed" && this.parts.pace !== undefined ? "same" : heard,
      timers.nowMs(),
      pace,
      random,
    );
    this.wakeWhenDue();
  }

  /** The cluster has named its nodes, and one at least is well: nothing is won by asking an overloaded cluster again. */
  private isFound(): boolean {
    return this.membership.members.length > 0 && this.wellNodes().length > 0;
  }

  private wellNodes(): NodeRecord[] {
    return [...this.arbiter]
      .filter(([, { health }]) => isInUse(health))
      .flatMap(([key]) => this.records.get(key) ?? []);
  }

  /** Whom to ask: nodes that are well, then the configured ones, each in random order. */
  private sniffOrder(): { readonly record: NodeRecord; readonly endpoint: Endpoint }[] {
    const { access, config, random } = this.parts;
    const well = this.wellNodes();
    const asked = new Set(well.map(addressOf));
    const seeds = config.seeds.filter((seed) => !asked.has(addressOf(seed))).map((seed) => this.seedRecord(seed));
    // One place at least is left for a configured node: a view that is all wrong is mended from there.
    const order = [...shuffled(well, random).slice(0, askedPerSniff - 1), ...shuffled(seeds, random)];
    return order.slice(0, askedPerSniff).flatMap((record) => {
      const reach = access.reach(record);
      return reach.kind === "endpoint" ? [{ record, endpoint: reach.endpoint }] : [];
    });
  }

  private hear(record: NodeRecord, seen: Probe, parsed: Sniff["parsed"]): "changed" | "same" | "ask another" {
    if (parsed === undefined) {
      if (seen.outcome === "denied") this.warnDenied(record, "GET /", "cluster:monitor/main");
      return "ask another";
    }
    if (!parsed.ok) {
      // A cluster that refuses the list refuses it everywhere: do not go round all of its nodes for it.
      if (parsed.kind === "denied") {
        this.warnDenied(record, "GET /_nodes/http", "cluster:monitor/nodes/info");
        return "same";
      }
      this.lastProblem = `${nodeLabel(record)}: ${parsed.reason}`;
      const fields = { node: nodeLabel(record), reason: parsed.reason };
      this.notices.warn("sniff refused", fields, `the list of nodes was not used: ${parsed.reason}`);
      return "ask another";
    }
    this.notices.clear("sniff refused");
    this.notices.clear("denied");
    return this.merge(record, parsed);
  }

  private merge(record: NodeRecord, parsed: Extract<ParsedSniff, { ok: true }>): "changed" | "same" {
    const { timers, access } = this.parts;
    this.noteSkipped(parsed);
    if (parsed.nodes.length === 0) return "same";
    const nodes = recogniseSeeds(
      parsed.nodes,
      access.seeds.map(({ host, port, addresses }) => {
        const answeredAs = this.seedNames.get(addressOf({ host, port }));
        return { host, port, addresses, ...(answeredAs === undefined ? {} : { answeredAs }) };
      }),
    );
    // Its address and not its id, which a configured node does not have at first.
    const answer = { nodes, complete: parsed.complete, answeredBy: addressOf(record) };
    const nowMs = timers.nowMs();
    const merged = mergeSniff(this.membership, answer, nowMs);
    this.membership = merged.membership;
    if (merged.held === undefined) this.notices.clear("held");
    else this.notices.warn("held", { reason: merged.held }, `a list of nodes is held back: ${merged.held}`);
    if (!merged.changed) return this.missesSomebodySince(nowMs) ? "changed" : "same";
    this.rewriteMembers();
    this.parts.topologyChanged();
    return "changed";
  }

  /** Somebody has begun to be missing: worth a few more looks, but not for as long as it lasts. */
  private missesSomebodySince(nowMs: number): boolean {
    return this.membership.members.some((member) => member.state === "absent" && member.sinceMs === nowMs);
  }

  private noteSkipped({ skipped, filterIgnored, nodes }: Extract<ParsedSniff, { ok: true }>): void {
    for (const { id, name, published, reason } of skipped.slice(0, skippedTold)) {
      this.parts.logger.debug({ id, name, published, reason }, "a listed node was skipped");
    }
    if (filterIgnored) {
      this.notices.warn(
        "only managers",
        {},
        "every listed node is a dedicated cluster manager; they are used after all",
      );
    } else this.notices.clear("only managers");
    const [first] = skipped;
    if (nodes.length > 0 || first === undefined) return this.notices.clear("all skipped");
    this.notices.warn(
      "all skipped",
      { skipped: skipped.length, reason: first.reason },
      `no listed node can be used (${first.reason}); the configured nodes stay in use`,
    );
  }

  private warnDenied(record: NodeRecord, request: string, privilege: string): void {
    this.lastProblem = `${nodeLabel(record)}: ${request} was refused: the user lacks the privilege ${privilege}`;
    this.notices.warn(
      "denied",
      { node: nodeLabel(record), privilege },
      `${request} was refused by ${nodeLabel(record)}: the user is unknown there or lacks the privilege ${privilege}. ` +
        "Nodes cannot be discovered or verified; the configured nodes stay in use",
    );
  }
}

const skippedTold = 20;
/** How many nodes one warning names. */
const namesTold = 5;

function shuffled<Item>(items: readonly Item[], random: Random): Item[] {
  return items
    .map((item) => ({ item, order: random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item);
}

import { type Clock, present } from "@rollcall/core";
import type { ClusterConfig } from "@rollcall/core/config";
import type { ProbeOutcome } from "@rollcall/core/health";
import {
  acceptsView,
  adoptedNodes,
  type ClusterIdentity,
  type ClusterIdentityEvent,
  type Discovery,
  type DiscoveryEvent,
  emptyDiscovery,
  isFirstList,
  type LocalScope,
  listedNodes,
  newClusterIdentity,
  nextClusterIdentity,
  nextDiscovery,
  type ParsedSniff,
  pinnedUuidOf,
  wantedNodes,
} from "@rollcall/core/sniff";
import {
  addressOf,
  type HistoryNode,
  historyNode,
  type Mark,
  type NodeRecord,
  nodeKey,
  type Topology,
} from "@rollcall/core/view";
import type { ClusterAccess } from "./cluster/access.js";
import type { DnsList } from "./cluster/dns-list.js";
import { type Probe, proofOf } from "./cluster/probe.js";
import type { ClusterLog } from "./cluster-log.js";

/** What the last leader published, or the last monitor has found; the times of the marks are on our own clock. */
export interface Inheritance {
  readonly topology: Omit<Topology, "version">;
  readonly marks: Readonly<Record<string, Mark>>;
}

/** The monitor of these nodes. */
export interface NodesOwner {
  /** {@link ClusterNodes.wanted} changed. */
  wantedChanged(): void;
  /** What a view says about the cluster or its nodes changed. */
  topologyChanged(): void;
  /** Another cluster has taken the place of ours. */
  clusterReplaced(): void;
}

/**
 * The nodes of the cluster and their records. Core decides which cluster is ours and which nodes are wanted; this keeps
 * its two states and carries out their effects.
 */
export class ClusterNodes {
  private identity: ClusterIdentity;
  private discovery: Discovery = emptyDiscovery;
  private readonly seedAddresses: ReadonlySet<string>;
  /** The newest record of every node that is wanted or judged, by key. */
  private readonly records = new Map<string, NodeRecord>();
  private wantedKeys: ReadonlySet<string> = new Set();
  /** The names of nodes that were looked up, as they said them, by address. */
  private readonly ownNames = new Map<string, string>();
  /** Why the configuration does not let a node be used, as it is now. */
  private refusals = new WeakMap<NodeRecord, { readonly reason: string | undefined }>();

  constructor(
    private readonly config: ClusterConfig,
    private readonly access: ClusterAccess,
    private readonly clock: Clock,
    private readonly log: ClusterLog,
    private readonly owner: NodesOwner,
  ) {
    this.seedAddresses = new Set(config.seeds.map(addressOf));
    this.identity = newClusterIdentity(config.discovery === false ? undefined : config.discovery.clusterUuid);
  }

  get pinnedUuid(): string | undefined {
    return pinnedUuidOf(this.identity);
  }

  get isVerified(): boolean {
    return this.identity.state === "verified";
  }

  get hasList(): boolean {
    return this.listedCount > 0;
  }

  /** Nodes that are new now have been in the cluster before. */
  get isFirstList(): boolean {
    return isFirstList(this.discovery);
  }

  get listedCount(): number {
    return this.discovery.membership.members.length;
  }

  /** What a view says about the cluster beside its nodes. */
  get topology(): Pick<Topology, "source"> & { clusterUuid: string | undefined; clusterName: string | undefined } {
    const { identity } = this;
    const { uuid: clusterUuid, clusterName } =
      identity.state === "verified" ? identity : { uuid: undefined, clusterName: undefined };
    return { clusterUuid, clusterName, source: this.discovery.source };
  }

  /** While the configured nodes are in use: the listed ones in `judged` that would replace them. */
  waiting(judged: { has(key: string): boolean }): readonly NodeRecord[] {
    if (this.discovery.source !== "seeds") return [];
    return listedNodes(this.discovery).filter((node) => judged.has(nodeKey(node)));
  }

  get seeds(): readonly NodeRecord[] {
    return this.config.seeds.map(({ host, port }) => {
      const name = this.identity.seedNames.get(addressOf({ host, port }));
      return { id: "", host, port, ...present({ name }) };
    });
  }

  isSeed(node: NodeRecord): boolean {
    return this.seedAddresses.has(addressOf(node));
  }

  /** It was looked up, by a name that is configured here. */
  private isVouchedFor({ dnsName, port }: NodeRecord): boolean {
    return dnsName !== undefined && this.isSeed({ id: "", host: dnsName, port });
  }

  /** How nodes are reached has changed. */
  accessChanged(): void {
    this.refusals = new WeakMap();
    this.owner.wantedChanged();
  }

  find(key: string): NodeRecord | undefined {
    return this.records.get(key);
  }

  /** The node as a log line and the history name it; for its last lines, also one that is forgotten. */
  nodeOf(key: string): HistoryNode {
    const record = this.records.get(key);
    return record === undefined ? { key, address: key.slice(key.lastIndexOf("@") + 1) } : historyNode(record);
  }

  /** Forgets the nodes that are neither wanted nor in `judged`. */
  keepOnly(judged: { readonly size: number; has(key: string): boolean }): void {
    if (this.records.size === judged.size) return;
    for (const key of this.records.keys()) {
      if (judged.has(key) || this.wantedKeys.has(key)) continue;
      this.records.delete(key);
      this.log.notUnverified(key);
    }
  }

  /** Continues from the last leader's view. Returns those of its nodes that are of use. */
  inherit({ topology, marks }: Inheritance): readonly NodeRecord[] {
    const { clusterUuid, clusterName, source } = topology;
    if (!acceptsView(this.identity, clusterUuid)) return [];
    if (clusterUuid !== undefined) this.identify({ type: "inherited", clusterUuid, clusterName });
    const { discovery } = this.config;
    if (discovery !== false && source !== "seeds" && source !== discovery.source)
      this.log.sourceDiffers(source, discovery.source);
    const nodes = adoptedNodes(topology.nodes, this.scope());
    this.discover({ type: "inherited", nodes, source, marks });
    for (const node of nodes) this.records.set(nodeKey(node), node);
    return nodes;
  }

  /** The nodes that should be watched now. */
  wanted(): readonly NodeRecord[] {
    const { nodes, refused } = wantedNodes(this.discovery, this.scope());
    this.log.refused(refused);
    for (const node of nodes) this.records.set(nodeKey(node), node);
    this.wantedKeys = new Set(nodes.map(nodeKey));
    return nodes;
  }

  /** A node has answered a probe, or has not. */
  probed(node: NodeRecord, result: Probe): void {
    if (result.outcome === "verified") this.log.clusterFound();
    else if (!this.isVerified) this.log.clusterNotFound(node, result.reason);
    const isSeed = this.isSeed(node) || this.isVouchedFor(node);
    const known = { address: addressOf(node), isSeed, isListed: node.id !== "" };
    const { clusterName, name } = result;
    if (name !== undefined && node.dnsName !== undefined) this.ownNames.set(addressOf(node), name);
    this.identify({ type: "answered", ...known, proof: proofOf(result), ...present({ clusterName, name }) });
  }

  /** A node has listed the nodes of its cluster. Returns whether the list brought something new. */
  listed(answeredBy: NodeRecord, { nodes, complete }: Extract<ParsedSniff, { ok: true }>): boolean {
    const seeds = this.access.seeds.map(({ host, port, addresses }) => {
      const answeredAs = this.identity.seedNames.get(addressOf({ host, port }));
      return { host, port, addresses, ...present({ answeredAs }) };
    });
    // By address and not by id: a configured node has no id at first.
    const answered = { answeredBy: addressOf(answeredBy), listedBy: "sniff" as const };
    return this.discover({ type: "sniffed", nodes, complete, ...answered, seeds });
  }

  /** The configured names were looked up. Returns whether that brought something new. */
  lookedUp({ nodes, complete }: DnsList): boolean {
    // The DNS gives no names of nodes: those that they gave themselves.
    const named = nodes.map((node) => ({ ...node, ...present({ name: this.ownNames.get(addressOf(node)) }) }));
    const addresses = new Set(nodes.map(addressOf));
    for (const address of this.ownNames.keys()) if (!addresses.has(address)) this.ownNames.delete(address);
    const answered = { answeredBy: "the resolver", listedBy: "dns" as const };
    return this.discover({ type: "sniffed", nodes: named, complete, ...answered, seeds: [] });
  }

  /**
   * What a probe comes to. The configuration vouches for what its names lead to: there an answer is enough, although the
   * user may not ask which cluster it is.
   */
  judged(node: NodeRecord, outcome: ProbeOutcome): ProbeOutcome {
    return outcome === "denied" && this.isVouchedFor(node) ? "verified" : outcome;
  }

  /** These nodes are verified, by key. */
  verified(keys: readonly string[]): void {
    this.discover({ type: "verified", keys });
  }

  private identify(event: ClusterIdentityEvent): void {
    const [identity, effects] = nextClusterIdentity(this.identity, event, this.clock.nowMs());
    this.identity = identity;
    for (const effect of effects) {
      switch (effect.type) {
        case "pinned":
          this.owner.topologyChanged();
          break;
        case "renamed":
          this.renameSeed(effect.address);
          break;
        case "replaced":
          this.log.replaced(effect);
          this.discover({ type: "replaced" });
          this.owner.clusterReplaced();
      }
    }
  }

  private renameSeed(address: string): void {
    const seed = this.seeds.find((record) => addressOf(record) === address);
    if (seed === undefined || !this.records.has(nodeKey(seed))) return;
    this.records.set(nodeKey(seed), seed);
    this.owner.topologyChanged();
  }

  private discover(event: DiscoveryEvent): boolean {
    const [discovery, effects] = nextDiscovery(this.discovery, event, this.clock.nowMs());
    this.discovery = discovery;
    for (const effect of effects) {
      if (effect.type === "held") this.log.listHeld(effect.reason);
      if (effect.type !== "changed") continue;
      if (discovery.source !== "seeds") this.log.listedNodesInUse();
      this.owner.wantedChanged();
      this.owner.topologyChanged();
    }
    return effects.some(({ type }) => type !== "held");
  }

  private scope(): LocalScope {
    return {
      seeds: this.seeds,
      discovers: this.config.discovery !== false,
      refusal: (node) => this.refusal(node),
      isSettled: this.access.isSettled,
    };
  }

  /** Asked about every node each time that one joins or leaves: records that stay the same are judged once. */
  private refusal(node: NodeRecord): string | undefined {
    const known = this.refusals.get(node);
    if (known !== undefined) return known.reason;
    const reach = this.access.reach(node);
    const reason = reach.kind === "refused" ? reach.reason : undefined;
    this.refusals.set(node, { reason });
    return reason;
  }
}

import { type LogEventName, type Logger, logEvent, present } from "@rollcall/core";
import type { ArbiterEffect } from "@rollcall/core/health";
import { type ParsedSniff, type Refused, sanitizeForLog } from "@rollcall/core/sniff";
import { addressOf, type HistoryNode, historyNode, type NodeRecord, nodeKey } from "@rollcall/core/view";
import { addressesUnusableText, replacedText, sourceDiffersText, unservedText } from "./cluster-texts.js";
import type { HistoryRecorder } from "./history-recorder.js";
import {
  disputeClearedLine,
  disputeLine,
  labelOfNode,
  nodeFields,
  nodeLabel,
  transitionEvent,
  transitionLine,
} from "./transition-line.js";
import { WarnOnce } from "./warn-once.js";

type Effect<Type extends ArbiterEffect["type"]> = Extract<ArbiterEffect, { type: Type }>;

/** How many nodes one line names. */
const namedMax = 5;
const skippedMax = 20;
/** What follows from a refusal. */
const seedsAlone = "Nodes cannot be discovered or verified; the configured nodes stay in use";
const usedUnverified = "The cluster cannot be verified; the nodes that the DNS names are used all the same";

/**
 * All that one term's monitor logs, and adds to the view's history in the same words. A warning that stays true is
 * logged once until it was untrue.
 */
export class ClusterLog {
  private readonly warnings: WarnOnce;
  /** The request that a node refused. It outlasts a busy node's late answers: they say less. */
  private refusal: string | undefined;
  /** What came after the refusal. */
  private current: string | undefined;
  /** By their options. */
  private readonly obstructions = new Set<"proxy" | "sign">();
  /** The refused nodes as they were last logged. */
  private refusedBefore = "";
  /** Why a listed node is not in use yet, by key. */
  private readonly unverifiedNodes = new Map<string, string>();

  constructor(
    private readonly logger: Logger,
    private readonly history: Pick<HistoryRecorder, "record">,
  ) {
    this.warnings = new WarnOnce(logger);
  }

  /** What stands in the way of finding the cluster's nodes; undefined while nothing does. For people. */
  get problem(): string | undefined {
    if (this.refusal === undefined || this.current === undefined) return this.refusal ?? this.current;
    return `${this.refusal}; now ${this.current}`;
  }

  // The health of nodes.

  transition(node: HistoryNode, transition: Effect<"transition">): void {
    const { from, to, reason, evidence } = transition;
    const counts = present({ failedProbes: evidence?.failedProbes, reporters: evidence?.reporters });
    const text = transitionLine(labelOfNode(node), transition);
    this.note(transitionEvent(transition), node, { from, to, reason, ...counts }, text);
  }

  disputed(node: HistoryNode, { reason, reachedBy }: Effect<"disputed">): void {
    const by = reachedBy === undefined ? undefined : sanitizeForLog(reachedBy);
    const text = disputeLine(labelOfNode(node), reason, by);
    this.note("node.disputed", node, { reason, ...present({ reachedBy: by }) }, text);
  }

  disputeCleared(node: HistoryNode): void {
    this.note("node.dispute-ended", node, {}, disputeClearedLine(labelOfNode(node)));
  }

  // The cluster's identity.

  clusterFound(): void {
    this.refusal = undefined;
    this.current = undefined;
  }

  clusterNotFound(node: NodeRecord, reason: string): void {
    this.current = `${nodeLabel(node)}: ${reason}`;
  }

  replaced(replacement: { readonly before: string; readonly after: string }): void {
    const [before, after] = [sanitizeForLog(replacement.before), sanitizeForLog(replacement.after)];
    const fields = { before, after, option: "discovery.clusterUuid" };
    this.note("cluster.replaced", undefined, fields, replacedText(before, after));
  }

  // What fails for every node alike: no node is judged meanwhile.

  proxyFailed(reason: string): void {
    this.obstructed("proxy", "proxy.failed", reason, `${reason}; no node can be reached`);
  }

  /** A probe has passed it. */
  proxyWorks(): void {
    this.unobstructed("proxy", "proxy.recovered", "the proxy connects to nodes again");
  }

  /** No probe can be signed. */
  signFailed(reason: string): void {
    this.obstructed("sign", "sign.failed", reason, `a probe was not signed: ${reason}`);
  }

  /** A probe was signed. */
  signWorks(): void {
    this.unobstructed("sign", "sign.recovered", "probes are signed again");
  }

  /** @param option that what fails belongs to */
  private obstructed(option: "proxy" | "sign", event: LogEventName, reason: string, text: string): void {
    this.obstructions.add(option);
    this.current = reason;
    this.warn(option, event, undefined, { reason, option }, text, reason);
  }

  private unobstructed(option: "proxy" | "sign", event: LogEventName, text: string): void {
    if (!this.obstructions.delete(option)) return;
    this.current = undefined;
    this.warnings.clear(option);
    this.note(event, undefined, {}, text);
  }

  // Which nodes are used.

  /** Listed nodes that the configuration refuses: one line each time they change. */
  refused(refused: readonly Refused[]): void {
    const now = refused.map(({ node, reason }) => `${nodeKey(node)} ${reason}`).join();
    if (now === this.refusedBefore) return;
    this.refusedBefore = now;
    const [first, ...others] = refused;
    if (first === undefined) return;
    const nodes = refused.slice(0, namedMax).map(({ node }) => nodeLabel(node));
    const more = others.length === 0 ? "" : `; nor are ${others.length} more`;
    this.note(
      "node.refused",
      historyNode(first.node),
      { nodes, refused: refused.length, reason: first.reason },
      `node ${nodeLabel(first.node)} is not used: ${first.reason}${more}`,
    );
  }

  /**
   * A node that was never verified has failed a probe. `waiting`: while the configured nodes are in use, the listed
   * ones that would replace them. Once all of those have failed, one line names the options that help.
   */
  unverified(node: NodeRecord, reason: string, waiting: readonly NodeRecord[]): void {
    this.unverifiedNodes.set(nodeKey(node), reason);
    if (waiting.length === 0) {
      const text = `node ${nodeLabel(node)} is listed but not used yet: ${reason}`;
      return this.warn(`unverified ${nodeKey(node)}`, "node.unreached", historyNode(node), { reason }, text, reason);
    }
    if (!waiting.every((other) => this.unverifiedNodes.has(nodeKey(other)))) return;
    const addresses = waiting.slice(0, namedMax).map(addressOf);
    const fields = { addresses, reason, option: "discovery.addressMap" };
    const text = addressesUnusableText(addresses, reason);
    this.warn("unreachable", "list.addresses-unusable", undefined, fields, text);
  }

  /** The node was verified, or is no longer watched. */
  notUnverified(key: string): void {
    this.unverifiedNodes.delete(key);
    this.warnings.clear(`unverified ${key}`);
  }

  listedNodesInUse(): void {
    this.over("unreachable", "list.addresses-usable", "the addresses that the cluster publishes can be used from here");
  }

  // Lists of nodes.

  /** @param isDns nodes are looked up: they are used all the same */
  rootDenied(node: NodeRecord, isDns: boolean): void {
    this.denied(node, "GET /", "cluster:monitor/main", isDns ? usedUnverified : seedsAlone);
  }

  listDenied(node: NodeRecord): void {
    this.denied(node, "GET /_nodes/http", "cluster:monitor/nodes/info", seedsAlone);
  }

  listUnusable(node: NodeRecord, reason: string): void {
    this.current = `${nodeLabel(node)}: ${reason}`;
    const text = `the list of nodes was not used: ${reason}`;
    this.warn("list", "list.unusable", historyNode(node), { reason }, text, reason);
  }

  listRead({ skipped, filterIgnored, nodes }: Extract<ParsedSniff, { ok: true }>): void {
    this.over("denied", "cluster.access-granted", "the cluster answers this user again");
    for (const { id, name, published, reason } of skipped.slice(0, skippedMax)) {
      logEvent(this.logger, "list.node-skipped", { id, name, published, reason }, "a listed node was skipped");
    }
    const onlyManagers = "every listed node is a dedicated cluster manager; they are used after all";
    if (filterIgnored) this.warn("only managers", "list.only-managers", undefined, {}, onlyManagers);
    else this.warnings.clear("only managers");
    const unused = ["list", "unserved", "all skipped"];
    const [first] = skipped;
    if (nodes.length > 0 || first === undefined) {
      const wasUnused = unused.filter((topic) => this.warnings.clear(topic)).length > 0;
      if (wasUnused) this.note("list.used", undefined, {}, "the list of nodes is used again");
      return;
    }
    for (const topic of ["list", "unserved"]) this.warnings.clear(topic);
    this.warn(
      "all skipped",
      "list.none-usable",
      undefined,
      { skipped: skipped.length, reason: first.reason },
      `no listed node can be used (${first.reason}); the configured nodes stay in use`,
    );
  }

  /** The node serves no list. No line says so yet. */
  listMissing(node: NodeRecord, reason: string): void {
    this.current = `${nodeLabel(node)}: GET /_nodes/http: ${reason}`;
  }

  /** Discovery is off, although no option says so. */
  discoveryOff(why: string): void {
    const text = `discovery is off: ${why}. The configured nodes alone are used; \`discovery: {}\` switches it on`;
    this.note("discovery.off", undefined, { why, option: "discovery" }, text);
  }

  /** There is no list where the cluster answers. */
  listUnserved(seeds: readonly NodeRecord[], againMs: number): void {
    const nodes = seeds.slice(0, namedMax).map(nodeLabel);
    this.warn("unserved", "list.unserved", undefined, { nodes, option: "discovery" }, unservedText(nodes, againMs));
  }

  lookedUp(): void {
    this.over("lookup", "lookup.answered", "the configured nodes are looked up again");
  }

  /** What is known of the nodes stays. */
  lookupFailed(problem: string): void {
    const text = `the addresses of the configured nodes could not be looked up: ${problem}; no node leaves for that`;
    this.warn("lookup", "lookup.failed", undefined, { problem }, text, problem);
  }

  /** Nodes of the last leader come from another source than those of this process. */
  sourceDiffers(before: string, own: string): void {
    const fields = { before, own, option: "discovery.source" };
    this.note("discovery.differs", undefined, fields, sourceDiffersText(before, own));
  }

  /** A part of a list was not applied; undefined: all of it was. */
  listHeld(reason: string | undefined): void {
    if (reason === undefined) this.over("held", "list.complete", "no part of the list of nodes is held back any more");
    else this.warn("held", "list.held", undefined, { reason }, `a list of nodes is held back: ${reason}`, reason);
  }

  private denied(node: NodeRecord, request: string, privilege: string, consequence: string): void {
    const label = nodeLabel(node);
    this.refusal = `${label}: ${request} was refused: the user lacks the privilege ${privilege}`;
    this.current = undefined;
    this.warn(
      "denied",
      "cluster.access-denied",
      historyNode(node),
      { privilege },
      `${request} was refused by ${label}: the user is unknown there or lacks the privilege ${privilege}. ` +
        consequence,
    );
  }

  private warn(
    topic: string,
    event: LogEventName,
    node: HistoryNode | undefined,
    fields: object,
    text: string,
    reason?: string,
  ): void {
    const shown = node === undefined ? fields : { ...nodeFields(node), ...fields };
    if (this.warnings.warn(topic, event, shown, text, reason))
      this.history.record({ event, ...present({ node }), text });
  }

  /** The end of a warning, if it was logged. */
  private over(topic: string, event: LogEventName, text: string): void {
    if (this.warnings.clear(topic)) this.note(event, undefined, {}, text);
  }

  private note(event: LogEventName, node: HistoryNode | undefined, fields: object, text: string): void {
    logEvent(this.logger, event, node === undefined ? fields : { ...nodeFields(node), ...fields }, text);
    this.history.record({ event, ...present({ node }), text });
  }
}

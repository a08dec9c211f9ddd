import type { ClusterAccess, Reach } from "@rollcall/coordinator";
import { type Logger, logEvent, present, type Random, Semaphore, type Timers } from "@rollcall/core";
import type { SelectionConfig } from "@rollcall/core/config";
import type { LocalProbe, NodeEffect, ProbeResult } from "@rollcall/core/health";
import { type AvoidedNode, addressOf, type Freshness, type Version, type View } from "@rollcall/core/view";
import type { NodeEvent } from "../api/node-status.js";
import type { CredentialRefusal, DispatchObserver } from "../dispatch/sender.js";
import type { Target } from "../dispatch/target.js";
import { applyView, endRow, noRows, type Row, type Rows } from "../table/apply-view.js";
import { HeaderWord } from "../table/layout.js";
import { NumberedLists } from "../table/numbered-lists.js";
import { avoidedNode } from "./avoided-node.js";
import type { ClusterListener, KnownNode, Reporter, TableSender } from "./collaborators.js";
import type { ConnectionShare } from "./connection-share.js";
import { FormerAddresses } from "./former-addresses.js";
import { NodeEntry } from "./node-entry.js";
import type { NodeTable } from "./node-table.js";
import { OperationsWatch } from "./operations-watch.js";
import { PenaltyWatch, penaltyOfChange } from "./penalty-watch.js";
import type { Prober } from "./prober.js";
import { ReportLimiter } from "./report-limiter.js";
import { rerouteOrder } from "./reroute-decision.js";
import { type SelectionFindings, SelectionWatch } from "./selection-watch.js";
import { TrafficWatch } from "./traffic-watch.js";
import { nextViewInForce, noView, type ViewConsumer, type ViewInForce, type ViewOrigin } from "./view-in-force.js";

export interface ClusterStateOptions {
  /** The configured addresses. */
  readonly seeds: readonly { readonly host: string; readonly port: number }[];
  readonly table: NodeTable;
  readonly access: Pick<ClusterAccess, "reach" | "onChange" | "renewed">;
  readonly prober: Prober;
  readonly listener: ClusterListener;
  /** Absent: this process has no connection budget. */
  readonly connectionShare?: Pick<ConnectionShare, "follow"> | undefined;
  /** Absent: every node may get requests. */
  readonly selection?: SelectionConfig | undefined;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
}

/** A view may name thousands of nodes, and none may be there: so many are asked for a proof at once. */
const proofsMax = 16;

/**
 * All that a process holds of the cluster's nodes, on its main thread, and the only writer of the table's shared rows.
 *
 *   a failed attempt ─ failed ──▶┌──────────────┐── sender: the list of nodes, reroutes
 *   a view, its marks ─ apply ──▶│  one entry   │── prober: one probe
 *   each beat ───────── beat ───▶│  for a node  │── reporter: failure reports to the leader
 *   the result of a probe ──────▶└──────────────┘── the table, and the listener
 *
 * `nextNode` of core makes every decision about a node. Events come in after {@link connect} only.
 */
export class ClusterState implements DispatchObserver, ViewConsumer {
  private readonly reports: ReportLimiter;
  private readonly penalties: PenaltyWatch;
  private readonly watch: TrafficWatch;
  private readonly operations: OperationsWatch;
  private readonly selected: SelectionWatch;
  private readonly lists = new NumberedLists();
  private readonly formerAddresses = new FormerAddresses();
  private readonly proofs = new Semaphore(proofsMax);
  private readonly seedAddresses: ReadonlySet<string>;
  /** By slot. */
  private readonly entries = new Map<number, NodeEntry>();
  private rows: Rows = noRows;
  private applied: ViewInForce = noView;
  private readonly unwritten = new Set<NodeEntry>();
  private isBatch = false;
  private collaborators: { readonly sender: TableSender; readonly reporter: Reporter } | undefined;
  private stopAccess = () => {};

  constructor(private readonly options: ClusterStateOptions) {
    this.reports = new ReportLimiter(options.timers);
    this.seedAddresses = new Set(options.seeds.map(addressOf));
    const entryIn = (slot: number) => this.entries.get(slot);
    this.penalties = new PenaltyWatch(options.table.penalties, entryIn);
    this.watch = new TrafficWatch(options.table.traffic, entryIn);
    this.selected = new SelectionWatch(options.selection, options.timers, (found) => this.selectionFound(found));
    const storeNowMs = () => options.timers.nowMs() + this.storeAheadMs;
    this.operations = new OperationsWatch(options.timers, storeNowMs, () => this.batch(() => this.mark()));
  }

  /** Begins, with the configured addresses alone. */
  connect(sender: TableSender, reporter: Reporter): void {
    this.collaborators = { sender, reporter };
    this.stopAccess = this.options.access.onChange(() => this.rebuild());
    this.rebuild();
  }

  /** Ignores every event from now on. */
  close(): void {
    this.collaborators = undefined;
    this.stopAccess();
    this.operations.close();
    this.selected.close();
    for (const entry of this.entries.values()) entry.close();
  }

  // What happens.

  apply(view: View, freshness: Freshness, origin: ViewOrigin): void {
    if (this.collaborators === undefined) return;
    const storeNowMs = this.options.timers.nowMs() + this.storeAheadMs;
    const { applied, news } = nextViewInForce(this.applied, view, freshness, origin, storeNowMs);
    this.applied = applied;
    if (news !== undefined && origin !== "own") this.options.connectionShare?.follow(applied.view?.marks.connections);
    if (news === "topology") this.rebuild();
    else if (news === "marks") this.batch(() => this.mark());
    this.options.listener.viewApplied(applied.view ?? view);
  }

  /** To be called every `beatMs`, after the beat of a dispatch in this thread. */
  beat(): void {
    this.penalties.beat(this.options.timers.nowMs(), (entry) => this.announce(entry));
    for (const entry of this.watch.entries()) entry.send({ type: "traffic" });
    this.reroute();
  }

  failed({ slot, generation, startedAtMs, reason }: Parameters<DispatchObserver["failed"]>[0]): void {
    const entry = this.entries.get(slot);
    // A message of a thread may still be about the slot's last node.
    if (entry?.row.generation !== generation) return;
    const { answers } = this.options.table.totals.ofNode(slot);
    entry.send({ type: "failed", startedAtMs, answers, reason });
  }

  probeWanted(slot: number): void {
    const entry = this.entries.get(slot);
    if (entry?.isUsable) entry.send({ type: "signWanted" });
  }

  credentialRefused({ slot, generation, list }: CredentialRefusal, done: () => void): void {
    const entry = this.entries.get(slot);
    const { reach } = entry ?? {};
    // By an older list, another credential was sent than the node has now.
    const isCurrent = entry?.row.generation === generation && !entry.isRenewedSince(list);
    if (!isCurrent || reach?.kind !== "endpoint") return done();
    void this.options.access.renewed(reach.endpoint).then(done);
  }

  released(slot: number): void {
    const entry = this.entries.get(slot);
    if (entry !== undefined) entry.isHandedOut = false;
    this.rows = endRow(this.rows, slot);
    this.options.table.totals.restart(slot);
  }

  // What others ask.

  get view(): View | undefined {
    return this.applied.view;
  }

  /** The times of marks are on the store's clock: by how much it is ahead of this process's own. */
  private get storeAheadMs(): number {
    const reporter = this.collaborators?.reporter;
    return reporter === undefined ? 0 : reporter.nowMs() - this.options.timers.nowMs();
  }

  nodes(): KnownNode[] {
    return [...this.entries.values()].map((entry) => {
      const { slot, tier, node: record } = entry.row;
      const { reach } = entry;
      const url = reach.kind === "endpoint" ? reach.endpoint.origin + reach.endpoint.pathPrefix : undefined;
      return { slot, tier, record, url, standing: entry.standing(this.storeAheadMs), preferred: entry.isPreferred };
    });
  }

  /** Why the option `selection` leaves no node; undefined while it leaves one. It may be so for a moment only. */
  get noneSelected(): string | undefined {
    return this.selected.noneNow;
  }

  /** The same, once it has lasted for as long as requests wait for a node: they fail. */
  get selectionProblem(): string | undefined {
    return this.selected.findings.none;
  }

  /** The nodes, by `nodeKey`, that this process has ejected. */
  ejectedKeys(): string[] {
    return [...this.entries.values()]
      .filter((entry) => entry.row.tier === "node" && entry.isEjected)
      .map(({ key }) => key);
  }

  /** The nodes that this process has ejected, penalizes or cannot use, and why; those that it cannot use last. */
  avoided(): AvoidedNode[] {
    const nowMs = this.options.timers.nowMs();
    return (
      [...this.entries.values()]
        .filter(({ row }) => row.tier === "node")
        .flatMap((entry) => avoidedNode(entry, nowMs) ?? [])
        // A heartbeat names a few only: what comes and goes before what the configuration says.
        .sort((a, b) => Number(a.state === "unusable") - Number(b.state === "unusable"))
    );
  }

  /** The nodes, by `nodeKey`, whose down mark this process refutes: they answer it. */
  refutedKeys(): string[] {
    return [...this.entries.values()].filter(({ node }) => node.mark.state === "refuted").map(({ key }) => key);
  }

  /** Probes the node of that `nodeKey` for another process; undefined where no such node is known. */
  probe(key: string): Promise<ProbeResult> | undefined {
    const entry = [...this.entries.values()].find((one) => one.key === key);
    return entry === undefined ? undefined : this.probeOnce(entry, undefined);
  }

  /**
   * The version of the topology that a numbered list of targets stands for; undefined where it is not known any more.
   */
  topologyOf(list: number): Version | undefined {
    return this.lists.versionOf(list);
  }

  // The list of nodes, and the table.

  /** The list of nodes has changed, or how they are reached: credentials, policy, names. */
  private rebuild(): void {
    const { seeds, table, logger } = this.options;
    const { slots } = table.layout;
    const nodes = this.view?.topology.nodes ?? [];
    const configured = seeds.map(({ host, port }) => ({ id: "", host, port }));
    const { rows, removed, left } = applyView(this.rows, nodes, configured, slots);
    this.rows = rows;
    if (left.length > 0) {
      logEvent(logger, "nodes.too-many", { nodes: left.length, slots }, "more nodes than this pool can use");
    }
    this.batch(() => {
      for (const { slot } of removed) this.remove(slot);
      for (const row of rows.inUse.values()) this.unwritten.add(this.place(row));
      this.deliver();
      this.mark();
      this.selected.judge([...this.entries.values()]);
    });
  }

  private selectionFound({ none, nonePreferred }: SelectionFindings): void {
    const { table, listener, logger } = this.options;
    if (nonePreferred) {
      logEvent(
        logger,
        "selection.none-preferred",
        {},
        "`selection.prefer` names none of the listed nodes: all are used",
      );
    }
    table.writer.setBarred(none !== undefined);
    this.collaborators?.sender.pump();
    listener.tableChanged(this);
  }

  /** Gives the row its entry: that of the same node, or a new one. */
  private place(row: Row): NodeEntry {
    const { access, table, timers, random } = this.options;
    const verdict = this.selected.verdictOf(row.node);
    const reach: Reach = verdict.kind === "used" ? access.reach(row.node) : { kind: "refused", reason: verdict.reason };
    const before = this.entries.get(row.slot);
    if (before?.row.generation === row.generation) {
      before.row = row;
      before.reach = reach;
      before.verdict = verdict;
      return before;
    }
    if (before !== undefined) this.end(before);
    const entry: NodeEntry = new NodeEntry(row, reach, verdict, {
      timers,
      random,
      traffic: () => table.traffic.of(row.slot, timers.nowMs()),
      carryOut: (effect) => this.carryOut(entry, effect),
      changed: () => this.watch.note(entry),
    });
    this.watch.note(entry);
    entry.isHandedOut = before?.isHandedOut ?? false;
    entry.announced = before?.announced ?? "absent";
    entry.announcedAtMs = timers.nowMs();
    this.entries.set(row.slot, entry);
    table.writer.assign(row.slot, row.generation);
    return entry;
  }

  private end(entry: NodeEntry): void {
    entry.close();
    this.watch.forget(entry);
    const { node } = entry.row;
    this.formerAddresses.note(node.id, addressOf(node));
  }

  private remove(slot: number): void {
    const entry = this.entries.get(slot);
    if (entry === undefined) return;
    this.end(entry);
    this.entries.delete(slot);
    this.options.table.writer.setState(slot, undefined, undefined);
    this.announce(entry, absent);
    // The sender releases no slot that never had a request, or whose last one ended before.
    if (!entry.isHandedOut) this.rows = endRow(this.rows, slot);
  }

  /** The sender has the list before the table names any node of it. */
  private deliver(): void {
    const targets: Target[] = [];
    for (const entry of this.entries.values()) {
      const { slot, generation, node } = entry.row;
      if (entry.reach.kind !== "endpoint") continue;
      entry.isHandedOut = true;
      targets.push({ slot, generation, endpoint: entry.reach.endpoint, ...this.namesOf(node) });
    }
    this.collaborators?.sender.apply(targets);
    const list = Atomics.load(this.options.table.words, HeaderWord.topology);
    this.lists.note(list, this.view?.topology.version);
    for (const entry of this.entries.values()) entry.noteDelivered(list);
  }

  private namesOf({ id, name }: Row["node"]): Pick<Target, "names"> {
    if (id === "" && name === undefined) return {};
    return { names: { id, ...present({ name }), formerAddresses: this.formerAddresses.of(id) } };
  }

  /** Passes on to every node what the view and operators say of it. */
  private mark(): void {
    const { operations, applied } = this;
    const marks = applied.view?.marks;
    operations.refresh(marks);
    // None but a process with the secret has written it, and a short time ago.
    const isSealed = applied.origin === "sealed" && applied.freshness === "fresh";
    const isVouchedFor = applied.origin === "own" || isSealed;
    for (const entry of this.entries.values()) {
      const { node, tier } = entry.row;
      const mark = operations.markOf(marks?.nodes[entry.key]);
      const of = { isFresh: applied.freshness === "fresh", isListed: tier === "node", drain: operations.drainOf(node) };
      const isVouched = isVouchedFor || this.seedAddresses.has(addressOf(node));
      entry.send({ type: "marked", mark, ...of, isVouched });
    }
  }

  /** Writes the rows that have changed meanwhile all at once, at the end. */
  private batch(change: () => void): void {
    this.isBatch = true;
    try {
      change();
    } finally {
      this.isBatch = false;
      this.write();
    }
  }

  private write(): void {
    if (this.isBatch || this.unwritten.size === 0) return;
    const { storeAheadMs } = this;
    for (const entry of this.unwritten) {
      if (this.entries.get(entry.slot) !== entry) continue;
      this.options.table.writer.setState(entry.slot, entry.shown(), entry.slowStart(storeAheadMs));
      if (!entry.isInUse) this.options.table.penalties.clear(entry.slot);
      this.announce(entry);
    }
    this.unwritten.clear();
    this.collaborators?.sender.pump();
    this.options.listener.tableChanged(this);
  }

  private announce(entry: NodeEntry, standing: { state: NodeEvent["to"]; reason?: string } = entry.standing(0)): void {
    const { announced: from, row } = entry;
    const { state: to, reason } = standing;
    if (from === to) return;
    const nowMs = this.options.timers.nowMs();
    entry.announced = to;
    entry.announcedAtMs = nowMs;
    const { name } = row.node;
    const event = present({ address: addressOf(row.node), name, from, to, reason });
    this.options.listener.nodeChanged({ ...event, ...penaltyOfChange(entry, from, to, nowMs) });
  }

  // What follows from an event.

  private carryOut(entry: NodeEntry, effect: NodeEffect): void {
    switch (effect.type) {
      case "changed":
        this.unwritten.add(entry);
        return this.write();
      case "probe":
        return void this.probeFor(entry, effect.probe);
      case "report":
        if (this.reports.tryTake(entry)) this.collaborators?.reporter.report(entry.key, effect.reason, effect.probed);
        return;
      case "reroute":
        return this.reroute();
    }
  }

  private async probeFor(entry: NodeEntry, probe: LocalProbe): Promise<void> {
    const once = () => this.probeOnce(entry, probe.purpose === "stall" ? probe.timeoutMs : undefined);
    const result = await (probe.purpose === "proof" ? this.proofs.run(once) : once());
    entry.send({ type: "probed", probe, result });
  }

  private probeOnce(entry: NodeEntry, timeoutMs: number | undefined): Promise<ProbeResult> {
    return this.options.prober.probe(entry.row.node, this.view?.topology.clusterUuid, timeoutMs);
  }

  private reroute(): void {
    const { table, timers, random } = this.options;
    const order = rerouteOrder(this.watch.entries(), this.entries.values(), table.traffic, timers.nowMs(), random);
    if (order !== undefined) this.collaborators?.sender.reroute(order);
  }
}

const absent = { state: "absent" } as const;

import type { ClusterAccess, Reach } from "@rollcall/coordinator";
import { type Logger, logEvent, present, type Random, type Steps, type Timers } from "@rollcall/core";
import type { SelectionConfig } from "@rollcall/core/config";
import type { LocalProbe, NodeEffect, ProbeResult } from "@rollcall/core/health";
import {
  type AvoidedNode,
  addressOf,
  type Freshness,
  type NodeRecord,
  type Version,
  type View,
} from "@rollcall/core/view";
import type { NodeEvent } from "../api/node-status.js";
import type { CredentialRefusal, DispatchObserver } from "../dispatch/sender.js";
import type { Target } from "../dispatch/target.js";
import { applyView, noRows, type Row, type Rows } from "../table/apply-view.js";
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
import { ProofPace } from "./proof-pace.js";
import { ReportLimiter } from "./report-limiter.js";
import { rerouteOrder } from "./reroute-decision.js";
import { type SelectionFindings, SelectionWatch } from "./selection-watch.js";
import { ServingCount } from "./serving-count.js";
import { inSlices, type NextTurn, nodesPerStep, SteppedWork, type Work } from "./stepped-work.js";
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
  /** Where a long list goes on after each of its steps. Default: `setImmediate`. */
  readonly nextTurn?: NextTurn | undefined;
}

/** A node of the list that is being applied. */
interface Placed {
  readonly row: Row;
  readonly reach: Reach;
  readonly verdict: NodeEntry["verdict"];
  /** That of the same node, or a new one. */
  readonly entry: NodeEntry;
}

/**
 * All that a process holds of the cluster's nodes, on its main thread, and the only writer of the table's shared rows.
 *
 *   a failed attempt ─ failed ──▶┌──────────────┐── sender: the list of nodes, reroutes
 *   a view, its marks ─ apply ──▶│  one entry   │── prober: one probe
 *   each beat ───────── beat ───▶│  for a node  │── reporter: failure reports to the leader
 *   the result of a probe ──────▶└──────────────┘── the table, and the listener
 *
 * `nextNode` of core makes every decision about a node. Events come in after {@link connect} only.
 *
 * Long lists and their marks are applied in steps, with other work of the thread between them: first all is made ready
 * beside what is in use, then the list of nodes changes in one step, then its nodes come into the table slice by slice.
 */
export class ClusterState implements DispatchObserver, ViewConsumer {
  private readonly reports: ReportLimiter;
  private readonly penalties: PenaltyWatch;
  private readonly watch: TrafficWatch;
  private readonly operations: OperationsWatch;
  private readonly selected: SelectionWatch;
  /** As the log has it. */
  private isNonePreferred = false;
  private readonly lists = new NumberedLists();
  private readonly formerAddresses = new FormerAddresses();
  private readonly proofs: ProofPace;
  private readonly seedAddresses: ReadonlySet<string>;
  /** By slot. */
  private readonly entries = new Map<number, NodeEntry>();
  private readonly serving = new ServingCount();
  /** Those of which a heartbeat may say something, so that it does not look at all. */
  private readonly noteworthy = new Set<NodeEntry>();
  private readonly work: SteppedWork;
  private rows: Rows = noRows();
  private applied: ViewInForce = noView;
  private readonly unwritten = new Set<NodeEntry>();
  private isBatch = false;
  private collaborators: { readonly sender: TableSender; readonly reporter: Reporter } | undefined;
  private stopAccess = () => {};

  constructor(private readonly options: ClusterStateOptions) {
    this.reports = new ReportLimiter(options.timers);
    this.proofs = new ProofPace(options.timers);
    this.seedAddresses = new Set(options.seeds.map(addressOf));
    const entryIn = (slot: number) => this.entries.get(slot);
    this.penalties = new PenaltyWatch(options.table.penalties, entryIn);
    this.watch = new TrafficWatch(options.table.traffic, entryIn);
    this.selected = new SelectionWatch(options.selection, options.timers, (found) => this.selectionFound(found));
    const storeNowMs = () => options.timers.nowMs() + this.storeAheadMs;
    this.work = new SteppedWork((work) => this.doWork(work), options.nextTurn ?? setImmediate);
    this.operations = new OperationsWatch(options.timers, storeNowMs, () => this.work.want("marks"));
  }

  /** Begins, with the configured addresses alone. */
  connect(sender: TableSender, reporter: Reporter): void {
    this.collaborators = { sender, reporter };
    this.stopAccess = this.options.access.onChange(() => this.work.want("list"));
    this.work.want("list");
  }

  /** Ignores every event from now on. */
  close(): void {
    this.collaborators = undefined;
    this.stopAccess();
    this.work.close();
    this.operations.close();
    this.selected.close();
    this.proofs.close();
    for (const entry of this.entries.values()) entry.close();
  }

  // What happens.

  apply(view: View, freshness: Freshness, origin: ViewOrigin): void {
    if (this.collaborators === undefined) return;
    const storeNowMs = this.options.timers.nowMs() + this.storeAheadMs;
    const { applied, news } = nextViewInForce(this.applied, view, freshness, origin, storeNowMs);
    this.applied = applied;
    if (news !== undefined && origin !== "own") this.options.connectionShare?.follow(applied.view?.marks.connections);
    if (news !== undefined) this.work.want(news === "topology" ? "list" : "marks");
    else if (!this.work.isWorking) this.options.listener.viewApplied(applied.view ?? view);
  }

  /** To be called every `beatMs`, after the beat of a dispatch in this thread. */
  beat(): void {
    const nowMs = this.options.timers.nowMs();
    this.penalties.beat(nowMs, (entry) => this.announce(entry));
    const watched = this.watch.entries(nowMs);
    for (const entry of watched) entry.send({ type: "traffic" });
    this.reroute(nowMs, watched);
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
    this.rows.ending.delete(slot);
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

  /** The same nodes for whom needs no more of them: a heartbeat is made every few seconds, of thousands of nodes. */
  *placed(): Generator<
    { readonly slot: number; readonly record: NodeRecord; readonly isDraining: () => boolean },
    void
  > {
    for (const entry of this.entries.values()) {
      const { slot, node: record } = entry.row;
      yield { slot, record, isDraining: () => entry.standing(this.storeAheadMs).state === "draining" };
    }
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
    return [...this.noteworthy].filter(({ row, isEjected }) => row.tier === "node" && isEjected).map(({ key }) => key);
  }

  /** The nodes that this process has ejected, penalizes or cannot use, and why; those that it cannot use last. */
  avoided(): AvoidedNode[] {
    const nowMs = this.options.timers.nowMs();
    return (
      [...this.noteworthy]
        .filter(({ row }) => row.tier === "node")
        .flatMap((entry) => avoidedNode(entry, nowMs) ?? [])
        // A heartbeat names a few only: what comes and goes before what the configuration says.
        .sort((a, b) => Number(a.state === "unusable") - Number(b.state === "unusable"))
    );
  }

  /** The nodes, by `nodeKey`, whose down mark this process refutes: they answer it. */
  refutedKeys(): string[] {
    return [...this.noteworthy].filter(({ isRefuting }) => isRefuting).map(({ key }) => key);
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

  private *doWork(work: Work): Steps<void> {
    const removed = work === "list" ? yield* this.rebuild() : [];
    yield* this.mark(work === "list");
    if (removed.length > nodesPerStep) yield;
    yield* inSlices(removed, (slice) => {
      for (const entry of slice) {
        this.end(entry);
        this.announce(entry, absent);
      }
    });
    if (this.view !== undefined) this.options.listener.viewApplied(this.view);
  }

  /**
   * The list of nodes has changed, or how they are reached: credentials, policy, names. Returns the entries of the nodes
   * that are not among them any more.
   */
  private *rebuild(): Generator<void, readonly NodeEntry[], void> {
    const { seeds, table, logger } = this.options;
    const { slots } = table.layout;
    const { view } = this;
    const configured = seeds.map(({ host, port }) => ({ id: "", host, port }));
    const { rows, removed, left } = yield* applyView(this.rows, view?.topology.nodes ?? [], configured, slots);
    if (left.length > 0) {
      logEvent(logger, "nodes.too-many", { nodes: left.length, slots }, "more nodes than this pool can use");
    }
    if (rows.inUse.size + removed.length > nodesPerStep) yield;
    yield* inSlices(removed, (slice) => {
      for (const { node } of slice) this.formerAddresses.note(node.id, addressOf(node));
    });
    const placed: Placed[] = [];
    yield* inSlices([...rows.inUse.values()], (slice) => {
      for (const row of slice) placed.push(this.place(row));
    });
    const targets: Target[] = [];
    yield* inSlices(placed, (slice) => {
      for (const { row, reach } of slice)
        if (reach.kind === "endpoint") targets.push(this.targetOf(row, reach.endpoint));
    });
    const { sender } = this.collaborators ?? {};
    if (sender?.prepare !== undefined) yield* sender.prepare(targets);
    this.rows = rows;
    return this.change(removed, placed, targets, view?.topology.version);
  }

  /** The list is in use from now on: its nodes get requests once their rows are written. */
  private change(
    removed: readonly Row[],
    placed: readonly Placed[],
    targets: readonly Target[],
    version: Version | undefined,
  ): readonly NodeEntry[] {
    const { words } = this.options.table;
    const gone = removed.flatMap(({ slot }) => this.remove(slot) ?? []);
    for (const one of placed) this.enter(one);
    // The sender has the list before the table names any node of it.
    this.collaborators?.sender.apply(targets);
    const list = Atomics.load(words, HeaderWord.topology);
    this.lists.note(list, version);
    for (const { entry } of placed) entry.noteDelivered(list);
    if (this.options.selection !== undefined) this.selected.judge([...this.entries.values()]);
    return gone;
  }

  private selectionFound({ none, nonePreferred }: SelectionFindings): void {
    const { table, listener, logger } = this.options;
    if (nonePreferred !== this.isNonePreferred && (nonePreferred || none === undefined)) {
      this.isNonePreferred = nonePreferred;
      if (nonePreferred) {
        const text = "`selection.prefer` names none of the listed nodes: all are used";
        logEvent(logger, "selection.none-preferred", {}, text);
      } else logEvent(logger, "selection.preferred", {}, "`selection.prefer` names a listed node again");
    }
    table.writer.setBarred(none !== undefined);
    this.collaborators?.sender.pump();
    listener.tableChanged(this);
  }

  /** Gives the row its entry: that of the same node, or a new one. Changes nothing that is in use. */
  private place(row: Row): Placed {
    const { access, table, timers, random } = this.options;
    const verdict = this.selected.verdictOf(row.node);
    const reach: Reach = verdict.kind === "used" ? access.reach(row.node) : { kind: "refused", reason: verdict.reason };
    const before = this.entries.get(row.slot);
    if (before?.row.generation === row.generation) return { row, reach, verdict, entry: before };
    if (before !== undefined) this.formerAddresses.note(before.row.node.id, addressOf(before.row.node));
    const entry: NodeEntry = new NodeEntry(row, reach, verdict, {
      timers,
      random,
      traffic: () => table.traffic.of(row.slot, timers.nowMs()),
      carryOut: (effect) => this.carryOut(entry, effect),
      changed: () => this.entryChanged(entry),
    });
    return { row, reach, verdict, entry };
  }

  private enter({ row, reach, verdict, entry }: Placed): void {
    const { table, timers } = this.options;
    const before = this.entries.get(row.slot);
    entry.row = row;
    entry.reach = reach;
    entry.verdict = verdict;
    if (before !== entry) {
      if (before !== undefined) {
        this.end(before);
        table.writer.setState(row.slot, undefined, undefined);
      }
      entry.isHandedOut = before?.isHandedOut ?? false;
      entry.announced = before?.announced ?? "absent";
      entry.announcedAtMs = timers.nowMs();
      this.entries.set(row.slot, entry);
      table.writer.assign(row.slot, row.generation);
    }
    if (reach.kind === "endpoint") entry.isHandedOut = true;
  }

  private entryChanged(entry: NodeEntry): void {
    this.watch.note(entry);
    if (entry.isNoteworthy) this.noteworthy.add(entry);
    else this.noteworthy.delete(entry);
  }

  private end(entry: NodeEntry): void {
    entry.close();
    this.watch.forget(entry);
    this.noteworthy.delete(entry);
  }

  private remove(slot: number): NodeEntry | undefined {
    const entry = this.entries.get(slot);
    if (entry === undefined) return undefined;
    this.entries.delete(slot);
    this.serving.note(entry, "absent");
    this.options.table.writer.setState(slot, undefined, undefined);
    // The sender releases no slot that never had a request, or whose last one ended before.
    if (entry.isHandedOut) this.rows.ending.add(slot);
    return entry;
  }

  private targetOf({ slot, generation, node }: Row, endpoint: Target["endpoint"]): Target {
    return { slot, generation, endpoint, ...this.namesOf(node) };
  }

  private namesOf({ id, name }: Row["node"]): Pick<Target, "names"> {
    if (id === "" && name === undefined) return {};
    return { names: { id, ...present({ name }), formerAddresses: this.formerAddresses.of(id) } };
  }

  /**
   * Passes on to every node what the view and operators say of it. `all`: the rows of all are written, changed or not.
   */
  private *mark(all: boolean): Steps<void> {
    this.operations.refresh(this.view?.marks);
    yield* inSlices([...this.entries.values()], (slice) =>
      this.batch(() => {
        for (const entry of slice) {
          if (all) {
            this.unwritten.add(entry);
            this.entryChanged(entry);
          }
          this.markOne(entry);
        }
      }),
    );
  }

  private markOne(entry: NodeEntry): void {
    const { operations, applied } = this;
    const { node, tier } = entry.row;
    // None but a process with the secret has written it, and a short time ago.
    const isSealed = applied.origin === "sealed" && applied.freshness === "fresh";
    const mark = operations.markOf(applied.view?.marks.nodes[entry.key]);
    const of = { isFresh: applied.freshness === "fresh", isListed: tier === "node", drain: operations.drainOf(node) };
    const isVouched = applied.origin === "own" || isSealed || this.seedAddresses.has(addressOf(node));
    entry.send({ type: "marked", mark, ...of, isVouched });
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

  /** How many listed nodes there are that this process may use, and how many of them get requests. */
  get members(): { readonly usable: number; readonly serving: number } {
    return this.serving;
  }

  private announce(entry: NodeEntry, standing: { state: NodeEvent["to"]; reason?: string } = entry.standing(0)): void {
    const { announced: from, row } = entry;
    const { state: to, reason } = standing;
    // A penalty has begun or ended, without any change of the node.
    if (to === "penalized") this.noteworthy.add(entry);
    this.serving.note(entry, to);
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
        return this.rerouteNow();
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

  private rerouteNow(): void {
    const nowMs = this.options.timers.nowMs();
    this.reroute(nowMs, this.watch.entries(nowMs));
  }

  private reroute(nowMs: number, watched: readonly NodeEntry[]): void {
    const { table, random } = this.options;
    const order = rerouteOrder(watched, this.entries.values(), table.traffic, nowMs, random);
    if (order !== undefined) this.collaborators?.sender.reroute(order);
  }
}

const absent = { state: "absent" } as const;

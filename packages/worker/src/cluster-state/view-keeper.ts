import type { ClusterAccess, Reach } from "@rollcall/coordinator";
import type { Logger } from "@rollcall/core";
import { type CircuitBreakerEvent, localSlowStartMs, slowStartMs } from "@rollcall/core/health";
import {
  addressOf,
  compareVersions,
  type Freshness,
  type Mark,
  type NodeRecord,
  nodeKey,
  type View,
} from "@rollcall/core/view";
import type { NodeEvent, NodeState } from "../api/node-status.js";
import type { Target } from "../dispatch/target.js";
import { applyView, endRow, noRows, type Row, type Rows } from "../table/apply-view.js";
import type { SlotState } from "../table/layout.js";
import type { Easing, TableWriter } from "../table/writer.js";
import type { LocalHealth } from "./local-health.js";

export interface ViewKeeperOptions {
  readonly seeds: readonly NodeRecord[];
  readonly slotsMax: number;
  readonly access: Pick<ClusterAccess, "reach">;
  readonly writer: TableWriter;
  readonly logger: Logger;
  /** The store's clock minus ours: times of marks are on the store's. */
  readonly storeAheadMs: () => number;
  /** Hands a new list of nodes to whoever sends. Called before the table names a node of it. */
  readonly deliver: (targets: readonly Target[]) => void;
  /** The table has changed: who waits may go on. */
  readonly moved: () => void;
  /** Whether the last that this process has seen of the slot's node is an answer, and that not long ago. */
  readonly isAnswering: (slot: number, generation: number) => boolean;
  readonly onNode: (event: NodeEvent) => void;
}

/** "shared": the view of all processes, or the only one. "own": kept by this process for itself while nobody keeps that. */
export type ViewLine = "shared" | "own";

/** A mark DOWN of the view, as this process takes it. */
interface SharedDown {
  readonly generation: number;
  readonly sinceMs: number;
  readonly isContradicted: boolean;
}

/** How a row stands, and why. */
export interface Standing {
  readonly state: NodeState;
  readonly reason?: string;
  /** On our own clock. */
  readonly sinceMs?: number;
}

/**
 * The main thread's keeper of the node table: brings together the view, the local configuration and this process's own
 * opinion of each node, and writes the outcome where every thread reads it.
 */
export class ViewKeeper {
  private rows: Rows = noRows;
  /** How each row in use is reached, by slot: as it was when they were last rebuilt. */
  private reaches: ReadonlyMap<number, Reach> = new Map();
  /** Slots for which an endpoint was handed out, and whose release has not been told yet. */
  private readonly handedOut = new Set<number>();
  private view: View | undefined;
  private trust: Freshness = "fresh";
  private line: ViewLine = "shared";
  private readonly standings = new Map<string, Standing>();
  /** Nodes that the view marks DOWN, by slot. */
  private readonly downs = new Map<number, SharedDown>();
  private localHealth: LocalHealth | undefined;

  constructor(private readonly options: ViewKeeperOptions) {}

  /** Begins with the configured nodes alone. */
  start(localHealth: LocalHealth): void {
    this.localHealth = localHealth;
    this.rebuild();
  }

  get current(): View | undefined {
    return this.view;
  }

  /**
   * Takes a view unless it is older than what is applied; a beat only refreshes its age. What is not "fresh" has marks
   * that are but hints. A view of another `line` replaces what is applied: versions compare within one line alone.
   */
  apply(view: View, trust: Freshness = "fresh", line: ViewLine = "shared"): void {
    const before = line === this.line ? this.view : undefined;
    this.line = line;
    const trustChanged = trust !== this.trust;
    this.trust = trust;
    const topologyOrder = before === undefined ? 1 : compareVersions(view.topology.version, before.topology.version);
    const marksOrder = before === undefined ? 1 : compareVersions(view.marks.version, before.marks.version);
    const isOlder = topologyOrder < 0 || marksOrder < 0;
    const isBeat = topologyOrder === 0 && marksOrder === 0;
    const isOldBeat = isBeat && before !== undefined && view.head.beat < before.head.beat;
    if (!isOlder && !isOldBeat) this.view = view;
    if (topologyOrder > 0 && !isOlder) this.rebuild();
    else if ((marksOrder > 0 && !isOlder) || trustChanged) this.refresh();
  }

  /** Endpoints may have changed: credentials, policy, names. */
  rebuild(): void {
    const { seeds, slotsMax, writer, logger, deliver } = this.options;
    const nodes = this.view?.topology.nodes ?? [];
    const { rows, fresh, removed, left } = applyView(this.rows, nodes, seeds, slotsMax);
    this.rows = rows;
    this.reaches = new Map([...rows.inUse.values()].map(({ slot, node }) => [slot, this.options.access.reach(node)]));
    if (left.length > 0) logger.warn({ nodes: left.length, slots: slotsMax }, "more nodes than this pool can use");

    for (const row of removed) {
      writer.setState(row.slot, undefined, undefined);
      this.downs.delete(row.slot);
      this.localHealth?.end(row.slot);
      this.announce(row, undefined);
      // Nobody will tell of its last request: it never had one, or had it long ago.
      if (!this.handedOut.has(row.slot)) this.rows = endRow(this.rows, row.slot);
    }
    for (const { slot, generation } of fresh) {
      writer.assign(slot, generation);
      this.localHealth?.begin(slot, generation);
    }
    const targets = this.targets();
    for (const { slot } of targets) this.handedOut.add(slot);
    deliver(targets);
    this.refresh();
  }

  /** The last request on a slot has ended since it was no longer among the targets. */
  released(slot: number): void {
    this.handedOut.delete(slot);
    this.rows = endRow(this.rows, slot);
  }

  /** Writes every row anew: a mark, or our own opinion, has changed. */
  refresh(): void {
    for (const row of this.rows.inUse.values()) {
      this.judgeDown(row);
      this.localHealth?.tell(row.slot, row.generation, this.adviceOn(row));
      this.write(row, this.markOf(row));
    }
    this.options.moved();
  }

  /** To be called every now and then: a node that was used in spite of a shared DOWN may have stopped answering. */
  reconsider(): void {
    for (const [slot, { isContradicted }] of this.downs) {
      const row = isContradicted ? this.rowAt(slot) : undefined;
      if (row === undefined || !this.judgeDown(row)) continue;
      this.localHealth?.tell(row.slot, row.generation, this.adviceOn(row));
      this.refreshSlot(slot);
    }
  }

  /** Our own opinion of one slot has changed. */
  refreshSlot(slot: number): void {
    const row = this.rowAt(slot);
    if (row === undefined) return;
    this.write(row, this.markOf(row));
    this.options.moved();
  }

  rowAt(slot: number): Row | undefined {
    for (const row of this.rows.inUse.values()) if (row.slot === slot) return row;
    return undefined;
  }

  /** Every known node with its standing. */
  all(): readonly { readonly row: Row; readonly standing: Standing }[] {
    return [...this.rows.inUse.values()].map((row) => ({ row, standing: this.standingOf(row, this.markOf(row)) }));
  }

  /** The nodes, by `nodeKey`, that this process keeps away from by its own experience. */
  avoided(): string[] {
    return this.all()
      .filter(({ row, standing }) => row.tier === "node" && standing.state === "ejected")
      .map(({ row }) => nodeKey(row.node));
  }

  /** The nodes, by `nodeKey`, that this process goes on using although the view marks them DOWN: it hears them itself. */
  contradicts(): string[] {
    return [...this.rows.inUse.values()].filter((row) => this.isContradicted(row)).map(({ node }) => nodeKey(node));
  }

  private targets(): Target[] {
    return [...this.rows.inUse.values()].flatMap(({ slot, generation }) => {
      const reach = this.reaches.get(slot);
      return reach?.kind === "endpoint" ? [{ slot, generation, endpoint: reach.endpoint }] : [];
    });
  }

  private write(row: Row, mark: Mark | undefined): void {
    const standing = this.standingOf(row, mark);
    const state: SlotState | undefined =
      standing.state === "unusable"
        ? undefined
        : { tier: row.tier, mark: mark?.kind ?? "none", ejected: standing.state === "ejected" };
    this.options.writer.setState(row.slot, state, this.easingOf(row, mark));
    this.announce(row, standing);
  }

  /** What the view says of a node's health, for our own opinion of it. */
  private adviceOn(row: Row): CircuitBreakerEvent {
    const mark = this.view?.marks.nodes[nodeKey(row.node)];
    if (mark?.kind !== "down" || this.isContradicted(row)) return { type: "sharedCleared" };
    return this.trust === "fresh" ? { type: "sharedDown" } : { type: "sharedDoubtful", reason: mark.reason };
  }

  /** The mark to go by. A DOWN that nobody vouches for any more is none: our own opinion took it over. */
  private markOf(row: Row): Mark | undefined {
    const mark = this.view?.marks.nodes[nodeKey(row.node)];
    const isVoid = mark?.kind === "down" && (this.trust !== "fresh" || this.isContradicted(row));
    return isVoid ? undefined : mark;
  }

  /**
   * Whether a shared DOWN is to be ignored: this process has had an answer in the last 2 s, and nothing worse since. Once
   * it has been obeyed, it is obeyed until it is taken back. One that rests on an answer, of another cluster's node, always
   * is. Returns whether the judgement has changed.
   */
  private judgeDown({ slot, generation, node }: Row): boolean {
    const mark = this.view?.marks.nodes[nodeKey(node)];
    const before = this.downs.get(slot);
    if (mark?.kind !== "down") {
      this.downs.delete(slot);
      return before !== undefined;
    }
    const isKnown = before?.generation === generation && before.sinceMs === mark.sinceMs;
    const isContradicted =
      (!isKnown || before.isContradicted) &&
      (mark.down?.failedProbes ?? 0) > 0 &&
      this.localHealth?.ejection(slot) === undefined &&
      this.options.isAnswering(slot, generation);
    this.downs.set(slot, { generation, sinceMs: mark.sinceMs, isContradicted });
    return !isKnown || before.isContradicted !== isContradicted;
  }

  private isContradicted({ slot, generation }: Row): boolean {
    const down = this.downs.get(slot);
    return down?.generation === generation && down.isContradicted;
  }

  private standingOf(row: Row, mark: Mark | undefined): Standing {
    const reach = this.reaches.get(row.slot);
    if (reach?.kind === "refused") return { state: "unusable", reason: reach.reason };
    const ejection = this.localHealth?.ejection(row.slot);
    if (mark?.kind !== "down" && mark?.kind !== "draining" && ejection !== undefined)
      return { state: "ejected", ...ejection };
    // Without a view nothing has been probed yet.
    if (mark === undefined) return { state: this.view === undefined ? "unverified" : "healthy" };
    return { state: mark.kind, reason: mark.reason, sinceMs: mark.sinceMs - this.options.storeAheadMs() };
  }

  private easingOf(row: Row, mark: Mark | undefined): Easing | undefined {
    if (mark?.kind === "slow-start")
      return { fromMs: mark.sinceMs - this.options.storeAheadMs(), durationMs: slowStartMs };
    const easedFromMs = this.localHealth?.easedFromMs(row.slot);
    return easedFromMs === undefined ? undefined : { fromMs: easedFromMs, durationMs: localSlowStartMs };
  }

  private announce({ node }: Row, standing: Standing | undefined): void {
    const address = addressOf(node);
    const before = this.standings.get(address);
    if (standing === undefined) this.standings.delete(address);
    else this.standings.set(address, standing);
    const from = before?.state ?? "absent";
    const to = standing?.state ?? "absent";
    if (from === to) return;
    const reason = standing?.reason;
    this.options.onNode({
      address,
      ...(node.name === undefined ? {} : { name: node.name }),
      from,
      to,
      ...(reason === undefined ? {} : { reason }),
    });
  }
}

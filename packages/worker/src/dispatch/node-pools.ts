import { NameCache, sameConnection } from "@rollcall/coordinator/cluster";
import { type Link, type Random, runAtOnce, type Steps, type Timers, withDeadline } from "@rollcall/core";
import type { TableReader } from "../table/reader.js";
import { type ConnectionSettings, type NodeHandler, NodePool } from "./node-pool.js";
import type { Target } from "./target.js";

export interface NodePoolsOptions {
  readonly reader: TableReader;
  readonly settings: ConnectionSettings;
  /** How long requests at a removed node may still take. */
  readonly drainMs: number;
  readonly timers: Timers;
  readonly random: Random;
  /** This thread's clock for how long something took: it stands still while the thread does not run. */
  readonly ranMs: (nowMs: number) => number;
  /** For the dates of certificates. */
  readonly wallNowMs: () => number;
  /** No request or connection of the slot is left. */
  readonly released: (slot: number) => void;
}

/** How a list differs from the one before. */
interface Compared {
  readonly targets: readonly Target[];
  readonly listed: ReadonlyMap<number, Target>;
  /** Their slots were not listed, or had another node, or one with other connections. */
  readonly others: readonly Target[];
  /** The slots that are not listed any more. */
  readonly gone: readonly number[];
}

/** So many are compared in a step. */
const comparedPerStep = 512;
/** So many pools begin to close in one turn of the loop; the others in the next ones. */
const closedPerTurn = 128;

/**
 * One thread's connections to all nodes, by slot; those to removed nodes until their requests have ended. A node gets its
 * pool with its first request here: a list may name thousands.
 */
export class NodePools<Handler extends NodeHandler & Link<Handler>> {
  /** By slot. */
  private listed: ReadonlyMap<number, Target> = new Map();
  private readonly pools = new Map<number, NodePool<Handler>>();
  private readonly retiring = new Set<NodePool<Handler>>();
  /** How many of them there are of each slot. */
  private readonly retiringOf = new Map<number, number>();
  /** Those that have begun to close in this turn, and those that will in the next ones. */
  private closings = 0;
  private toClose: (() => void)[] = [];
  private newest: readonly Target[] = [];
  private ahead: Compared | undefined;
  /** How many connections there may be to each node. */
  private most: number;

  private readonly lookups: { readonly names: NameCache; readonly timers: Timers };

  constructor(private readonly options: NodePoolsOptions) {
    this.most = options.reader.connectionsMax;
    this.lookups = { names: new NameCache(options.timers), timers: options.timers };
  }

  get(slot: number): NodePool<Handler> | undefined {
    return this.pools.get(slot) ?? this.open(slot);
  }

  /** The newest list of nodes. */
  get targets(): readonly Target[] {
    return this.newest;
  }

  has(slot: number): boolean {
    return this.listed.has(slot);
  }

  /** Does in steps what {@link apply} of this list can do ahead: it compares the list with the one before. */
  *prepare(targets: readonly Target[]): Steps<void> {
    const listed = new Map<number, Target>();
    const [others, gone]: [Target[], number[]] = [[], []];
    let done = 0;
    for (const target of targets) {
      if (++done % comparedPerStep === 0) yield;
      const before = this.listed.get(target.slot);
      listed.set(target.slot, target);
      if (before === undefined || isOther(before, target)) others.push(target);
    }
    for (const slot of this.listed.keys()) {
      if (++done % comparedPerStep === 0) yield;
      if (!listed.has(slot)) gone.push(slot);
    }
    this.ahead = { targets, listed, others, gone };
  }

  /**
   * Takes over the newest list of nodes. Connections to a node that stays are kept. Those to a
   * node that is gone close as their requests end.
   */
  apply(targets: readonly Target[]): void {
    if (this.ahead?.targets !== targets) runAtOnce(this.prepare(targets));
    const { ahead, listed: before } = this;
    if (ahead === undefined) return;
    this.ahead = undefined;
    this.newest = targets;
    this.listed = ahead.listed;
    for (const { slot, generation } of ahead.others) {
      // A pool with other connections is retired below, and its slot forgotten then.
      if (before.get(slot)?.generation !== generation || !this.pools.has(slot)) this.options.reader.forget(slot);
    }
    for (const slot of ahead.gone) this.remove(slot);
    for (const pool of this.pools.values()) this.keep(pool);
  }

  /** Keeps to the number of connections that this thread may have to one node now. */
  keepToShare(): void {
    const { connectionsMax } = this.options.reader;
    if (connectionsMax === this.most) return;
    this.most = connectionsMax;
    for (const pool of this.pools.values()) pool.keepAtMost(connectionsMax);
  }

  /** Ends every connection now. No node gets a pool afterwards. */
  async destroy(): Promise<void> {
    const pools = [...this.pools.values(), ...this.retiring];
    this.listed = new Map();
    this.pools.clear();
    this.toClose = [];
    await Promise.allSettled(pools.map((pool) => pool.destroy()));
  }

  /** Its node is still listed. */
  private keep(pool: NodePool<Handler>): void {
    const target = this.listed.get(pool.slot);
    if (target === undefined) return;
    if (sameConnection(pool.endpoint, target.endpoint)) return pool.update(target);
    this.pools.delete(pool.slot);
    // The node stays: its requests have all the time that they have.
    this.retire(pool, Number.POSITIVE_INFINITY);
  }

  private open(slot: number): NodePool<Handler> | undefined {
    const { settings, random } = this.options;
    const target = this.listed.get(slot);
    if (target === undefined) return undefined;
    const opened = new NodePool<Handler>(target, settings, random, this.connections, this.lookups);
    opened.keepAtMost(this.most);
    this.pools.set(slot, opened);
    return opened;
  }

  private remove(slot: number): void {
    const pool = this.pools.get(slot);
    this.pools.delete(slot);
    if (pool !== undefined) this.retire(pool);
    else if (!this.holds(slot)) this.options.released(slot);
  }

  /** Lets the requests on connections that are no longer wanted end, for a while. */
  private retire(pool: NodePool<Handler>, atMostMs = this.options.drainMs): void {
    const { slot } = pool;
    pool.isCurrent = false;
    this.retiring.add(pool);
    this.retiringOf.set(slot, (this.retiringOf.get(slot) ?? 0) + 1);
    // Requests that wait there count neither as a wait at the slot's next node, nor against its room.
    this.options.reader.forget(slot);
    this.options.reader.setInFlightAside(slot);
    this.beginToClose(() => void this.drain(pool, atMostMs));
  }

  private beginToClose(close: () => void): void {
    if (this.closings >= closedPerTurn) return void this.toClose.push(close);
    if (this.closings === 0) setImmediate(this.closeNext);
    this.closings++;
    close();
  }

  private readonly closeNext = (): void => {
    const waiting = this.toClose;
    this.closings = 0;
    this.toClose = [];
    for (const close of waiting) this.beginToClose(close);
  };

  private async drain(pool: NodePool<Handler>, atMostMs: number): Promise<void> {
    const { timers, released } = this.options;
    const { slot } = pool;
    const closed = pool.close();
    await (Number.isFinite(atMostMs) ? withDeadline(closed, atMostMs, timers, () => {}) : closed);
    await pool.destroy();
    this.retiring.delete(pool);
    const others = (this.retiringOf.get(slot) ?? 1) - 1;
    if (others > 0) this.retiringOf.set(slot, others);
    else this.retiringOf.delete(slot);
    if (!this.holds(slot)) released(slot);
  }

  private holds(slot: number): boolean {
    return this.listed.has(slot) || this.retiringOf.has(slot);
  }

  private readonly connections = {
    counted: (slot: number, change: 1 | -1) => this.options.reader.countSocket(slot, change),
    opened: (slot: number, tookMs: number) => this.options.reader.noteHandshake(slot, tookMs),
    ranMs: () => this.options.ranMs(this.options.timers.nowMs()),
    wallNowMs: () => this.options.wallNowMs(),
  };
}

function isOther(before: Target, { generation, endpoint }: Target): boolean {
  return before.generation !== generation || !sameConnection(before.endpoint, endpoint);
}

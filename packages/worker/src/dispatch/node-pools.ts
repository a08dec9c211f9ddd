import { NameCache, sameConnection } from "@rollcall/coordinator/cluster";
import { type Random, type Timers, withDeadline } from "@rollcall/core";
import type { TableReader } from "../table/reader.js";
import type { Link } from "./in-flight-list.js";
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

/** One thread's connections to all nodes, by slot; those to removed nodes until their requests have ended. */
export class NodePools<Handler extends NodeHandler & Link<Handler>> {
  private readonly pools = new Map<number, NodePool<Handler>>();
  private readonly retiring = new Set<NodePool<Handler>>();
  private newest: readonly Target[] = [];
  /** How many connections there may be to each node. */
  private most: number;

  private readonly lookups: { readonly names: NameCache; readonly timers: Timers };

  constructor(private readonly options: NodePoolsOptions) {
    this.most = options.reader.connectionsMax;
    this.lookups = { names: new NameCache(options.timers), timers: options.timers };
  }

  get(slot: number): NodePool<Handler> | undefined {
    return this.pools.get(slot);
  }

  /** The newest list of nodes. */
  get targets(): readonly Target[] {
    return this.newest;
  }

  has(slot: number): boolean {
    return this.pools.has(slot);
  }

  /**
   * Takes over the newest list of nodes. Connections to a node that stays are kept. Those to a
   * node that is gone close as their requests end.
   */
  apply(targets: readonly Target[]): void {
    this.newest = targets;
    const staying = new Set<number>();
    for (const target of targets) {
      staying.add(target.slot);
      this.applyOne(target);
    }
    for (const [slot, pool] of this.pools) {
      if (staying.has(slot)) continue;
      this.pools.delete(slot);
      this.retire(pool);
    }
  }

  /** Keeps to the number of connections that this thread may have to one node now. */
  keepToShare(): void {
    const { connectionsMax } = this.options.reader;
    if (connectionsMax === this.most) return;
    this.most = connectionsMax;
    for (const pool of this.pools.values()) pool.keepAtMost(connectionsMax);
  }

  /** Ends every connection now. */
  async destroy(): Promise<void> {
    const pools = [...this.pools.values(), ...this.retiring];
    this.pools.clear();
    await Promise.allSettled(pools.map((pool) => pool.destroy()));
  }

  private applyOne(target: Target): void {
    const { reader, settings, random } = this.options;
    const pool = this.pools.get(target.slot);
    if (pool !== undefined && sameConnection(pool.endpoint, target.endpoint)) {
      if (pool.generation !== target.generation) reader.forget(target.slot);
      return pool.update(target);
    }
    if (pool === undefined) reader.forget(target.slot);
    // The node stays: its requests have all the time that they have.
    else this.retire(pool, Number.POSITIVE_INFINITY);
    const opened = new NodePool<Handler>(target, settings, random, this.connections, this.lookups);
    opened.keepAtMost(this.most);
    this.pools.set(target.slot, opened);
  }

  /** Lets the requests on connections that are no longer wanted end, for a while. */
  private retire(pool: NodePool<Handler>, atMostMs = this.options.drainMs): void {
    pool.isCurrent = false;
    this.retiring.add(pool);
    // Requests that wait there count neither as a wait at the slot's next node, nor against its room.
    this.options.reader.forget(pool.slot);
    this.options.reader.setInFlightAside(pool.slot);
    void this.drain(pool, atMostMs);
  }

  private async drain(pool: NodePool<Handler>, atMostMs: number): Promise<void> {
    const { timers, released } = this.options;
    const closed = pool.close();
    await (Number.isFinite(atMostMs) ? withDeadline(closed, atMostMs, timers, () => {}) : closed);
    await pool.destroy();
    this.retiring.delete(pool);
    if (!this.holds(pool.slot)) released(pool.slot);
  }

  private holds(slot: number): boolean {
    if (this.pools.has(slot)) return true;
    for (const pool of this.retiring) if (pool.slot === slot) return true;
    return false;
  }

  private readonly connections = {
    counted: (slot: number, change: 1 | -1) => this.options.reader.countSocket(slot, change),
    opened: (slot: number, tookMs: number) => this.options.reader.noteHandshake(slot, tookMs),
    ranMs: () => this.options.ranMs(this.options.timers.nowMs()),
    wallNowMs: () => this.options.wallNowMs(),
  };
}

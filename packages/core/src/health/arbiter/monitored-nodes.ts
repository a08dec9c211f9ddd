import { firstDueMs } from "../../deadlines.js";
import type { FleetUse } from "./fleet-use.js";
import { nodeDeadlines } from "./node-deadlines.js";
import { disputeOf, isInUse, type MonitoredNode } from "./node-health.js";
import { isPublished } from "./published-node.js";

const blockSize = 32;

/** One node with what the whole collection is asked for again and again. */
interface Entry {
  readonly key: string;
  readonly node: MonitoredNode;
  readonly dueMs: number;
}

interface Block {
  readonly entries: readonly Entry[];
  readonly dueMs: number;
  readonly published: number;
  readonly inUse: number;
  readonly reached: number;
}

/**
 * The nodes that the leader judges, by `nodeKey`, in the order in which they joined, and whether they are in use.
 * Immutable.
 *
 * A report must not cost more in a large cluster, so a change copies one block of 32 nodes and the list of blocks, and
 * each block keeps its earliest deadline. Only a node that joins or leaves copies everything, or use that begins or ends.
 */
export class MonitoredNodes implements Iterable<readonly [string, MonitoredNode]> {
  static readonly none = new MonitoredNodes(new Map(), [], undefined);

  private constructor(
    private readonly places: ReadonlyMap<string, number>,
    private readonly blocks: readonly Block[],
    /** Undefined before the first event. */
    readonly use: FleetUse | undefined,
  ) {}

  get size(): number {
    return this.places.size;
  }

  /** How many of the nodes the view names. */
  get publishedCount(): number {
    return this.blocks.reduce((count, { published }) => count + published, 0);
  }

  /** How many are in use, and not under suspicion. */
  get inUseCount(): number {
    return this.blocks.reduce((count, { inUse }) => count + inUse, 0);
  }

  /** How many of those the leader reaches itself: what others reach for it is disputed. */
  get reachedCount(): number {
    return this.blocks.reduce((count, { reached }) => count + reached, 0);
  }

  /** When time next changes one of the nodes; infinity if there is none. */
  get dueMs(): number {
    return this.blocks.reduce((dueMs, block) => Math.min(dueMs, block.dueMs), Number.POSITIVE_INFINITY);
  }

  get(key: string): MonitoredNode | undefined {
    const place = this.places.get(key);
    if (place === undefined) return undefined;
    return this.blocks[Math.floor(place / blockSize)]?.entries[place % blockSize]?.node;
  }

  has(key: string): boolean {
    return this.places.has(key);
  }

  *[Symbol.iterator](): Iterator<readonly [string, MonitoredNode]> {
    for (const { entries } of this.blocks) for (const { key, node } of entries) yield [key, node];
  }

  /** The nodes that time has something to do with by now. */
  due(nowMs: number): readonly (readonly [string, MonitoredNode])[] {
    return this.blocks
      .filter(({ dueMs }) => dueMs <= nowMs)
      .flatMap(({ entries }) => entries.filter(({ dueMs }) => dueMs <= nowMs))
      .map(({ key, node }) => [key, node]);
  }

  /** The nodes after these changes; a node that is undefined is removed. */
  with(changes: ReadonlyMap<string, MonitoredNode | undefined>): MonitoredNodes {
    const blocks = [...this.blocks];
    for (const [key, node] of changes) {
      const place = this.places.get(key);
      if (place === undefined || node === undefined) return this.rebuilt(changes);
      const at = Math.floor(place / blockSize);
      const entries = [...(blocks[at]?.entries ?? [])];
      entries[place % blockSize] = entryOf(key, node);
      blocks[at] = blockOf(entries);
    }
    return new MonitoredNodes(this.places, blocks, this.use);
  }

  withUse(use: FleetUse): MonitoredNodes {
    return new MonitoredNodes(this.places, this.blocks, use);
  }

  /** All nodes, each as `change` makes it; none is removed. */
  map(change: (node: MonitoredNode) => MonitoredNode): MonitoredNodes {
    const changed = (entry: Entry) => {
      const node = change(entry.node);
      return node === entry.node ? entry : entryOf(entry.key, node);
    };
    const blocks = this.blocks.map(({ entries }) => blockOf(entries.map(changed)));
    return new MonitoredNodes(this.places, blocks, this.use);
  }

  private rebuilt(changes: ReadonlyMap<string, MonitoredNode | undefined>): MonitoredNodes {
    const entries = new Map<string, Entry>();
    for (const block of this.blocks) for (const entry of block.entries) entries.set(entry.key, entry);
    for (const [key, node] of changes) {
      if (node === undefined) entries.delete(key);
      else entries.set(key, entryOf(key, node));
    }
    const all = [...entries.values()];
    const blocks: Block[] = [];
    for (let from = 0; from < all.length; from += blockSize) blocks.push(blockOf(all.slice(from, from + blockSize)));
    return new MonitoredNodes(new Map(all.map(({ key }, place) => [key, place])), blocks, this.use);
  }
}

function entryOf(key: string, node: MonitoredNode): Entry {
  return { key, node, dueMs: firstDueMs(nodeDeadlines(node)) };
}

function blockOf(entries: readonly Entry[]): Block {
  let dueMs = Number.POSITIVE_INFINITY;
  let published = 0;
  let inUse = 0;
  let reached = 0;
  for (const entry of entries) {
    dueMs = Math.min(dueMs, entry.dueMs);
    if (isPublished(entry.node)) published++;
    if (!isInUse(entry.node.health)) continue;
    inUse++;
    if (disputeOf(entry.node) === undefined) reached++;
  }
  return { entries, dueMs, published, inUse, reached };
}

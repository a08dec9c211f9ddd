import type { NodeEvent, Pool, PoolStats, SettledRequest } from "@rollcall/worker";
import { type AddressTotals, nodesByAddress } from "./nodes-by-address.js";
import { RequestCounts } from "./request-counts.js";

/** What metrics need of a pool. */
export type ScrapedPool = Pick<Pool, "stats" | "on" | "off" | "isClosed">;

/** All that the metrics of one pool show at one moment. */
export interface Scrape {
  readonly stats: PoolStats;
  readonly nodes: readonly AddressTotals[];
  readonly requests: RequestCounts;
  /** By node: how often this process has ejected it since the pool was registered. */
  readonly ejections: ReadonlyMap<string, number>;
}

/** So many nodes that are gone are kept at least, until metrics are read. */
const spareNodes = 64;

/** One pool in a registry: listens to it, and counts what only its events show. */
export class RegisteredPool {
  private readonly requests = new RequestCounts();
  private readonly ejections = new Map<string, number>();
  private last: Scrape | undefined;

  constructor(
    readonly pool: ScrapedPool,
    readonly name: string,
  ) {
    pool.on("settled", this.settled).on("node", this.nodeChanged).on("view", this.listChanged);
  }

  close(): void {
    this.pool.off("settled", this.settled).off("node", this.nodeChanged).off("view", this.listChanged);
  }

  /** The same for all metrics of one read: a registry reads them in one turn. */
  scrape(): Scrape {
    if (this.last !== undefined) return this.last;
    const stats = this.pool.stats();
    const nodes = nodesByAddress(stats.nodes);
    this.keep(nodes);
    this.last = { stats, nodes, requests: this.requests, ejections: this.ejections };
    queueMicrotask(() => {
      this.last = undefined;
    });
    return this.last;
  }

  private readonly settled = (request: SettledRequest): void => this.requests.count(request);

  private readonly nodeChanged = ({ address, to }: NodeEvent): void => {
    if (to === "ejected") this.ejections.set(address, (this.ejections.get(address) ?? 0) + 1);
  };

  /**
   * Without this, a pool whose metrics are never read would keep all nodes that there ever were. Not at each list: to look
   * at thousands of nodes takes its time.
   */
  private readonly listChanged = ({ nodes }: { readonly nodes: readonly string[] }): void => {
    if (this.requests.nodeCount + this.ejections.size <= 2 * nodes.length + spareNodes) return;
    this.keep(nodesByAddress(this.pool.stats().nodes));
  };

  private keep(nodes: readonly AddressTotals[]): void {
    const addresses = new Set(nodes.map(({ address }) => address));
    this.requests.keep(addresses);
    for (const address of this.ejections.keys()) if (!addresses.has(address)) this.ejections.delete(address);
  }
}

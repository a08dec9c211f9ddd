import type { Pool } from "@rollcall/worker";

/** A cluster that changes its addresses for years must not fill the memory. */
const urlsMax = 4_096;

/** The URL of each node as the object that the clients show, made once. */
export class NodeUrls {
  /** Of the first configured node. */
  readonly first: URL;
  private readonly urls = new Map<string, URL>();

  constructor(private readonly pool: Pool) {
    this.first = new URL(pool.config().seeds[0]?.url ?? "http://localhost");
  }

  /** `url`: the `nodeUrl` of an answer. */
  of(url: string): URL {
    const found = this.urls.get(url);
    if (found !== undefined) return found;
    if (this.urls.size >= urlsMax) this.urls.clear();
    const made = new URL(url);
    this.urls.set(url, made);
    return made;
  }

  /** `address`: `host:port` of a failed attempt, which holds no more. Undefined for a node that is not listed any more. */
  at(address: string): URL | undefined {
    const url = this.pool.nodes().find((node) => node.address === address)?.url;
    return url === undefined ? undefined : this.of(url);
  }
}

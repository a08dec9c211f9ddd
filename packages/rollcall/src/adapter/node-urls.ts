import type { Pool } from "@rollcall/worker";

/** A cluster that changes its addresses for years must not fill the memory. */
const urlsMax = 4_096;

/** The URL of each node, as the clients show it. A configured node has its own; another one has the first's scheme. */
export class NodeUrls {
  readonly first: URL;
  private readonly urls = new Map<string, URL>();

  constructor(pool: Pool) {
    const seeds = pool.config().seeds.map(({ url }) => new URL(url));
    this.first = seeds[0] ?? new URL("http://localhost");
    for (const seed of seeds) this.urls.set(hostAndPort(seed), seed);
  }

  /** `node`: `host:port`. */
  of(node: string): URL {
    const found = this.urls.get(node);
    if (found !== undefined) return found;
    if (this.urls.size >= urlsMax) this.urls.clear();
    const url = new URL(`${this.first.protocol}//${node}${this.first.pathname}`);
    this.urls.set(node, url);
    return url;
  }
}

function hostAndPort({ protocol, hostname, port }: URL): string {
  return `${hostname}:${port === "" ? (protocol === "https:" ? 443 : 80) : port}`;
}

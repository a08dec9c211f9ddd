/** What is started, alone in its process. */
export const starters = [
  "0 threads",
  "2 threads",
  "0 threads, Redis",
  "2 threads, Redis",
  "elasticsearch",
  "opensearch",
] as const;
export type Starter = (typeof starters)[number];

export interface StartOrder {
  readonly starter: Starter;
  readonly urls: readonly string[];
  /** For the starters that share a view; its name is new at each start. */
  readonly redis: string | undefined;
  readonly name: string;
}

export interface StartedClient {
  search(): Promise<unknown>;
  close(): Promise<unknown>;
}

const query = { query: { match_all: {} } };
const index = "bench";

/** Loads the client and sets it up. Nothing of any client is loaded before. */
export async function setup({ starter, urls, redis, name }: StartOrder): Promise<StartedClient> {
  switch (starter) {
    case "elasticsearch": {
      const { Client } = await import("@elastic/elasticsearch");
      const client = new Client({ nodes: [...urls] });
      return { search: () => client.search({ index, ...query }), close: () => client.close() };
    }
    case "opensearch": {
      const { Client } = await import("@opensearch-project/opensearch");
      const client = new Client({ nodes: [...urls] });
      return { search: () => client.search({ index, body: query }), close: () => client.close() };
    }
    default: {
      const { createPool } = await import("rollcall");
      const threads = starter.startsWith("2") ? 2 : 0;
      const shared = starter.endsWith("Redis") && redis !== undefined ? { redis, name } : {};
      const pool = createPool({ nodes: urls, threads, logger: false, ...shared });
      return {
        search: async () =>
          (await pool.request({ method: "POST", path: `/${index}/_search`, body: query })).throwIfError(),
        close: () => pool.close(),
      };
    }
  }
}

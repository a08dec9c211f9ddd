import { Client as ElasticsearchClient } from "@elastic/elasticsearch";
import { Client as OpenSearchClient } from "@opensearch-project/opensearch";
import { createPool } from "@rollcall/worker";
import { type Dispatcher, Pool } from "undici";

/** One way to search. Every one is given the query as an object and gives the answer as an object. */
export interface Contender {
  search(index: string): Promise<unknown>;
  close(): Promise<void>;
}

export const contenderNames = ["undici-dispatch", "undici-request", "rollcall", "elasticsearch", "opensearch"] as const;
export type ContenderName = (typeof contenderNames)[number];

/** Of bare undici, which has no bound of its own: as many as Rollcall opens by default. */
const connectionsPerNode = 64;
const query = { query: { match: { message: "request" } }, size: 100, track_total_hits: false };
const jsonHeaders = ["content-type", "application/json"];

export function startContender(name: ContenderName, urls: readonly string[]): Contender {
  switch (name) {
    case "undici-dispatch":
      // Without undici's two timeouts of a request: the floor does nothing that can be left out.
      return overPools(urls, dispatchAndParse, { headersTimeout: 0, bodyTimeout: 0 });
    case "undici-request":
      return overPools(urls, async (pool, path) => {
        const { body } = await pool.request({
          method: "POST",
          path,
          headers: jsonHeaders,
          body: JSON.stringify(query),
        });
        return body.json();
      });
    case "rollcall": {
      const pool = createPool({ nodes: urls, discovery: false, logger: false });
      return {
        search: async (index) =>
          (await pool.request({ method: "POST", path: `/${index}/_search`, body: query })).json(),
        close: () => pool.close(),
      };
    }
    case "elasticsearch": {
      const client = new ElasticsearchClient({ nodes: [...urls] });
      return { search: (index) => client.search({ index, ...query }), close: () => client.close() };
    }
    case "opensearch": {
      const client = new OpenSearchClient({ nodes: [...urls] });
      return {
        search: async (index) => (await client.search({ index, body: query })).body,
        close: () => client.close(),
      };
    }
  }
}

/** Bare undici: one pool a node, taken in turn. */
function overPools(
  urls: readonly string[],
  send: (pool: Pool, path: string) => Promise<unknown>,
  options: Pool.Options = {},
): Contender {
  const pools = urls.map((url) => new Pool(url, { connections: connectionsPerNode, ...options }));
  let turn = 0;
  return {
    search(index) {
      const pool = pools[turn++ % pools.length];
      if (pool === undefined) throw new Error("no nodes");
      return send(pool, `/${index}/_search`);
    },
    async close() {
      await Promise.all(pools.map((pool) => pool.close()));
    },
  };
}

/** The least that JavaScript can do for an answer: gather its bytes and parse them. */
function dispatchAndParse(pool: Pool, path: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const handler: Dispatcher.DispatchHandler = {
      onConnect() {},
      onHeaders: () => true,
      onData(chunk) {
        chunks.push(chunk);
        return true;
      },
      onComplete() {
        const [only] = chunks;
        const body = chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
        resolve(JSON.parse(body.toString("utf8")));
      },
      onError: reject,
    };
    pool.dispatch({ method: "POST", path, headers: jsonHeaders, body: JSON.stringify(query) }, handler);
  });
}

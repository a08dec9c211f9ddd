import { type Dispatcher, Pool } from "undici";

/** What every contender searches for. */
export const query = { query: { match: { message: "request" } }, size: 100, track_total_hits: false };
const jsonHeaders = ["content-type", "application/json"];

/** Of bare undici, which has no bound of its own: as many as Rollcall opens by default. */
const connectionsPerNode = 64;

/** Bare undici: one pool a node, taken in turn. */
export function overPools(
  urls: readonly string[],
  options: Pool.Options = {},
): { readonly next: () => Pool; readonly close: () => Promise<unknown> } {
  const pools = urls.map((url) => new Pool(url, { connections: connectionsPerNode, ...options }));
  let turn = 0;
  return {
    next() {
      const pool = pools[turn++ % pools.length];
      if (pool === undefined) throw new Error("no nodes");
      return pool;
    },
    close: () => Promise.all(pools.map((pool) => pool.close())),
  };
}

/** The least that JavaScript can do for an answer: gather its bytes and read them. */
export function dispatchAndRead<T>(pool: Pool, index: string, read: (body: Buffer) => T): Promise<T> {
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
        resolve(read(chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks)));
      },
      onError: reject,
    };
    const path = `/${index}/_search`;
    pool.dispatch({ method: "POST", path, headers: jsonHeaders, body: JSON.stringify(query) }, handler);
  });
}

/** What undici's documentation shows. */
export async function request(pool: Pool, index: string, body: object = query) {
  const answer = await pool.request({
    method: "POST",
    path: `/${index}/_search`,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return answer.body;
}

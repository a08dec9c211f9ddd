import { type Dispatcher, Pool } from "undici";
import { query } from "../hot-path/bare-undici.js";
import type { Contender } from "../hot-path/contenders.js";

/** Of all that are compared with it. */
export const credential = { username: "bench", password: "bench" };
const { username, password } = credential;
const headers = {
  "content-type": "application/json",
  authorization: `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`,
};
const connections = 25;

/**
 * The floor: what is left of a client when it does nothing but send and read. undici's `Pool.dispatch` with the handler
 * that its documentation shows, one pool a node, taken in turn.
 */
export function startBarePools(urls: readonly string[]): Contender {
  const { next, close } = overBarePools(urls);
  return {
    parsed: (index) =>
      dispatch(next(), index, JSON.stringify(query), (answer) => JSON.parse(answer.toString("utf8")) as unknown),
    bytes: (index) => dispatch(next(), index, JSON.stringify(query), (answer) => answer),
    close,
  };
}

export function overBarePools(urls: readonly string[]): { next(): Pool; close(): Promise<unknown> } {
  const pools = urls.map((url) => new Pool(url, { connections }));
  let turn = 0;
  const next = () => {
    const pool = pools[turn++ % pools.length];
    if (pool === undefined) throw new Error("no nodes");
    return pool;
  };
  return { next, close: () => Promise.all(pools.map((pool) => pool.close())) };
}

export function dispatch<T>(pool: Pool, index: string, body: string, read: (answer: Buffer) => T): Promise<T> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart() {},
      onResponseStart(_, status) {
        if (status !== 200) reject(new Error(`status ${status}`));
      },
      onResponseData(_, chunk) {
        chunks.push(chunk);
      },
      onResponseEnd() {
        const [only] = chunks;
        resolve(read(chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks)));
      },
      onResponseError(_, error) {
        reject(error);
      },
    };
    const path = `/${index}/_search`;
    pool.dispatch({ method: "POST", path, headers, body }, handler);
  });
}

// Code of a user of `@elastic/elasticsearch` 9 and 8 in one process, as ES modules: compiled, never run.
import { Client as Client8 } from "es8";
import { Client as Client9, errors } from "es9";
import { createPool, RollcallError } from "rollcall";
import { onRollcall } from "rollcall/elasticsearch";

const pool = createPool({ nodes: ["http://127.0.0.1:9200"] });

export const nine: Client9 = new Client9(onRollcall(pool));
export const eight: Client8 = new Client8(
  onRollcall(pool, { requestTimeout: 5_000, maxRetries: 5, opaqueIdPrefix: "a", headers: { "x-a": "1" } }),
);

export async function search(): Promise<readonly string[]> {
  try {
    const found = await nine.search<{ readonly title: string }>({ index: "books" }, { maxRetries: 0 });
    return found.hits.hits.flatMap(({ _source }) => (_source === undefined ? [] : [_source.title]));
  } catch (error) {
    if (error instanceof errors.ConnectionError && error.cause instanceof RollcallError && error.cause.sent === "no") {
      return [];
    }
    throw error;
  }
}

// @ts-expect-error: a credential belongs to the pool
new Client9(onRollcall(pool, { auth: { apiKey: "a" } }));
// @ts-expect-error: so do the nodes
new Client8(onRollcall(pool, { node: "http://127.0.0.1:9200" }));
// @ts-expect-error: an option that no client has
new Client9(onRollcall(pool, { requestTimeoutMs: 1 }));
// @ts-expect-error: an option of another type than the client's
new Client9(onRollcall(pool, { compression: "gzip" }));

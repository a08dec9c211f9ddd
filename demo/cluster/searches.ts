import { waitUntil } from "@rollcall/testing";
import type { Pool, PoolRequest } from "@rollcall/worker";
import { isInUse } from "../node-history.js";

/** The index that the demo makes in a cluster that it has started. */
const index = "rollcall-demo";

const words = ["amber", "birch", "cedar", "dune", "ember", "fjord", "grove", "heath"];
const documentCount = 400;
/** The first searches of a JVM take seconds, which is not what a run shows. */
const warmUpSearches = 60;
let sent = 0;

export function searchOfWords(): PoolRequest {
  const word = words[sent++ % words.length];
  return { method: "POST", path: `/${index}/_search`, body: { size: 5, query: { match: { text: word } } } };
}

/** Writes some hundred small documents, with a copy of each on every node, so that any node can answer alone. */
export async function fillIndex(pool: Pool, nodeCount: number): Promise<void> {
  await waitUntil(
    "the pool has found all nodes",
    () => pool.nodes().filter(({ state }) => isInUse(state)).length === nodeCount,
  );
  const settings = { number_of_shards: 1, number_of_replicas: nodeCount - 1 };
  (await pool.request({ method: "PUT", path: `/${index}`, body: { settings } })).throwIfError();
  const lines = Array.from({ length: documentCount }, (_, at) => [
    { index: { _id: `${at}` } },
    { text: `${words[at % words.length]} ${words[(at * 3 + 1) % words.length]}`, number: at },
  ]);
  const query = { refresh: "true" };
  (await pool.request({ method: "POST", path: `/${index}/_bulk`, query, ndjson: lines.flat() })).throwIfError();
  const green = { wait_for_status: "green", timeout: "20s" };
  (await pool.request({ method: "GET", path: `/_cluster/health/${index}`, query: green })).throwIfError();
  for (let sent = 0; sent < warmUpSearches; sent++) (await pool.request(searchOfWords())).throwIfError();
}

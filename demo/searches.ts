import type { Pool, PoolRequest } from "@rollcall/worker";
import { waitUntil } from "./test-support.js";

/** What the demo searches in a cluster of its own, and for what. */
const index = "rollcall-demo";

const words = ["amber", "birch", "cedar", "dune", "ember", "fjord", "grove", "heath"];
const documentCount = 400;
let asked = 0;

export function searchOfWords(): PoolRequest {
  const word = words[asked++ % words.length];
  return { method: "POST", path: `/${index}/_search`, body: { size: 5, query: { match: { text: word } } } };
}

/** A few hundred small documents, a copy of each on every node, so that any node can answer alone. */
export async function fillIndex(pool: Pool, nodeCount: number): Promise<void> {
  await waitUntil("the pool has found all nodes", () => pool.nodes().filter(isUp).length === nodeCount);
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
}

function isUp({ state }: { readonly state: string }): boolean {
  return state === "healthy" || state === "slow-start";
}

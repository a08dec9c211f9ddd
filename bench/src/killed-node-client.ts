// Forked by killed-node.ts: one client under load, alone in its process, set up to follow the cluster as its own
// documentation says.
import { setTimeout as sleep } from "node:timers/promises";
import { Client as ElasticsearchClient } from "@elastic/elasticsearch";
import { Client as OpenSearchClient } from "@opensearch-project/opensearch";
import { createPool } from "@rollcall/worker";

export const followerNames = ["rollcall", "elasticsearch", "opensearch"] as const;
export type FollowerName = (typeof followerNames)[number];

export const sniffEveryMs = 30_000;
export const slots = 16;
/** A slot rests so long between two searches: a second that is slow is then the client's doing, not the processor's. */
export const restMs = 20;
/** No process makes more calls than this, whatever happens. */
const callsMax = 200_000;

/** One search. Times are of the system's clock, which parent and child share. */
export interface SearchCall {
  readonly endedAtMs: number;
  readonly tookMs: number;
  /** Of the node that answered. */
  readonly port?: number;
  /** Why there was no answer with status 200. */
  readonly error?: string;
}

/** What Rollcall itself says of a node. */
export interface NodeChange {
  readonly atMs: number;
  readonly port: number;
  readonly to: string;
}

/** All that a client's process has to tell. */
export interface ClientTale {
  readonly calls: readonly SearchCall[];
  readonly changes: readonly NodeChange[];
}

/** Searches, and tells the port of the node that answered. */
type Search = () => Promise<number>;

function startFollower(name: FollowerName, urls: readonly string[], index: string, changes: NodeChange[]): Search {
  const body = { query: { match_all: {} } };
  switch (name) {
    case "rollcall": {
      const pool = createPool({ nodes: urls, discovery: { intervalMs: sniffEveryMs }, logger: false });
      pool.on("node", ({ address, to }) => {
        changes.push({ atMs: Date.now(), port: Number(address.split(":").at(-1)), to });
      });
      return async () => {
        const response = await pool.request({ method: "POST", path: `/${index}/_search`, body });
        response.throwIfError().json();
        return Number(response.node.split(":").at(-1));
      };
    }
    case "elasticsearch": {
      const client = new ElasticsearchClient({
        nodes: [...urls],
        sniffOnStart: true,
        sniffInterval: sniffEveryMs,
        sniffOnConnectionFault: true,
        // Plain JSON: the cluster is of an older version than the client asks for.
        headers: { accept: "application/json", "content-type": "application/json" },
      });
      return async () => {
        const { meta } = await client.search({ index, ...body }, { meta: true });
        return Number(meta.connection?.url.port);
      };
    }
    case "opensearch": {
      const client = new OpenSearchClient({
        nodes: [...urls],
        sniffOnStart: true,
        sniffInterval: sniffEveryMs,
        sniffOnConnectionFault: true,
      });
      return async () => Number((await client.search({ index, body })).meta.connection.url.port);
    }
  }
}

if (process.send !== undefined) {
  const [name, index = "", ...urls] = process.argv.slice(2);
  const changes: NodeChange[] = [];
  const search = startFollower(name as FollowerName, urls, index, changes);
  const calls: SearchCall[] = [];
  let stopped = false;
  const slot = async () => {
    while (!stopped && calls.length < callsMax) {
      calls.push(await timed(search));
      await sleep(restMs);
    }
  };
  const load = Promise.all(Array.from({ length: slots }, slot));
  process.once("message", () => {
    stopped = true;
    void load.then(() => process.send?.({ calls, changes } satisfies ClientTale));
  });
  process.once("disconnect", () => process.exit(0));
}

async function timed(search: Search): Promise<SearchCall> {
  const startedAtMs = performance.now();
  const call = await search().then(
    (port) => ({ port }),
    (error: Error) => ({
      error: error.name === "RollcallError" ? `${error.name} ${"code" in error ? error.code : ""}` : error.name,
    }),
  );
  return { ...call, tookMs: performance.now() - startedAtMs, endedAtMs: Date.now() };
}

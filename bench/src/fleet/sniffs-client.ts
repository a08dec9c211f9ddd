// Forked by fleet-sniffs.ts: one process with one client that follows the cluster, and a little work for it.
import { setTimeout as sleep } from "node:timers/promises";
import { Client as ElasticsearchClient } from "@elastic/elasticsearch";
import { Client as OpenSearchClient } from "@opensearch-project/opensearch";
import { createPool } from "@rollcall/worker";

export const followerNames = ["rollcall", "elasticsearch", "opensearch"] as const;
export type FollowerName = (typeof followerNames)[number];

export interface FollowerOptions {
  readonly name: FollowerName;
  readonly urls: readonly string[];
  readonly sniffEveryMs: number;
  /** Of Rollcall alone. */
  readonly redis: string;
  readonly threads: number;
  /** Between two searches. */
  readonly restMs: number;
}

function startFollower({ name, urls, sniffEveryMs, redis, threads }: FollowerOptions): () => Promise<unknown> {
  const nodes = [...urls];
  const sniffing = { sniffOnStart: true, sniffInterval: sniffEveryMs, sniffOnConnectionFault: true } as const;
  const index = "bench";
  const body = { query: { match_all: {} } };
  switch (name) {
    case "rollcall": {
      const discovery = { intervalMs: sniffEveryMs };
      const pool = createPool({ nodes, redis, name: "bench", threads, discovery, logger: false });
      return () => pool.request({ method: "POST", path: `/${index}/_search`, body });
    }
    case "elasticsearch": {
      // Plain JSON: the fixture answers as an older version than the client asks for.
      const headers = { accept: "application/json", "content-type": "application/json" };
      const client = new ElasticsearchClient({ nodes, ...sniffing, headers });
      return () => client.search({ index, ...body });
    }
    case "opensearch": {
      const client = new OpenSearchClient({ nodes, ...sniffing });
      return () => client.search({ index, body });
    }
  }
}

if (process.send !== undefined) {
  const options = JSON.parse(process.argv[2] ?? "{}") as FollowerOptions;
  const search = startFollower(options);
  process.on("message", () => process.send?.("ready"));
  process.once("disconnect", () => process.exit(0));
  for (;;) {
    await search();
    await sleep(options.restMs);
  }
}

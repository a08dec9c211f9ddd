import { Client as ElasticsearchClient } from "@elastic/elasticsearch";
import { Client as OpenSearchClient } from "@opensearch-project/opensearch";
import { createPool } from "@rollcall/worker";
import { Piscina } from "piscina";
import type { Worker } from "../checkout.js";
import { dispatchAndRead, overPools, query, request } from "./bare-undici.js";

/** One way to search. Every one is given the query as an object. */
export interface Contender {
  /** Gives the answer as an object, on the calling thread. */
  parsed(index: string): Promise<unknown>;
  /** Gives the answer's bytes, for callers that pass them on. Absent where the client has no such thing. */
  readonly bytes?: (index: string) => Promise<Uint8Array>;
  close(): Promise<unknown>;
}

export type Form = "parsed" | "bytes";

/**
 *   undici-dispatch     the floor: one handler, no timeout, no promise but ours
 *   undici-request      what undici's users write
 *   piscina-1-thread    the obvious way to use a thread: `piscina.run` for each request, an undici pool in the thread
 *   rollcall            on the calling thread
 *   rollcall-N-threads  through lanes
 */
export const contenderNames = [
  "undici-dispatch",
  "undici-request",
  "elasticsearch",
  "opensearch",
  "piscina-1-thread",
  "rollcall",
  "rollcall-1-thread",
  "rollcall-2-threads",
] as const;
export type ContenderName = (typeof contenderNames)[number];

/** Those that give bytes. */
export const bytesContenders: ReadonlySet<ContenderName> = new Set<ContenderName>([
  "undici-dispatch",
  "undici-request",
  "piscina-1-thread",
  "rollcall",
  "rollcall-1-thread",
  "rollcall-2-threads",
]);

export function startContender(name: ContenderName, urls: readonly string[]): Contender {
  switch (name) {
    case "undici-dispatch": {
      // Without undici's two timeouts of a request: the floor does nothing that can be left out.
      const { next, close } = overPools(urls, { headersTimeout: 0, bodyTimeout: 0 });
      return {
        parsed: (index) => dispatchAndRead(next(), index, (body) => JSON.parse(body.toString("utf8"))),
        bytes: (index) => dispatchAndRead(next(), index, (body) => body),
        close,
      };
    }
    case "undici-request": {
      const { next, close } = overPools(urls);
      return {
        parsed: async (index) => (await request(next(), index)).json(),
        bytes: async (index) => (await request(next(), index)).bytes(),
        close,
      };
    }
    case "elasticsearch": {
      const client = new ElasticsearchClient({ nodes: [...urls] });
      return { parsed: (index) => client.search({ index, ...query }), close: () => client.close() };
    }
    case "opensearch": {
      const client = new OpenSearchClient({ nodes: [...urls] });
      return {
        parsed: async (index) => (await client.search({ index, body: query })).body,
        close: () => client.close(),
      };
    }
    case "piscina-1-thread": {
      const piscina = new Piscina({
        filename: new URL("./piscina-thread.js", import.meta.url).href,
        minThreads: 1,
        maxThreads: 1,
        // By default a thread has one task at a time, and so one request.
        concurrentTasksPerWorker: 64,
        workerData: { urls },
      });
      return {
        parsed: (index) => piscina.run({ index, query }, { name: "parsed" }),
        bytes: async (index) => new Uint8Array(await piscina.run({ index, query }, { name: "bytes" })),
        close: () => piscina.destroy(),
      };
    }
    case "rollcall":
      return startRollcall({ createPool }, urls, 0);
    case "rollcall-1-thread":
      return startRollcall({ createPool }, urls, 1);
    case "rollcall-2-threads":
      return startRollcall({ createPool }, urls, 2);
  }
}

export function startRollcall(worker: Worker, nodes: readonly string[], threads: number): Contender {
  return contenderOf(worker.createPool({ nodes, threads, discovery: false, logger: false }));
}

export function contenderOf(pool: ReturnType<Worker["createPool"]>): Contender {
  const search = (index: string) => pool.request({ method: "POST", path: `/${index}/_search`, body: query });
  return {
    parsed: async (index) => (await search(index)).json(),
    bytes: async (index) => (await search(index)).bytes(),
    close: () => pool.close(),
  };
}

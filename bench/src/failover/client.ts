// Forked by client-processes.ts: one process of an application, with one client and the searches of its callers. Each
// client is set up to follow the cluster as its documentation recommends.
import { setTimeout as sleep } from "node:timers/promises";
import { Client as ElasticsearchClient } from "@elastic/elasticsearch";
import { Client as OpenSearchClient } from "@opensearch-project/opensearch";
import { workerOf } from "../checkout.js";
import { type ClientContender, startClientFollower } from "../clients/client-follower.js";
import { servedByHeader } from "./haproxy.js";
import { countSniffs } from "./sniff-count.js";
import { index, preference, sniffEveryMs, timeoutMs } from "./terms.js";

export const contenders = ["rollcall", "elasticsearch", "opensearch", "haproxy"] as const;
/** Those, or one of the clients of the repository's own tests, alone or on a pool. */
export type Contender = (typeof contenders)[number] | ClientContender;

/** A process stops after so long, and after so many calls, in any case. */
const loadMaxMs = 600_000;
const callsMax = 200_000;

export interface ClientSettings {
  readonly contender: Contender;
  readonly urls: readonly string[];
  /** Callers: each searches, pauses and searches again. 0: a process without load. */
  readonly slots: number;
  readonly pauseMs: number;
  /** Of Rollcall. */
  readonly threads: number;
  /** A built checkout to take Rollcall from. Default: this repository. */
  readonly checkout?: string;
  /** Where Rollcall's processes share their view, and under which name; without it each has its own. */
  readonly shared?: { readonly redis: string; readonly name: string };
}

/** One search. Times are of the system's clock, which parent and children share. */
export interface Call {
  readonly endedAtMs: number;
  readonly tookMs: number;
  /** Of the node that answered. */
  readonly port?: number;
  /** Why there was no answer with status 200. */
  readonly error?: string;
}

/** A change of state that Rollcall reports. */
export interface NodeChange {
  readonly atMs: number;
  readonly port: number;
  readonly to: string;
}

/** What one process has recorded. */
export interface ProcessTrace {
  readonly calls: readonly Call[];
  readonly changes: readonly NodeChange[];
  /** When it asked for the list of nodes. */
  readonly sniffsAtMs: readonly number[];
  /** Processor time from the first call to the end of the last. */
  readonly cpuMs: number;
}

export interface Follower {
  /** Resolves when the client has found the cluster. */
  ready(): Promise<unknown>;
  /** Searches; resolves with the port of the node that answered. */
  search(): Promise<number>;
}

const query = { query: { match_all: {} } };

async function startFollower(settings: ClientSettings, changes: NodeChange[]): Promise<Follower> {
  const { contender, urls, threads, shared, checkout } = settings;
  switch (contender) {
    case "rollcall": {
      const { createPool } = await workerOf(checkout);
      const pool = createPool({
        nodes: urls,
        threads,
        timeoutMs,
        discovery: { intervalMs: sniffEveryMs },
        logger: false,
        ...shared,
      });
      pool.on("node", ({ address, to }) => changes.push({ atMs: Date.now(), port: portOf(address), to }));
      return {
        ready: () => pool.ready(),
        async search() {
          const path = `/${index}/_search?preference=${preference}`;
          const response = await pool.request({ method: "POST", path, body: query });
          response.throwIfError().json();
          return portOf(response.node);
        },
      };
    }
    case "elasticsearch": {
      const client = new ElasticsearchClient({
        nodes: [...urls],
        requestTimeout: timeoutMs,
        sniffOnStart: true,
        sniffInterval: sniffEveryMs,
        sniffOnConnectionFault: true,
        // Plain JSON: the cluster is of an older version than the client asks for.
        headers: { accept: "application/json", "content-type": "application/json" },
      });
      const search = async () => {
        const { meta } = await client.search({ index, preference, ...query }, { meta: true });
        return Number(meta.connection?.url.port);
      };
      return { ready: search, search };
    }
    case "opensearch": {
      const client = new OpenSearchClient({
        nodes: [...urls],
        requestTimeout: timeoutMs,
        sniffOnStart: true,
        sniffInterval: sniffEveryMs,
        sniffOnConnectionFault: true,
      });
      const search = async () =>
        Number((await client.search({ index, preference, body: query })).meta.connection.url.port);
      return { ready: search, search };
    }
    case "haproxy": {
      // What follows the cluster is HAProxy.
      const client = new ElasticsearchClient({
        nodes: [...urls],
        requestTimeout: timeoutMs,
        headers: { accept: "application/json", "content-type": "application/json" },
      });
      const search = async () => {
        const { headers } = await client.search({ index, preference, ...query }, { meta: true });
        return Number(headers[servedByHeader]);
      };
      return { ready: search, search };
    }
    default:
      return startClientFollower(contender, settings);
  }
}

const portOf = (address: string) => Number(address.slice(address.lastIndexOf(":") + 1));

export type ToClient = "go" | "finish";
export type FromClient = { readonly type: "ready" } | ({ readonly type: "trace" } & ProcessTrace);

if (process.send !== undefined) {
  const settings = JSON.parse(process.argv[2] ?? "{}") as ClientSettings;
  const send = (message: FromClient) => process.send?.(message);
  const changes: NodeChange[] = [];
  const calls: Call[] = [];
  const sniffsAtMs = countSniffs();
  const follower = await startFollower(settings, changes);
  let stopped = false;
  let load: Promise<unknown> = Promise.resolve();
  let cpuBefore = process.cpuUsage();

  const slot = async (position: number) => {
    const { pauseMs, slots } = settings;
    // Spread over the pause: callers that start as one stay as one.
    await sleep((pauseMs * position) / slots);
    const untilMs = Date.now() + loadMaxMs;
    while (!stopped && calls.length < callsMax && Date.now() < untilMs) {
      calls.push(await timed(follower.search));
      await sleep(pauseMs);
    }
  };
  process.on("message", (message: ToClient) => {
    if (message === "go") {
      cpuBefore = process.cpuUsage();
      load = Promise.all(Array.from({ length: settings.slots }, (_, position) => slot(position)));
    } else {
      stopped = true;
      void load.then(() => {
        const { user, system } = process.cpuUsage(cpuBefore);
        send({ type: "trace", calls, changes, sniffsAtMs, cpuMs: (user + system) / 1_000 });
      });
    }
  });
  process.once("disconnect", () => process.exit(0));
  await follower.ready();
  send({ type: "ready" });
}

async function timed(search: () => Promise<number>): Promise<Call> {
  const startedAtMs = performance.now();
  const call = await search().then(
    (port) => ({ port }),
    (error: Error) => ({ error: kindOf(error) }),
  );
  return { ...call, tookMs: performance.now() - startedAtMs, endedAtMs: Date.now() };
}

function kindOf(error: Error): string {
  const detail = "code" in error ? error.code : "statusCode" in error ? error.statusCode : undefined;
  return detail === undefined || detail === null ? error.name : `${error.name} ${detail}`;
}

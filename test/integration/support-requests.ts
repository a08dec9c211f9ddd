import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { searchForCanaries, waitUntil } from "@rollcall/testing";
import {
  addressOf,
  type FixtureCluster,
  type FixtureNode,
  type FixtureOptions,
  nodeAt,
  startFixtureCluster,
} from "@rollcall/testing/fixture";
import { type Pool, type PoolOptions, type PoolRequest, type PoolResponse, RollcallError } from "@rollcall/worker";
import { createPool } from "../support/create-pool.js";
import { isWell } from "../support/node-health.js";

/** For a whole group of tests: far beyond what it needs, so that only a call that never ends reaches it. */
export const patience = { timeout: 300_000 };

export interface Scene {
  readonly cluster: FixtureCluster;
  readonly pool: Pool;
}

export interface SceneOptions {
  readonly cluster?: FixtureOptions;
  readonly pool?: Omit<PoolOptions, "nodes">;
}

/** A fixture cluster and a pool that has found all of its nodes. Both are closed afterwards, whatever happens. */
export async function withPool(options: SceneOptions, work: (scene: Scene) => Promise<void>): Promise<void> {
  await using cluster = await startFixtureCluster(options.cluster);
  await usePool(cluster, options.pool, (pool) => work({ cluster, pool }));
}

/** As {@link withPool}, on a cluster that is there already. */
export async function usePool(
  cluster: FixtureCluster,
  options: Omit<PoolOptions, "nodes"> | undefined,
  work: (pool: Pool) => Promise<void>,
): Promise<void> {
  const tls = cluster.ca === undefined ? {} : { tls: { ca: cluster.ca } };
  const pool = createPool({ nodes: [nodeAt(cluster, 0).url], logger: false, ...tls, ...options });
  try {
    await settled(pool, cluster);
    await work(pool);
  } finally {
    await pool.close({ timeoutMs: 0 });
  }
}

/** Waits until the pool uses every node that the cluster lists, each of them healthy. */
export async function settled(pool: Pool, cluster: FixtureCluster): Promise<void> {
  const wanted = cluster.nodes.map(addressOf).sort();
  await pool.ready();
  await waitUntil("the pool has found every node", () => {
    const found = pool.nodes().filter(({ tier, state, id }) => tier === "node" && isWell(state) && id !== undefined);
    return (
      found
        .map(({ address }) => address)
        .sort()
        .join() === wanted.join()
    );
  });
}

export function statusOf(pool: Pool, node: FixtureNode) {
  const status = pool.nodes().find(({ address }) => address === addressOf(node));
  return status ?? assert.fail(`the pool has no node ${addressOf(node)}`);
}

export const isAvoided = (pool: Pool, node: FixtureNode) => ["down", "ejected"].includes(statusOf(pool, node).state);

export const waitUntilAvoided = (pool: Pool, node: FixtureNode) =>
  waitUntil("the pool sends the node no requests", () => isAvoided(pool, node));

/** The node's part of the next answers that the pool gets, more than so many, while there is load. */
export async function shareOf(pool: Pool, node: FixtureNode, answers: number): Promise<number> {
  const counted = () => ({
    node: statusOf(pool, node).answers,
    total: pool.nodes().reduce((sum, one) => sum + one.answers, 0),
  });
  const before = counted();
  await waitUntil("some time of load", () => counted().total - before.total > answers);
  const after = counted();
  return (after.node - before.node) / (after.total - before.total);
}

/** How many requests of users the cluster has seen; the coordinator's own are not among them. */
export async function requestsSeen(cluster: FixtureCluster): Promise<number> {
  return (await cluster.stats()).requests.other;
}

/** What the call was rejected with; fails if it was not, or with something else than our own error. */
export async function failureOf(call: Promise<unknown>): Promise<RollcallError> {
  const outcome = await call.then(
    () => "it was not rejected",
    (error: unknown) => error,
  );
  assert.ok(outcome instanceof RollcallError, String(outcome));
  searchForCanaries("an error", outcome);
  return outcome;
}

export const search: PoolRequest = { method: "POST", path: "/logs/_search", body: { query: { match_all: {} } } };
/** Class Never. */
export const newDocument: PoolRequest = { method: "POST", path: "/logs/_doc", body: { level: "info" } };
/** Class Repeatable. */
export const sameDocument: PoolRequest = { method: "PUT", path: "/logs/_doc/7", body: { level: "info" } };

/** What arrived at an echo node. */
export interface Echo {
  readonly method: string;
  /** With its query, as it was written. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

/** A lone node that shows every byte it was sent, and a pool that uses it. */
export async function withEcho(work: (pool: Pool) => Promise<void>, options: Partial<PoolOptions> = {}): Promise<void> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method, url, headers, rawHeaders } = request;
    response.setHeader("X-Twice", ["one", "two"]);
    response.end(JSON.stringify({ method, url, headers, rawHeaders, body: Buffer.concat(chunks).toString("base64") }));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const pool = createPool({ nodes: [`http://127.0.0.1:${port}`], discovery: false, logger: false, ...options });
  try {
    await work(pool);
  } finally {
    await pool.close({ timeoutMs: 0 });
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  }
}

export interface Load {
  readonly answered: number;
  /** The requests that were not answered with 2xx. */
  readonly failures: readonly string[];
  /** Ends it once the requests in flight are done, and resolves to the outcome. */
  stop(): Promise<Pick<Load, "answered" | "failures">>;
}

/** The outcome of one request. */
export type Asked = { readonly answer: PoolResponse } | { readonly error: unknown };

/**
 * Sends a request again and again in so many slots at once, with a short rest after each, until the pool is closed.
 * What is returned ends it, once the requests in flight are done.
 */
export function askInSlots(
  pool: Pool,
  slots: number,
  request: PoolRequest,
  note: (asked: Asked, tookMs: number) => void,
): () => Promise<void> {
  let stopped = false;
  const slot = async () => {
    while (!stopped) {
      const beganMs = performance.now();
      const asked: Asked = await pool.request(request).then(
        (answer) => ({ answer }),
        (error: unknown) => ({ error }),
      );
      note(asked, performance.now() - beganMs);
      if ("error" in asked && asked.error instanceof RollcallError && asked.error.code === "CLOSED") return;
      await sleep(20);
    }
  };
  const running = Promise.all(Array.from({ length: slots }, slot));
  return async () => {
    stopped = true;
    await running;
  };
}

/** A load that counts what is answered, and keeps what is not as text. */
export function startLoad(pool: Pool, slots: number, request: PoolRequest = search): Load {
  const failures: string[] = [];
  let answered = 0;
  const stop = askInSlots(pool, slots, request, (asked) => {
    if ("error" in asked) {
      const { error } = asked;
      failures.push(error instanceof RollcallError ? `${error.code} ${JSON.stringify(error.attempts)}` : String(error));
    } else if (asked.answer.ok) answered++;
    else failures.push(`${asked.answer.status} from ${asked.answer.node}`);
  });
  return {
    get answered() {
      return answered;
    },
    failures,
    async stop() {
      await stop();
      return { answered, failures };
    },
  };
}

import assert from "node:assert/strict";
import { waitUntil } from "@rollcall/testing";
import type { EngineCluster, EngineNode } from "@rollcall/testing/engines";
import { startRedis } from "@rollcall/testing/redis";
import { createPool, type Pool, type PoolOptions, type PoolStats } from "@rollcall/worker";
import { startCoordinatorProcess } from "../support/coordinator-process.js";
import { type Replica, startReplica } from "../support/replica/index.js";

/** Real nodes start slowly on a small machine; nothing here asserts speed. */
export const patient = { timeoutMs: 120_000, everyMs: 200 } as const;
export const engineTimeout = { timeout: 700_000 } as const;

/** `npm run test:engines` runs what is left out of `npm test`, and larger clusters. */
export const isFullMatrix = process.env.ROLLCALL_TEST_ENGINES === "all";

/** On the node's own copy of the shard: no client can shorten what a node waits for at a frozen neighbour. */
export const search = {
  method: "POST",
  path: "/things/_search",
  query: { preference: "_local", ignore_unavailable: true },
  body: { query: { match_all: {} } },
} as const;

export function openPool(options: PoolOptions): Pool {
  return createPool({ logger: false, ...options });
}

export function nodeAt(cluster: EngineCluster, position: number): EngineNode {
  const node = cluster.nodes[position];
  assert.ok(node);
  return node;
}

export const addressOf = ({ address }: EngineNode) => address;

interface Shown {
  readonly nodes: PoolStats["nodes"];
}

const statusIn = ({ nodes }: Shown, node: EngineNode) => nodes.find(({ address }) => address === addressOf(node));

/** Waits until the cluster's own list has named each of these nodes, and none of them is down. */
export async function waitForMembers(pool: Pool, nodes: readonly EngineNode[]): Promise<void> {
  const isMember = (node: EngineNode) => {
    const status = statusIn({ nodes: pool.nodes() }, node);
    return status?.tier === "node" && status.state !== "down";
  };
  await waitUntil(`the pool uses ${nodes.map(addressOf).join(", ")}`, () => nodes.every(isMember), patient);
}

/** Creates the index that `search` reads, with a copy on every node, and waits until all copies are there. */
export async function createIndex(pool: Pool): Promise<void> {
  const settings = { number_of_shards: 1, auto_expand_replicas: "0-all" };
  const created = await pool.request({ method: "PUT", path: "/things", body: { settings }, timeoutMs: 60_000 });
  assert.equal(created.status, 200, created.text());
  const document = { method: "PUT", path: "/things/_doc/1", body: { n: 1 }, query: { refresh: true } } as const;
  assert.equal((await pool.request({ ...document, timeoutMs: 60_000 })).status, 201);
  await waitUntilGreen(pool);
}

export async function waitUntilGreen(pool: Pool): Promise<void> {
  const query = { wait_for_status: "green", wait_for_no_relocating_shards: true, timeout: "60s" };
  await pool.request({ method: "GET", path: "/_cluster/health", query, timeoutMs: 70_000 });
}

/** Searches until each of these nodes has answered more than so many requests. */
export async function searchUntilServed(pool: Pool, nodes: readonly EngineNode[], more: number): Promise<void> {
  const served = (node: EngineNode) => (statusIn({ nodes: pool.nodes() }, node)?.answers ?? 0) > more;
  await waitUntil(
    "every node has answered",
    async () => {
      const answers = await Promise.all(Array.from({ length: 6 }, () => pool.request(search)));
      for (const { status } of answers) assert.equal(status, 200);
      return nodes.every(served);
    },
    patient,
  );
}

/**
 * Processes under a load of searches: two that share a view over Redis, kept by `rollcall coordinator`, one of them
 * with threads; and one that monitors the cluster for itself.
 */
export interface Fleet extends AsyncDisposable {
  waitUntilUsed(node: EngineNode): Promise<void>;
  waitUntilAvoided(node: EngineNode): Promise<void>;
  waitUntilDown(node: EngineNode): Promise<void>;
  /** Closes every process. @throws if a search was lost, or the coordinator has logged an error */
  close(): Promise<void>;
}

export async function startFleet(cluster: EngineCluster): Promise<Fleet> {
  const redis = await startRedis();
  const seed = { nodes: [nodeAt(cluster, 0).url] };
  const shared = { ...seed, redis: redis.url, name: "engine" };
  const coordinator = await startCoordinatorProcess(shared);
  const load = { slots: 3, pauseMs: 200, request: search };
  const replicas: Replica[] = [];
  for (const pool of [
    { ...shared, coordinator: "external", threads: 2 },
    { ...shared, coordinator: "external", threads: 0 },
    { ...seed, discovery: { intervalMs: 2_000 }, threads: 0 },
  ] as const) {
    replicas.push(await startReplica({ pool, load }));
  }
  const everywhere = async (what: string, holds: (stats: PoolStats, at: number) => boolean): Promise<void> => {
    const all = async () => (await Promise.all(replicas.map((replica) => replica.ask("stats")))).every(holds);
    await waitUntil(`every process says: ${what}`, all, patient);
  };
  const waitForState = (node: EngineNode, states: readonly string[]) =>
    everywhere(`${node.name} is ${states.join(" or ")}`, (stats) =>
      states.includes(statusIn(stats, node)?.state ?? "absent"),
    );
  return {
    async waitUntilUsed(node) {
      await waitForState(node, ["healthy", "penalized", "slow-start"]);
      const answers = (stats: PoolStats) => statusIn(stats, node)?.answers ?? 0;
      const before = (await Promise.all(replicas.map((replica) => replica.ask("stats")))).map(answers);
      await everywhere(`${node.name} answers`, (stats, at) => answers(stats) > (before[at] ?? 0) + 5);
    },
    waitUntilAvoided: (node) => waitForState(node, ["down", "ejected", "draining", "absent"]),
    waitUntilDown: (node) => waitForState(node, ["down"]),
    async close() {
      for (const replica of replicas) {
        const tally = await replica.ask("tally");
        assert.deepEqual(tally.failures, []);
        assert.ok(tally.answered > 100);
        await replica.close();
      }
      const errors = coordinator.log.filter(({ level }) => level >= 50);
      assert.deepEqual(errors, []);
    },
    async [Symbol.asyncDispose]() {
      for (const part of [...replicas, coordinator, redis]) await part[Symbol.asyncDispose]();
    },
  };
}

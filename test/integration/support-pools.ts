import assert from "node:assert/strict";
import { inspect } from "node:util";
import { type CollectingLogger, collectingLogger, waitUntil } from "@rollcall/testing";
import type { FixtureCluster, FixtureNode } from "@rollcall/testing/fixture";
import { addressOf } from "@rollcall/testing/fixture";
import type { Pool, PoolOptions, PoolResponse } from "@rollcall/worker";
import { createPool } from "../support/create-pool.js";

/** Asks the cluster for its nodes as often as the options allow. */
export const often = { intervalMs: 1_000 } as const;

export interface WatchedPool extends AsyncDisposable {
  readonly pool: Pool;
  readonly log: CollectingLogger;
  /** All output of the pool so far: log lines, events, and what its methods return. */
  shown(): string;
}

/** A pool whose log lines and events are kept. Its errors are not: see {@link failureOf}. */
export function watchPool(options: PoolOptions): WatchedPool {
  const log = collectingLogger();
  const events: unknown[] = [];
  const pool = createPool({ logger: log, ...options });
  pool.on("node", (event) => events.push(event));
  pool.on("view", (event) => events.push(event));
  pool.on("degraded", (event) => events.push(event));
  return {
    pool,
    log,
    shown: () => [log.text(), ...[...events, pool.nodes(), pool.stats(), pool.config()].map(asText)].join("\n"),
    [Symbol.asyncDispose]: () => pool.close({ timeoutMs: 0 }),
  };
}

/** A value in every form in which values end up in logs. */
export function asText(value: unknown): string {
  const inspected = inspect(value, { depth: null, showHidden: true, maxStringLength: null });
  return [inspected, JSON.stringify(value), String(value), value instanceof Error ? value.stack : ""].join("\n");
}

export const addressesOf = (nodes: readonly FixtureNode[]) => nodes.map(addressOf).sort();

/** The addresses that the cluster itself names, as far as the pool has taken them over. */
export const memberAddresses = (pool: Pool) =>
  pool
    .nodes()
    .filter(({ tier }) => tier === "node")
    .map(({ address }) => address)
    .sort();

export function statusOf(pool: Pool, address: string) {
  return pool.nodes().find((node) => node.address === address);
}

/** Waits until these nodes, and no others, are the members of the pool, as the cluster lists them. */
export async function waitForMembers(pool: Pool, nodes: readonly FixtureNode[]): Promise<void> {
  const wanted = addressesOf(nodes).join();
  await waitUntil(
    `the members are ${wanted}`,
    () => pool.stats().view?.source === "sniff" && memberAddresses(pool).join() === wanted,
  );
}

/** One search, which must succeed. */
export async function search(pool: Pool): Promise<PoolResponse> {
  const found = await pool.request({ method: "POST", path: "/logs/_search", body: { size: 1 } });
  assert.equal(found.status, 200);
  return found;
}

export async function searches(pool: Pool, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, () => search(pool)));
}

/** How many requests of the pool's users have reached the node; probes and sniffs are not among them. */
export async function servedBy(node: FixtureNode): Promise<number> {
  return (await node.counts()).requests.other;
}

/** Searches until each of these nodes has served one more. */
export async function waitUntilServing(pool: Pool, nodes: readonly FixtureNode[]): Promise<void> {
  const before = await Promise.all(nodes.map(servedBy));
  await waitUntil(`every one of ${nodes.map(({ name }) => name)} serves`, async () => {
    await search(pool);
    const now = await Promise.all(nodes.map(servedBy));
    return now.every((served, at) => served > (before[at] ?? 0));
  });
}

/** Many searches, of which none may reach the node. */
export async function assertUnused(pool: Pool, node: FixtureNode): Promise<void> {
  const before = await servedBy(node);
  for (let round = 0; round < 5; round++) await searches(pool, 10);
  assert.equal(await servedBy(node), before, `${node.name} was sent a request`);
}

/** Waits until the cluster has been asked for its nodes so many times more. */
export async function waitForSniffs(cluster: FixtureCluster, more: number): Promise<void> {
  const sniffs = async () => (await cluster.stats()).requests.sniff;
  const before = await sniffs();
  await waitUntil(`${more} more sniffs`, async () => (await sniffs()) >= before + more);
}

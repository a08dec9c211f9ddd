import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { waitUntil } from "@rollcall/testing";
import { type EngineNode, startEngine } from "@rollcall/testing/engines";
import { own } from "@rollcall/testing/processes";
import { startRedis } from "@rollcall/testing/redis";
import type { NodeEvent } from "@rollcall/worker";
import { pit } from "rollcall/helpers";
import { addressOf, createIndex, nodeAt, openPool, patient, search, waitUntilGreen } from "../engine/support-engine.js";
import { startCoordinatorProcess } from "../support/coordinator-process.js";
import { isWell } from "../support/node-health.js";
import { type Replica, startReplica } from "../support/replica/index.js";

// The tests run from test/dist/drains.
const program = fileURLToPath(new URL("../../../packages/cli/dist/main.js", import.meta.url));
const writersPerReplica = 2;
const betweenWritesMs = 40;
const index = { shards: 3, copies: 1 };

/** The figures of a run go to standard output. */
it("a rolling restart with drains loses no search and no write, and each document is there once", {
  timeout: 900_000,
}, async () => {
  await using redis = await startRedis();
  await using cluster = await startEngine({ kind: "opensearch", onProgress: (line) => console.log(line) });
  await using pool = openPool({ nodes: [...cluster.urls] });
  await createIndex(pool);
  const settings = { number_of_shards: index.shards, number_of_replicas: index.copies };
  const mappings = { properties: { n: { type: "keyword" } } };
  await pool.request({ method: "PUT", path: "/written", body: { settings, mappings }, timeoutMs: 60_000 });
  await waitUntilGreen(pool);

  const view = { nodes: [...cluster.urls], redis: redis.url, name: "engine" };
  await using coordinator = await startCoordinatorProcess(view);
  const load = { slots: 3, pauseMs: 60, request: search };
  await using threaded = await startReplica({ pool: { ...view, coordinator: "external", threads: 2 }, load });
  await using plain = await startReplica({ pool: { ...view, coordinator: "external", threads: 0 }, load });
  await using candidate = await startReplica({ pool: { ...view, coordinator: "candidate", threads: 0 }, load });
  const replicas = [threaded, plain, candidate];
  const statusOf = async (replica: Replica, node: EngineNode) =>
    (await replica.ask("nodes")).find(({ address }) => address === addressOf(node));
  const attemptsAt = async (node: EngineNode) => {
    const counts = await Promise.all(replicas.map(async (replica) => (await statusOf(replica, node))?.requests ?? 0));
    return counts.reduce((sum, count) => sum + count, 0);
  };
  const waitUntilUsed = (node: EngineNode) => {
    const isUsed = async (replica: Replica) => isWell((await statusOf(replica, node))?.state);
    return waitUntil(
      `${node.name} is used`,
      async () => (await Promise.all(replicas.map(isUsed))).every(Boolean),
      patient,
    );
  };
  for (const node of cluster.nodes) await waitUntilUsed(node);
  for (const replica of replicas) await replica.ask("forget tally");

  const written: string[] = [];
  const failed: string[] = [];
  let slowestMs = 0;
  let isOver = false;
  const writer = async (replica: Replica, name: string) => {
    for (let count = 0; !isOver; count++) {
      const n = `${name}-${count}`;
      const beganMs = performance.now();
      // Without an id: of class Never, and so never sent twice.
      const answer = await replica.request({ method: "POST", path: "/written/_doc", body: { n }, timeoutMs: 60_000 });
      slowestMs = Math.max(slowestMs, performance.now() - beganMs);
      if ("status" in answer && answer.status === 201) written.push(n);
      else failed.push(`${n}: ${JSON.stringify(answer)}`);
      await sleep(betweenWritesMs);
    }
  };
  const writing = replicas.flatMap((replica, at) =>
    Array.from({ length: writersPerReplica }, (_, slot) => writer(replica, `${at}-${slot}`)),
  );

  /** Moves all shards off the node of that name, and resolves when all copies are where they belong. */
  const allocateWithout = async (name: string) => {
    const transient = { "cluster.routing.allocation.exclude._name": name };
    await pool.request({ method: "PUT", path: "/_cluster/settings", body: { transient }, timeoutMs: 60_000 });
    const shardsLeft = async () => {
      const shards = await pool.request<readonly { readonly node: string | null }[]>({
        ...{ method: "GET", path: "/_cat/shards", query: { format: "json" }, timeoutMs: 60_000 },
      });
      return shards.json().filter(({ node }) => node?.split(" ")[0] === name).length;
    };
    await waitUntil(`no shard is left on ${name}`, async () => (await shardsLeft()) === 0, patient);
    await waitUntilGreen(pool);
  };

  for (const position of cluster.nodes.keys()) {
    const node = nodeAt(cluster, position);
    const askedMs = performance.now();
    const drain = await rollcall(
      redis.url,
      "drain",
      node.name,
      "--for",
      "10m",
      "--reason",
      "restart",
      "--wait",
      "--json",
    );
    assert.equal(drain.code, 0, drain.said);
    const { untilMs, wait } = JSON.parse(drain.said);
    const obeyedMs = replicas.map(({ events }) => {
      const isOfDrain = ({ address, to }: NodeEvent) => address === addressOf(node) && to === "draining";
      const event = events.findLast(({ name, event }) => name === "node" && isOfDrain(event as NodeEvent));
      return Math.round((event?.atMs ?? Number.NaN) - (untilMs - 600_000));
    });
    console.log(
      `${node.name}: obeyed ${obeyedMs.join(", ")} ms after it was decided; ` +
        `${wait.inFlight} in flight on ${wait.replicas} replicas ${Math.round(performance.now() - askedMs)} ms after the command`,
    );
    const before = await attemptsAt(node);
    // The engine's own part: a write whose primary stops in the middle is answered 409 by another node's second attempt.
    await allocateWithout(node.name);
    await node.stop();
    await node.start();
    await cluster.waitForNodes(cluster.nodes.length);
    await allocateWithout("");
    assert.equal(await attemptsAt(node), before, `${node.name} got a request although it was drained`);
    assert.equal((await rollcall(redis.url, "undrain", node.name)).code, 0);
    await waitUntilUsed(node);
    await waitUntil(`${node.name} gets requests`, async () => (await attemptsAt(node)) > before + 20, patient);
  }

  isOver = true;
  await Promise.all(writing);
  const tallies = await Promise.all(replicas.map((replica) => replica.ask("tally")));
  const answered = tallies.reduce((sum, tally) => sum + tally.answered, 0);
  const slowestSearchMs = Math.round(Math.max(...tallies.map((tally) => tally.slowestMs)));
  console.log(
    `${answered} searches, the slowest in ${slowestSearchMs} ms; ${written.length} writes, ${Math.round(slowestMs)} ms`,
  );
  assert.deepEqual([failed, tallies.flatMap(({ failures }) => failures)], [[], []]);
  await pool.request({ method: "POST", path: "/written/_refresh", timeoutMs: 60_000 });
  const found: string[] = [];
  for await (const { hits } of pit<{ n: string }>(pool, { index: "written", size: 1_000, timeoutMs: 60_000 }).pages()) {
    found.push(...hits.map(({ _source }) => _source?.n ?? ""));
  }
  assert.deepEqual(found.sort(), written.sort());
  assert.ok(answered > 1_000 && written.length > 500, "there was a load");
  for (const replica of replicas) await replica.close();
  assert.deepEqual(
    coordinator.log.filter(({ level }) => level >= 50),
    [],
  );
});

async function rollcall(redis: string, ...words: readonly string[]): Promise<{ code: number | null; said: string }> {
  const { PATH } = process.env;
  const child = spawn(process.execPath, [program, ...words], {
    env: { PATH, ROLLCALL_REDIS: redis, ROLLCALL_NAME: "engine" },
  });
  const owned = await own(child);
  const [said, { code }] = await Promise.all([text(child.stdout), owned.gone]);
  return { code, said };
}

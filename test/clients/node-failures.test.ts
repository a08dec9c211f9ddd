import assert from "node:assert/strict";
import { it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { waitUntil } from "@rollcall/testing";
import { type EngineCluster, type EngineNode, startEngine } from "@rollcall/testing/engines";
import type { Pool } from "@rollcall/worker";
import { createPool } from "rollcall";
import { type TestedClient, testedClients } from "./clients.js";
import { clientsOfEngines } from "./engine-clients.js";
import { isFullMatrix } from "./full-matrix.js";

const index = "failures";
/** The node answers from its own shard copy: otherwise the cluster itself would wait for the node that is frozen. */
const search = () => ({ method: "POST", path: `/${index}/_search?preference=_local`, body: { size: 1 } });
const callers = 4;
/** Between two searches of a caller: the engine and the pools share the processors. */
const pauseMs = 10;
/** Of each client, while a node is away and again when it is back. */
const searchesEach = 100;
const failuresShown = 10;

for (const { kind, clients } of clientsOfEngines) {
  const what = `on the real engine ${kind}, no search of a client on a pool fails`;
  it(`${what} while a node is frozen, and while one is killed`, { skip: !isFullMatrix }, async () => {
    await using cluster = await startEngine({ kind });
    await fill(cluster);
    const node = await notElected(cluster);
    const loads: Load[] = [];
    try {
      for (const tested of testedClients.filter(({ name }) => clients.test(name))) {
        for (const threads of [0, 2]) loads.push(await startLoad(tested, threads, cluster.urls));
      }
      await allReach(loads, node, ["healthy", "penalized", "slow-start"]);
      node.pause();
      await allReach(loads, node, ["ejected", "down"]);
      await allSearch(loads);
      node.resume();
      await allReach(loads, node, ["healthy", "penalized", "slow-start"]);
      await node.kill();
      await allReach(loads, node, ["ejected", "down"]);
      await allSearch(loads);
      await node.start();
      await allReach(loads, node, ["healthy", "penalized", "slow-start"]);
      await allSearch(loads);
    } finally {
      await Promise.all(loads.map((load) => load.end()));
    }
    assert.deepEqual(
      loads.flatMap(({ name, failures }) => failures.map((failure) => `${name}: ${failure}`)),
      [],
    );
  });
}

interface Load {
  readonly name: string;
  readonly pool: Pool;
  readonly failures: readonly string[];
  answered(): number;
  /** Resolves when the last search has ended and the pool is closed. */
  end(): Promise<void>;
}

/** Callers that search again as soon as they have an answer. */
async function startLoad(tested: TestedClient, threads: number, urls: readonly string[]): Promise<Load> {
  const pool = createPool({ nodes: [...urls], threads, logger: false });
  await pool.ready();
  const client = new (tested.load().Client)(tested.onPool(pool));
  const failures: string[] = [];
  let answered = 0;
  let hasEnded = false;
  const call = async () => {
    while (!hasEnded && failures.length < failuresShown) {
      try {
        await client.transport.request(search());
        answered++;
      } catch (error) {
        failures.push(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
      }
      await sleep(pauseMs);
    }
  };
  const calls = Array.from({ length: callers }, call);
  return {
    name: `${tested.name}, ${threads} threads`,
    pool,
    failures,
    answered: () => answered,
    async end() {
      hasEnded = true;
      await Promise.all(calls);
      await pool.close();
    },
  };
}

async function allReach(loads: readonly Load[], { port }: EngineNode, states: readonly string[]): Promise<void> {
  for (const { name, pool } of loads) {
    const state = () => pool.nodes().find(({ address }) => address.endsWith(`:${port}`))?.state ?? "absent";
    await waitUntil(`the node is ${states.join(" or ")} for ${name}`, () => states.includes(state()));
  }
}

async function allSearch(loads: readonly Load[]): Promise<void> {
  for (const { name, failures, answered } of loads) {
    const from = answered();
    const isDone = () => answered() >= from + searchesEach || failures.length > 0;
    await waitUntil(`${name} has searched ${searchesEach} times`, isDone);
  }
}

/** One shard, with a copy on every node. */
async function fill(cluster: EngineCluster): Promise<void> {
  await send(cluster, "PUT", `/${index}`, { settings: { number_of_shards: 1, number_of_replicas: 2 } });
  await send(cluster, "POST", `/${index}/_doc?refresh=true`, { n: 1 });
  await send(cluster, "GET", `/_cluster/health/${index}?wait_for_status=green&timeout=60s`);
}

/** An election is not what is tested. */
async function notElected(cluster: EngineCluster): Promise<EngineNode> {
  const [elected] = (await send(cluster, "GET", "/_cat/master?format=json")) as { readonly node: string }[];
  const node = cluster.nodes.find(({ name }) => name !== elected?.node);
  assert.ok(node !== undefined);
  return node;
}

async function send({ urls }: EngineCluster, method: string, path: string, body?: object): Promise<unknown> {
  const answer = await fetch(`${urls[0]}${path}`, {
    method,
    headers: { "content-type": "application/json" },
    body: body === undefined ? null : JSON.stringify(body),
  });
  const answered = await answer.json();
  assert.ok(answer.ok, JSON.stringify(answered));
  return answered;
}

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { waitUntil } from "@rollcall/testing";
import { type FixtureNode, nodeAt, startFixtureCluster } from "@rollcall/testing/fixture";
import { startRedis } from "@rollcall/testing/redis";
import { type Replica, startReplica } from "../support/replica/index.js";
import {
  closeAll,
  failuresOf,
  load,
  scenarioTimeout,
  search,
  waitForState,
  waitUntilAllUp,
  waitUntilServed,
} from "./support-faults.js";

/** Two such clusters, with seven processes each, run at once. */
const light = { ...load, pauseMs: 90 };

/** One process without Redis, and fleets of one, two and three processes that share a view and may lead. */
async function startFleets(nodes: readonly string[], redis: string): Promise<Replica[] & AsyncDisposable> {
  const sizes = [1, 2, 3];
  const shared = sizes.flatMap((size) => Array.from({ length: size }, () => ({ redis, name: `fleet-of-${size}` })));
  const replicas = await Promise.all(
    [{}, ...shared].map((view, at) =>
      startReplica({ pool: { nodes: [...nodes], ...view, threads: at % 2 }, load: light }),
    ),
  );
  return Object.assign(replicas, {
    [Symbol.asyncDispose]: async () => {
      await Promise.all(replicas.map((replica) => replica[Symbol.asyncDispose]()));
    },
  });
}

async function waitUntilAllServeFrom(replicas: readonly Replica[], node: FixtureNode): Promise<void> {
  const answersOf = async (replica: Replica) => {
    const { nodes } = await replica.ask("stats");
    return nodes.find(({ address }) => address === `${node.host}:${node.port}`)?.answers ?? 0;
  };
  const before = await Promise.all(replicas.map(answersOf));
  await waitUntil("every replica is served by the node again", async () =>
    (await Promise.all(replicas.map(answersOf))).every((count, at) => count > (before[at] ?? 0)),
  );
}

describe("fleet sizes", { ...scenarioTimeout, concurrency: 2 }, () => {
  it("a killed node of two is down for fleets of one, two and three, costs no Read, and is used after its return", async () => {
    await using redis = await startRedis();
    await using cluster = await startFixtureCluster({ nodes: 2 });
    await using replicas = await startFleets(cluster.urls, redis.url);
    await waitUntilAllUp(replicas, cluster.nodes);
    await waitUntilServed(replicas);
    const killed = nodeAt(cluster, 1);
    await killed.kill();
    await waitForState(replicas, [killed], ["down"]);
    await killed.restart();
    await waitForState(replicas, [killed], ["slow-start", "healthy"]);
    await waitUntilAllServeFrom(replicas, killed);
    assert.deepEqual(await failuresOf(replicas), []);
    await closeAll(replicas);
  });

  it("while the only node is dead, requests fail with NO_NODE unsent, and they go on once it is back", async (t) => {
    await using redis = await startRedis();
    await using cluster = await startFixtureCluster({ nodes: 1 });
    await using replicas = await startFleets(cluster.urls, redis.url);
    await waitUntilAllUp(replicas, cluster.nodes);
    await waitUntilServed(replicas);
    assert.deepEqual(await failuresOf(replicas), []);
    const only = nodeAt(cluster, 0);
    await only.kill();
    await waitForState(replicas, [only], ["down"]);
    const write = { method: "POST", path: "/w/_doc", body: {} } as const;
    for (const answer of await Promise.all(replicas.map((replica) => replica.request(write)))) {
      assert.equal("code" in answer && `${answer.code} ${answer.sent}`, "NO_NODE no");
    }
    // Reads that were on the node when it died had been sent, and were retried for as long.
    for (const failure of await failuresOf(replicas)) assert.match(failure, /^(?:NO_NODE|DISCONNECTED) /);

    await only.restart();
    const backMs = performance.now();
    await waitUntilServed(replicas, 1);
    // Requests recover at once: while every node is ejected, all are tried all the same.
    t.diagnostic(`requests went on ${Math.round(performance.now() - backMs)} ms after the node's return`);
    await waitForState(replicas, [only], ["slow-start", "healthy"]);
    await Promise.all(replicas.map((replica) => replica.ask("forget tally")));
    await waitUntilServed(replicas);
    const found = await Promise.all(replicas.map((replica) => replica.request(search)));
    for (const answer of found) assert.equal("status" in answer && answer.status, 200);
    assert.deepEqual(await failuresOf(replicas), []);
    await closeAll(replicas);
  });
});

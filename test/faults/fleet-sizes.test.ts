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
  night,
  search,
  waitForState,
  waitUntilAllUp,
  waitUntilServed,
} from "./support-night.js";

/** Three such clusters, with seven processes each, run at once. */
const light = { ...load, pauseMs: 40 };

/** One process without Redis, and fleets of one, two and three that share a view each; nobody but they keeps it. */
async function startFleets(nodes: readonly string[], redis: string): Promise<Replica[]> {
  const sizes = [1, 2, 3];
  const shared = sizes.flatMap((size) => Array.from({ length: size }, () => ({ redis, name: `fleet-of-${size}` })));
  return Promise.all(
    [{}, ...shared].map((view, at) =>
      startReplica({ pool: { nodes: [...nodes], ...view, threads: at % 2 }, load: light }),
    ),
  );
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

describe("a killed node", { ...night, concurrency: 3 }, () => {
  for (const size of [2, 3]) {
    it(`of ${size} is down for fleets of one, two and three, costs no Read, and is back after its return`, async () => {
      await using redis = await startRedis();
      await using cluster = await startFixtureCluster({ nodes: size });
      const replicas = await startFleets(cluster.urls, redis.url);
      try {
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
      } finally {
        await Promise.all(replicas.map((replica) => replica[Symbol.asyncDispose]()));
      }
    });
  }

  it("that is the only one fails requests honestly while it is gone, and they go on by themselves once it is back", async (t) => {
    await using redis = await startRedis();
    await using cluster = await startFixtureCluster({ nodes: 1 });
    const replicas = await startFleets(cluster.urls, redis.url);
    try {
      await waitUntilAllUp(replicas, cluster.nodes);
      await waitUntilServed(replicas);
      assert.deepEqual(await failuresOf(replicas), []);
      const only = nodeAt(cluster, 0);
      await only.kill();
      await waitForState(replicas, [only], ["down"]);
      const asked = await Promise.all(
        replicas.map((replica) => replica.request({ method: "POST", path: "/w/_doc", body: {} })),
      );
      for (const answer of asked) assert.equal("code" in answer && `${answer.code} ${answer.sent}`, "NO_NODE no");
      // Those that were on the node when it died have had bytes sent, and kept knocking for as long.
      for (const failure of await failuresOf(replicas)) assert.match(failure, /^(?:NO_NODE|DISCONNECTED) /);

      await only.restart();
      const backMs = performance.now();
      await waitUntilServed(replicas, 1);
      // An application waits for no more than its own next try: while all are avoided, all are tried all the same.
      t.diagnostic(`requests went on ${Math.round(performance.now() - backMs)} ms after the node's return`);
      await waitForState(replicas, [only], ["slow-start", "healthy"]);
      await Promise.all(replicas.map((replica) => replica.ask("forget tally")));
      await waitUntilServed(replicas);
      const found = await Promise.all(replicas.map((replica) => replica.request(search)));
      for (const answer of found) assert.equal("status" in answer && answer.status, 200);
      assert.deepEqual(await failuresOf(replicas), []);
      await closeAll(replicas);
    } finally {
      await Promise.all(replicas.map((replica) => replica[Symbol.asyncDispose]()));
    }
  });
});

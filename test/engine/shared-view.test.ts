import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { PoolStats } from "@rollcall/worker";
import { startCoordinatorProcess } from "../support/coordinator-process.js";
import { type EngineNode, startEngine } from "../support/engines/index.js";
import { startRedis } from "../support/redis/index.js";
import { type Replica, startReplica } from "../support/replica/index.js";
import { waitUntil } from "../support/wait-until.js";

const patient = { timeoutMs: 120_000 } as const;
const search = { method: "POST", path: "/things/_search", body: { query: { match_all: {} } } } as const;

const standing = ({ nodes }: PoolStats, { port }: EngineNode) =>
  nodes.find(({ address }) => address === `127.0.0.1:${port}`);

async function everyReplica(
  replicas: readonly Replica[],
  what: string,
  holds: (stats: PoolStats) => boolean,
): Promise<void> {
  await waitUntil(what, async () => (await Promise.all(replicas.map((one) => one.ask("stats")))).every(holds), patient);
}

describe("a view shared over Redis, on a real cluster", { timeout: 600_000 }, () => {
  it("follows nodes that join, die and come back, for every thread of every replica, and loses no search", async () => {
    await using cluster = await startEngine({ kind: "opensearch", onProgress: (line) => console.log(line) });
    await using redis = await startRedis();
    const [first, second] = cluster.nodes;
    assert.ok(first !== undefined && second !== undefined);
    const shared = { nodes: [first.url], redis: redis.url, name: "engine" };
    await using coordinator = await startCoordinatorProcess(shared);
    const pool = { ...shared, coordinator: "external", threads: 2 } as const;
    const load = { slots: 4, pauseMs: 20, request: search };
    await using filler = await startReplica({ pool });
    const settings = { number_of_shards: 1, number_of_replicas: 2 };
    await filler.request({ method: "PUT", path: "/things", body: { settings } });
    await filler.request({ method: "PUT", path: "/things/_doc/1", body: { n: 1 }, query: { refresh: true } });
    await filler.request({
      method: "GET",
      path: "/_cluster/health",
      query: { wait_for_status: "green", timeout: "30s" },
    });
    await filler.close();

    await using one = await startReplica({ pool, load });
    await using two = await startReplica({ pool, load });
    const replicas = [one, two];
    const isUp = (stats: PoolStats, node: EngineNode) => /up|ramp/.test(standing(stats, node)?.state ?? "");
    await everyReplica(replicas, "all three are used", (stats) =>
      cluster.nodes.every((node) => isUp(stats, node) && (standing(stats, node)?.answers ?? 0) > 10),
    );

    const joined = await cluster.addNode();
    await everyReplica(
      replicas,
      "the node that joined is used",
      (stats) => (standing(stats, joined)?.answers ?? 0) > 10,
    );

    await second.kill();
    await everyReplica(replicas, "the killed node is down", (stats) => standing(stats, second)?.state === "down");
    await second.start();
    await everyReplica(replicas, "it is back", (stats) => isUp(stats, second));

    for (const replica of replicas) {
      const tally = await replica.ask("tally");
      assert.deepEqual(tally.failures, []);
      assert.ok(tally.answered > 100);
      await replica.close();
    }
    assert.deepEqual(
      coordinator.log.filter(({ level }) => level >= 50),
      [],
    );
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { waitUntil } from "@rollcall/testing";
import { type EngineKind, type EngineNode, startEngine } from "@rollcall/testing/engines";
import { startRedis } from "@rollcall/testing/redis";
import type { PoolStats } from "@rollcall/worker";
import { startCoordinatorProcess } from "../support/coordinator-process.js";
import { type Replica, startReplica } from "../support/replica/index.js";

const patient = { timeoutMs: 120_000 } as const;
/** On the node's own copy of the shard: what a node waits for at a frozen neighbour, no client can help. */
const search = {
  method: "POST",
  path: "/things/_search",
  query: { preference: "_local" },
  body: { query: { match_all: {} } },
} as const;

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
  for (const kind of ["opensearch", "elasticsearch"] as const satisfies readonly EngineKind[]) {
    it(`of ${kind} follows nodes that freeze, join, die and restart one after the other, and loses no search`, async () => {
      await using cluster = await startEngine({ kind, onProgress: (line) => console.log(line) });
      await using redis = await startRedis();
      const [first, second, third] = cluster.nodes;
      assert.ok(first !== undefined && second !== undefined && third !== undefined);
      const shared = { nodes: [first.url], redis: redis.url, name: "engine" };
      await using coordinator = await startCoordinatorProcess(shared);
      const pool = { ...shared, coordinator: "external", threads: 2 } as const;
      await using filler = await startReplica({ pool });
      const green = () =>
        filler.request({
          method: "GET",
          path: "/_cluster/health",
          query: { wait_for_status: "green", wait_for_no_relocating_shards: true, timeout: "60s" },
          timeoutMs: 70_000,
        });
      const settings = { number_of_shards: 1, auto_expand_replicas: "0-all" };
      await filler.request({ method: "PUT", path: "/things", body: { settings } });
      await filler.request({ method: "PUT", path: "/things/_doc/1", body: { n: 1 }, query: { refresh: true } });
      await green();

      const load = { slots: 4, pauseMs: 20, request: search };
      await using one = await startReplica({ pool, load });
      await using two = await startReplica({ pool, load });
      const replicas = [one, two];
      const isUsed = (stats: PoolStats, node: EngineNode) => /up|ramp/.test(standing(stats, node)?.state ?? "");
      const isAvoided = (stats: PoolStats, node: EngineNode) => /down|ejected/.test(standing(stats, node)?.state ?? "");
      const answers = (stats: PoolStats, node: EngineNode) => standing(stats, node)?.answers ?? 0;
      await everyReplica(replicas, "all three are used", (stats) =>
        cluster.nodes.every((node) => isUsed(stats, node) && answers(stats, node) > 10),
      );

      third.pause();
      await everyReplica(replicas, "the frozen node is avoided", (stats) => isAvoided(stats, third));
      third.resume();
      await everyReplica(replicas, "it is used again", (stats) => isUsed(stats, third));
      await green();

      const joined = await cluster.addNode();
      await everyReplica(replicas, "the node that joined is used", (stats) => answers(stats, joined) > 10);

      await second.kill();
      await everyReplica(replicas, "the killed node is down", (stats) => standing(stats, second)?.state === "down");
      await second.start();
      await everyReplica(replicas, "it is back", (stats) => isUsed(stats, second));
      await green();

      for (const node of [third, second]) {
        await node.stop();
        await node.start();
        await everyReplica(replicas, "the restarted node is used", (stats) => isUsed(stats, node));
        await green();
      }

      for (const replica of replicas) {
        const tally = await replica.ask("tally");
        assert.deepEqual(tally.failures, []);
        assert.ok(tally.answered > 100);
        await replica.close();
      }
      await filler.close();
      assert.deepEqual(
        coordinator.log.filter(({ level }) => level >= 50),
        [],
      );
    });
  }
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeMessage, redisKeys } from "@rollcall/core/view";
import { waitUntil } from "@rollcall/testing";
import { startFixtureCluster } from "@rollcall/testing/fixture";
import { type RedisServer, startRedis } from "@rollcall/testing/redis";
import { startCoordinatorProcess } from "../support/coordinator-process.js";
import { type Replica, startReplica } from "../support/replica/index.js";
import {
  blamedBy,
  closeAll,
  failuresOf,
  load,
  messagesOf,
  passTime,
  scenarioTimeout,
  waitUntilAllUp,
  waitUntilServed,
} from "./support-faults.js";

interface ReportListener extends Disposable {
  /** Every report that a process has made of a node, as the leader receives it. */
  readonly reports: readonly string[];
}

async function listenToReports(redis: RedisServer, name: string): Promise<ReportListener> {
  const reports: string[] = [];
  const listener = redis.client.duplicate();
  listener.on("error", () => {});
  listener.on("messageBuffer", (_channel: Buffer, bytes: Buffer) => {
    const read = decodeMessage("reports", bytes);
    reports.push("problem" in read ? read.problem : JSON.stringify(read.value));
  });
  await listener.subscribe(redisKeys(name).reports);
  return { reports, [Symbol.dispose]: () => listener.disconnect() };
}

const leads = async (replica: Replica) => replica.log.filter((line) => / leads the view /.test(line)).length;

describe("pauses", { ...scenarioTimeout, concurrency: 4 }, () => {
  it("a pause of a replica, stopped for 6 s or blocked for 2 s, is held against no node", async () => {
    await using redis = await startRedis();
    await using cluster = await startFixtureCluster();
    const shared = { redis: redis.url, name: "logs" };
    using listener = await listenToReports(redis, "logs");
    await using coordinator = await startCoordinatorProcess({ nodes: cluster.urls, ...shared });
    const pool = { nodes: [...cluster.urls], ...shared, coordinator: "external" } as const;
    await using stopped = await startReplica({ pool: { ...pool, threads: 2 }, load });
    await using blocked = await startReplica({ pool: { ...pool, threads: 2 }, load });
    await using blockedAlone = await startReplica({ pool: { ...pool, threads: 0 }, load });
    const replicas = [stopped, blocked, blockedAlone];
    await waitUntilAllUp(replicas, cluster.nodes);
    await waitUntilServed(replicas);

    stopped.process.pause();
    const blocks = [blocked, blockedAlone].map(async (replica) => {
      await replica.block(2_000);
      await waitUntilServed([replica]);
      await replica.block(2_000);
    });
    await passTime(6_000);
    stopped.process.resume();
    await Promise.all(blocks);
    await waitUntilServed(replicas);
    // Any suspicion or trial that it caused is over by now.
    await passTime(6_000);

    for (const replica of replicas) assert.deepEqual(blamedBy(replica), []);
    assert.deepEqual(listener.reports, []);
    assert.deepEqual(messagesOf(coordinator, /is down|cannot be reached/), []);
    assert.deepEqual(await failuresOf(replicas), []);
    await closeAll(replicas);
  });

  it("a pause of the leader, stopped for 6 s and blocked for 2 s, is held against no node", async () => {
    await using redis = await startRedis();
    await using cluster = await startFixtureCluster();
    // The leader has a probe in flight most of the time, so that some of its stops meet one.
    const slow = { requests: [{ kind: "delay", ms: 400, on: { kind: "probe" } }] } as const;
    await Promise.all(cluster.nodes.map((node) => node.set(slow)));
    const pool = { nodes: [...cluster.urls], redis: redis.url, name: "logs", discovery: { intervalMs: 1_000 } };
    using listener = await listenToReports(redis, "logs");
    await using first = await startReplica({ pool: { ...pool, threads: 0 }, load });
    await waitUntil("the first leads", () => leads(first));
    await using second = await startReplica({ pool: { ...pool, threads: 2 }, load });
    const replicas = [first, second];
    await waitUntilAllUp(replicas, cluster.nodes);
    await waitUntilServed(replicas);

    await first.block(2_000);
    await waitUntilServed(replicas);
    for (let time = 0; time < 2; time++) {
      first.process.pause();
      await passTime(6_000);
      first.process.resume();
      await waitUntilServed(replicas);
      await passTime(3_000);
    }
    for (const replica of replicas) {
      assert.deepEqual(blamedBy(replica), []);
      assert.deepEqual(
        replica.log.filter((line) => /is down|cannot be reached|is ejected/.test(line)),
        [],
      );
    }
    assert.deepEqual(listener.reports, []);
    assert.deepEqual(await failuresOf(replicas), []);
    await closeAll(replicas);
  });

  for (const { size, what } of [
    { size: 3, what: "of all nodes at once" },
    { size: 1, what: "of the only node" },
  ]) {
    it(`a pause ${what} for 3 s costs no request, of a lone process and of a fleet`, async () => {
      await using redis = await startRedis();
      await using cluster = await startFixtureCluster({ nodes: size });
      const nodes = [...cluster.urls];
      const shared = { redis: redis.url, name: "logs" };
      await using lone = await startReplica({ pool: { nodes, threads: 0 }, load });
      await using first = await startReplica({ pool: { nodes, ...shared, threads: 2 }, load });
      await using second = await startReplica({ pool: { nodes, ...shared, threads: 0 }, load });
      const replicas = [lone, first, second];
      await waitUntilAllUp(replicas, cluster.nodes);
      await waitUntilServed(replicas);
      for (const node of cluster.nodes) node.pause();
      await passTime(3_000);
      for (const node of cluster.nodes) node.resume();
      await waitUntilServed(replicas);
      await waitUntilAllUp(replicas, cluster.nodes);
      assert.deepEqual(await failuresOf(replicas), []);
      await closeAll(replicas);
    });
  }
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { waitUntil } from "@rollcall/testing";
import { type FixtureCluster, type FixtureNode, nodeAt, startFixtureCluster } from "@rollcall/testing/fixture";
import { startTcpProxy, type TcpProxy } from "@rollcall/testing/proxies";
import { startRedis } from "@rollcall/testing/redis";
import { type Replica, startReplica } from "../support/replica/index.js";
import {
  closeAll,
  failuresOf,
  load,
  nodeEventsOf,
  scenarioTimeout,
  search,
  waitForState,
  waitUntilAllUp,
  waitUntilServed,
} from "./support-faults.js";

/** Four processes, with and without threads and a shared view, each with a way of its own to one node. */
class FourReplicas implements AsyncDisposable {
  readonly replicas: Replica[] = [];
  readonly ways: TcpProxy[] = [];

  async start(cluster: FixtureCluster, behind: FixtureNode, redis: string, timeoutMs: number): Promise<void> {
    const shared = { redis, name: "logs" };
    for (const pool of [{ threads: 2 }, { threads: 0 }, { threads: 2, ...shared }, { threads: 0, ...shared }]) {
      const way = await startTcpProxy(behind);
      this.ways.push(way);
      this.replicas.push(await startReplica({ pool: { nodes: [...cluster.urls], timeoutMs, ...pool }, load }, [way]));
    }
    await waitUntilAllUp(this.replicas, cluster.nodes);
    await waitUntilServed(this.replicas);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.replicas, ...this.ways].map((one) => one[Symbol.asyncDispose]()));
  }
}

describe("between a pool and its nodes", { ...scenarioTimeout, concurrency: 2 }, () => {
  it("a proxy that accepts and resets connections to a dead node costs no search, also in a burst", async () => {
    await using redis = await startRedis();
    await using cluster = await startFixtureCluster();
    const dead = nodeAt(cluster, 1);
    await using four = new FourReplicas();
    await four.start(cluster, dead, redis.url, 30_000);

    await dead.kill();
    const burst = four.replicas.flatMap((replica) => Array.from({ length: 40 }, () => replica.request(search)));
    for (const asked of await Promise.all(burst))
      assert.equal("status" in asked && asked.status, 200, JSON.stringify(asked));
    await waitForState(four.replicas, [dead], ["ejected", "down"]);
    await waitUntilServed(four.replicas);
    assert.deepEqual(await failuresOf(four.replicas), []);

    await dead.restart();
    await waitForState(four.replicas, [dead], ["slow-start", "healthy"]);
    assert.deepEqual(await failuresOf(four.replicas), []);
    await closeAll(four.replicas);
  });

  it("a firewall that forgets open connections costs what was on them, and the node behind it serves on", async () => {
    await using redis = await startRedis();
    await using cluster = await startFixtureCluster();
    const node = nodeAt(cluster, 1);
    await using four = new FourReplicas();
    await four.start(cluster, node, redis.url, 5_000);
    // So many at once that each process has several connections to the node, which it keeps.
    await node.set({ requests: [{ kind: "delay", ms: 500, on: { kind: "other" } }] });
    await Promise.all(four.replicas.flatMap((replica) => Array.from({ length: 40 }, () => replica.request(search))));
    await node.set({ requests: [] });
    await waitForState(four.replicas, cluster.nodes, ["slow-start", "healthy"]);
    await Promise.all(four.replicas.map((replica) => replica.ask("forget tally")));

    for (const way of four.ways) way.forget();
    const before = (await node.counts()).requests.other;
    await waitUntil("the node answers searches on new connections", async () => {
      return (await node.counts()).requests.other > before + 50 * four.replicas.length;
    });
    await waitForState(four.replicas, cluster.nodes, ["slow-start", "healthy"]);
    for (const replica of four.replicas) {
      const { failures } = await replica.ask("tally");
      // The first that is lost retires all connections of its thread from before, of which there are more.
      assert.ok(failures.length <= 2 * load.slots, failures.join("; "));
      for (const failure of failures) assert.match(failure, /^TIMEOUT /);
      assert.deepEqual(
        nodeEventsOf(replica, ({ to }) => to === "down"),
        [],
      );
    }

    await Promise.all(four.replicas.map((replica) => replica.ask("forget tally")));
    await waitUntilServed(four.replicas, 100);
    assert.deepEqual(await failuresOf(four.replicas), []);
    await closeAll(four.replicas);
  });
});

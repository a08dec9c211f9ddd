import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { waitUntil } from "@rollcall/testing";
import { addressOf, nodeAt, startFixtureCluster } from "@rollcall/testing/fixture";
import { startTcpProxy } from "@rollcall/testing/proxies";
import { startRedis } from "@rollcall/testing/redis";
import { startCoordinatorProcess } from "../support/coordinator-process.js";
import { startReplica } from "../support/replica/index.js";
import {
  blamedBy,
  closeAll,
  failuresOf,
  load,
  messagesOf,
  nodeEventsOf,
  passTime,
  scenarioTimeout,
  search,
  waitForState,
  waitUntilAllUp,
  waitUntilServed,
} from "./support-faults.js";

describe("bad observers", { ...scenarioTimeout, concurrency: 2 }, () => {
  it("a replica cut off from one node, or from all of them, takes none from the other replicas", async () => {
    await using redis = await startRedis();
    await using cluster = await startFixtureCluster();
    const shared = { redis: redis.url, name: "logs" };
    const nodes = [...cluster.urls];
    const lost = nodeAt(cluster, 1);
    await using lostWay = await startTcpProxy(lost);
    await using way1 = await startTcpProxy(nodeAt(cluster, 0));
    await using way2 = await startTcpProxy(lost);
    await using way3 = await startTcpProxy(nodeAt(cluster, 2));
    const ways = [way1, way2, way3];

    await using coordinator = await startCoordinatorProcess({ nodes, ...shared });
    const pool = { nodes, ...shared, coordinator: "external" } as const;
    await using well1 = await startReplica({ pool: { ...pool, threads: 2 }, load });
    await using well2 = await startReplica({ pool: { ...pool, threads: 0 }, load });
    await using withoutOne = await startReplica({ pool: { ...pool, threads: 1 }, load }, [lostWay]);
    await using withoutAny = await startReplica({ pool: { ...pool, threads: 1 }, load }, ways);
    const well = [well1, well2];
    const all = [...well, withoutOne, withoutAny];
    await waitUntilAllUp(all, cluster.nodes);
    await waitUntilServed(all);

    await lostWay.cut("refuse");
    for (const way of ways) await way.cut("refuse");
    await waitForState([withoutOne], [lost], ["ejected"]);
    await waitForState([withoutAny], cluster.nodes, ["ejected"]);
    await passTime(20_000);

    for (const replica of well) assert.deepEqual(blamedBy(replica), []);
    for (const replica of all)
      assert.deepEqual(
        nodeEventsOf(replica, ({ to }) => to === "down"),
        [],
      );
    assert.deepEqual(messagesOf(coordinator, /is down|cannot be reached/), []);
    assert.deepEqual(await failuresOf([...well, withoutOne]), [], "others reach it, and so do its own other nodes");
    const failed = await withoutAny.request({ ...search, timeoutMs: 8_000 });
    assert.equal("code" in failed && `${failed.code} ${failed.sent}`, "NO_NODE no");

    await lostWay.restore();
    for (const way of ways) await way.restore();
    await waitForState(all, cluster.nodes, ["slow-start", "healthy"]);
    await waitUntilServed(all);
    await closeAll(all);
  });

  it("a coordinator cut off from nodes takes none from replicas that reach them, logs it once, and still finds a dead one", async () => {
    await using redis = await startRedis();
    await using cluster = await startFixtureCluster();
    const shared = { redis: redis.url, name: "logs" };
    const nodes = [...cluster.urls];
    const lost = nodeAt(cluster, 1);
    await using way1 = await startTcpProxy(nodeAt(cluster, 0));
    await using way2 = await startTcpProxy(lost);
    await using way3 = await startTcpProxy(nodeAt(cluster, 2));
    await using coordinator = await startCoordinatorProcess({ nodes, ...shared, proxies: [way1, way2, way3] });
    const pool = { nodes, ...shared, coordinator: "external" } as const;
    await using first = await startReplica({ pool: { ...pool, threads: 2 }, load });
    await using second = await startReplica({ pool: { ...pool, threads: 0 }, load });
    const replicas = [first, second];
    await waitUntilAllUp(replicas, cluster.nodes);
    await waitUntilServed(replicas);

    // Its probes of one node get no answer; its next periodic one is due in 12 s at most.
    await way2.cut("swallow");
    const unreached = /cannot be reached from here/;
    await waitUntil("the coordinator says so", () => messagesOf(coordinator, unreached).length > 0);
    await passTime(12_000);
    // On a busy machine no replica may have answered in time at first: that is another finding, with a line of its own.
    const said = messagesOf(coordinator, unreached).filter((line) => !/no other process confirms it/.test(line));
    assert.equal(said.length, 1, said.join("\n"));
    assert.match(said[0] ?? "", new RegExp(`^node n2 \\(${addressOf(lost)}\\) cannot be .* but from replica [^ ]+: `));
    for (const replica of replicas) assert.deepEqual(blamedBy(replica), []);

    // It reaches none of them, and no process reaches the dead one: other processes' reports of that still count.
    await way1.cut("refuse");
    await way3.cut("refuse");
    const named = () => new Set(messagesOf(coordinator, unreached).map((line) => line.split(" ", 2)[1]));
    await waitUntil("the coordinator reaches none", () => named().size === 3);
    for (const replica of replicas) assert.deepEqual(blamedBy(replica), []);
    assert.deepEqual(messagesOf(coordinator, /is down/), []);
    await lost.kill();
    await waitForState(replicas, [lost], ["down"]);
    for (const replica of replicas) {
      const others = ({ address }: { readonly address: string }) => address !== addressOf(lost);
      assert.deepEqual(
        nodeEventsOf(replica, (event) => others(event) && event.to !== "healthy"),
        [],
      );
    }

    await lost.restart();
    for (const way of [way1, way2, way3]) await way.restore();
    await waitForState(replicas, [lost], ["slow-start", "healthy"]);
    // One line each for the two nodes that it could not reach and that stayed in use; the dead one has returned as
    // usual.
    const again = () => messagesOf(coordinator, /can be reached from here again/).length;
    await waitUntil("the coordinator says that it is over", () => again() === 2);
    assert.deepEqual(await failuresOf(replicas), []);
    await closeAll(replicas);
  });
});

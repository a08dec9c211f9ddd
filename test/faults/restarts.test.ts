import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { freePort, waitUntil } from "@rollcall/testing";
import { addressOf, type FixtureCluster, nodeAt, startFixtureCluster } from "@rollcall/testing/fixture";
import { startRedis } from "@rollcall/testing/redis";
import { startCoordinatorProcess } from "../support/coordinator-process.js";
import { isUsed } from "../support/node-health.js";
import { type Replica, startReplica } from "../support/replica/index.js";
import {
  closeAll,
  failuresOf,
  load,
  messagesOf,
  nodeEventsOf,
  passTime,
  scenarioTimeout,
  stateOf,
  waitForState,
  waitUntilAllUp,
  waitUntilServed,
} from "./support-faults.js";

const stopAll = (cluster: FixtureCluster) => Promise.all(cluster.nodes.map((node) => node.kill()));

describe("restarts", { ...scenarioTimeout, concurrency: 4 }, () => {
  it("a cluster restarted node by node costs no Read", async () => {
    await using redis = await startRedis();
    await using cluster = await startFixtureCluster();
    const pool = { nodes: [...cluster.urls], redis: redis.url, name: "logs" };
    await using first = await startReplica({ pool: { ...pool, threads: 2 }, load });
    await using second = await startReplica({ pool: { ...pool, threads: 0 }, load });
    const replicas = [first, second];
    await waitUntilAllUp(replicas, cluster.nodes);
    for (const node of cluster.nodes) {
      await node.kill();
      await waitForState(replicas, [node], ["ejected", "down"]);
      await waitUntilServed(replicas);
      await node.restart();
      // As the guide says: until every node is used again, before the next one.
      await waitForState(replicas, cluster.nodes, ["slow-start", "healthy"]);
    }
    await waitUntilServed(replicas);
    assert.deepEqual(await failuresOf(replicas), []);
    await closeAll(replicas);
  });

  it("a cluster that stops and returns at other addresses but for one seed serves the same processes again", async () => {
    await using redis = await startRedis();
    await using cluster = await startFixtureCluster();
    const seed = nodeAt(cluster, 0);
    const shared = { redis: redis.url, name: "logs" };
    await using _coordinator = await startCoordinatorProcess({ nodes: [seed.url], ...shared });
    const follower = { nodes: [seed.url], ...shared, coordinator: "external" } as const;
    await using inThreads = await startReplica({ pool: { ...follower, threads: 2 }, load });
    await using alone = await startReplica({ pool: { nodes: [seed.url], threads: 0 }, load });
    const brief = { ...load, request: { ...load.request, timeoutMs: 1_000 } };
    await using impatient = await startReplica({ pool: { ...follower, threads: 1 }, load: brief });
    const replicas = [inThreads, alone, impatient];
    await waitUntilAllUp(replicas, cluster.nodes);
    await waitUntilServed(replicas);

    await stopAll(cluster);
    await passTime(20_000);
    await seed.restart();
    for (const node of cluster.nodes.slice(1)) await node.restart({ port: await freePort() });
    await waitUntilServed(replicas, 1);
    await waitForState(replicas, cluster.nodes, ["slow-start", "healthy"]);
    for (const failure of await failuresOf(replicas)) {
      // A search that was on a node when it died has been sent; one that no node took has waited within its timeout.
      assert.match(failure, /^(?:NO_NODE|TIMEOUT|DISCONNECTED) /);
    }
    await Promise.all(replicas.map((replica) => replica.ask("forget tally")));
    await waitUntilServed(replicas);
    assert.deepEqual(await failuresOf(replicas), []);
    await closeAll(replicas);
  });

  it("another cluster at the same addresses is adopted after a minute with one warning, unless the uuid is pinned", async () => {
    await using redis = await startRedis();
    await using cluster = await startFixtureCluster();
    const nodes = [...cluster.urls];
    const free = { redis: redis.url, name: "free" };
    const pinned = { redis: redis.url, name: "pinned" };
    await using coordinator = await startCoordinatorProcess({ nodes, ...free });
    await using keeper = await startCoordinatorProcess({
      nodes,
      ...pinned,
      flags: ["--cluster-uuid", cluster.uuid],
    });
    const external = { nodes, coordinator: "external", threads: 1 } as const;
    await using follower = await startReplica({ pool: { ...external, ...free }, load });
    const discovery = { clusterUuid: cluster.uuid };
    await using faithful = await startReplica({ pool: { ...external, ...pinned, discovery } });
    await waitUntilAllUp([follower, faithful], cluster.nodes);

    const uuid = "rebuilt-from-a-snapshot";
    await Promise.all(cluster.nodes.map((node) => node.set({ uuid })));
    const adoptions = /belong to another cluster now/;
    await waitUntil("it is adopted", () => messagesOf(coordinator, adoptions).length > 0, {
      timeoutMs: 180_000,
    });
    await waitUntil("its nodes are used", () => isOf(follower, uuid, cluster));
    await waitUntilServed([follower]);
    assert.equal(messagesOf(coordinator, adoptions).length, 1);
    assert.match(messagesOf(coordinator, adoptions)[0] ?? "", new RegExp(`uuid ${uuid}, before ${cluster.uuid}`));

    // Its nodes are asked every 10 s at the latest: were it to adopt the other cluster too, it would have by then.
    await passTime(12_000);
    assert.deepEqual(messagesOf(keeper, adoptions), []);
    const { nodes: known, view } = await faithful.ask("stats");
    assert.equal(view?.clusterUuid, cluster.uuid);
    for (const node of cluster.nodes) {
      assert.equal(known.find(({ address }) => address === addressOf(node))?.state, "down");
      // A view that comes late on a busy machine suspends its marks, so that a node may be down twice; for one reason.
      const downs = nodeEventsOf(faithful, ({ address, to }) => address === addressOf(node) && to === "down");
      assert.ok(downs.length > 0 && downs.every((event) => event.includes("belongs to another cluster")), downs.join());
    }
    await closeAll([follower, faithful]);
  });

  it("the log says why a node was avoided, by which process and since when, in one line a transition and none a request", async (t) => {
    await using redis = await startRedis();
    await using cluster = await startFixtureCluster();
    // Longer than a busy machine holds a node up: otherwise one is slow beside the others, and the log says so.
    const steady = { requests: [{ kind: "delay", ms: 60, on: { kind: "other" } }] } as const;
    for (const node of cluster.nodes) await node.set(steady);
    const shared = { redis: redis.url, name: "logs" };
    const nodes = [...cluster.urls];
    await using coordinator = await startCoordinatorProcess({ nodes, ...shared });
    const pool = { nodes, ...shared, coordinator: "external" } as const;
    await using first = await startReplica({ pool: { ...pool, threads: 2 }, load });
    await using second = await startReplica({ pool: { ...pool, threads: 0 }, load });
    const replicas = [first, second];
    await waitUntilAllUp(replicas, cluster.nodes);
    await waitUntilServed(replicas);
    const quiet = replicas.map(({ log }) => log.length);

    const killed = nodeAt(cluster, 1);
    await killed.kill();
    await waitForState(replicas, [killed], ["down"]);
    const standing = (await first.ask("nodes")).find(({ address }) => address === addressOf(killed));
    await killed.restart();
    await waitForState(replicas, [killed], ["slow-start"]);
    await waitForState(replicas, [killed], ["healthy"]);
    await waitUntilServed(replicas, 100);

    // The leader logs what happened to the node, in order, each once.
    const label = `node n2 \\(${addressOf(killed)}\\)`;
    const lines = messagesOf(coordinator, new RegExp(label)).filter((line) => !line.includes("is in use"));
    assert.equal(lines.length, 3, lines.join("\n"));
    assert.match(lines[0] ?? "", new RegExp(`^${label} is down: .*\\(2 failed probes, reported by \\d process`));
    assert.match(lines[1] ?? "", new RegExp(`^${label} is back in slow start: answers again$`));
    assert.match(lines[2] ?? "", new RegExp(`^${label} has its full share again: slow start is over$`));

    // A replica logs its own ejection of the node, once. What the view says is in its events.
    for (const [at, replica] of replicas.entries()) {
      const lately = replica.log.slice(quiet[at]);
      const own = lately.filter((line) => / is ejected for this process| is used by this process again/.test(line));
      const ejections = own.filter((line) => line.startsWith(`warn node n2 `));
      assert.ok(ejections.length <= 1, own.join("\n"));
      // A process that only followed the mark logs the node's return where requests suffered meanwhile.
      const returns = own.length - ejections.length;
      assert.ok(returns <= 1 && returns >= ejections.length, "a process that ejected the node logs that it is back");
      assert.deepEqual(
        lately.filter((line) => !own.includes(line)),
        [],
      );
      const story = nodeEventsOf(replica, ({ address }) => address === addressOf(killed));
      assert.match(
        story.join("; "),
        /-> down \([^)]+\); .* down -> slow-start \(answers again\); .* slow-start -> (healthy|penalized) /,
      );
    }
    assert.equal(standing?.state, "down");
    assert.notEqual(standing?.reason ?? "", "");
    assert.ok((standing?.forMs ?? -1) >= 0);
    t.diagnostic(`${standing?.state} for ${standing?.forMs} ms: ${standing?.reason}`);
    assert.equal(stateOf(await first.ask("stats"), killed), "healthy");
    assert.deepEqual(await failuresOf(replicas), []);
    await closeAll(replicas);
  });
});

async function isOf(replica: Replica, uuid: string, cluster: FixtureCluster): Promise<boolean> {
  const { nodes, view } = await replica.ask("stats");
  const states = cluster.nodes.map((node) => nodes.find(({ address }) => address === addressOf(node))?.state);
  return view?.clusterUuid === uuid && states.every(isUsed);
}

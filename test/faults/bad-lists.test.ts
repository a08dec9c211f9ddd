import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { waitUntil } from "@rollcall/testing";
import { addressOf, type FixtureNode, nodeAt, type RequestFault, startFixtureCluster } from "@rollcall/testing/fixture";
import { startRedis } from "@rollcall/testing/redis";
import { startCoordinatorProcess } from "../support/coordinator-process.js";
import { startReplica } from "../support/replica/index.js";
import {
  blamedBy,
  closeAll,
  failuresOf,
  load,
  messagesOf,
  scenarioTimeout,
  waitUntilAllUp,
  waitUntilServed,
} from "./support-faults.js";

const onList = { kind: "sniff" } as const;

/** As the fixture's nodes describe themselves, with the given nodes and counts. */
function listOf(nodes: readonly FixtureNode[], counts: { total: number; failed: number }): string {
  const roles = ["cluster_manager", "data", "ingest", "remote_cluster_client"];
  const attributes = { zone: "z1" };
  const records = nodes.map(({ id, name, host, port }) => [
    id,
    { name, host, ip: host, version: "2.19.1", roles, attributes, http: { publish_address: `${host}:${port}` } },
  ]);
  return JSON.stringify({
    _nodes: { total: counts.total, successful: nodes.length, failed: counts.failed },
    cluster_name: "fixture",
    nodes: Object.fromEntries(records),
  });
}

describe("node lists", scenarioTimeout, () => {
  it("an empty, malformed, partial, cut or missing node list, or another cluster's, changes nothing", async () => {
    await using redis = await startRedis();
    await using cluster = await startFixtureCluster();
    await using stranger = await startFixtureCluster();
    const shared = { redis: redis.url, name: "logs" };
    const nodes = [nodeAt(cluster, 0).url];
    await using coordinator = await startCoordinatorProcess({ nodes, ...shared, flags: ["--interval", "1000"] });
    const pool = { nodes, ...shared, coordinator: "external" } as const;
    await using first = await startReplica({ pool: { ...pool, threads: 2 }, load });
    await using second = await startReplica({ pool: { ...pool, threads: 0 }, load });
    const replicas = [first, second];
    await waitUntilAllUp(replicas, cluster.nodes);
    await waitUntilServed(replicas);
    const known = async () => {
      const stats = await Promise.all(replicas.map((replica) => replica.ask("stats")));
      return stats.map(({ nodes: all }) => all.map(({ address, id, roles, tier }) => ({ address, id, roles, tier })));
    };
    const lists = async () => (await cluster.stats()).requests.sniff;
    const before = await known();
    const viewEvents = replicas.map(({ events }) => events.filter(({ name }) => name === "view").length);

    const atEveryNode: readonly RequestFault[] = [
      { kind: "reply", body: "" },
      { kind: "reply", body: "{}" },
      { kind: "reply", body: '{"nodes":{}}' },
      { kind: "reply", body: '{"nodes":{"a":' },
      { kind: "reply", body: '{"nodes":[1,null,{"http":7}],"_nodes":"\u001b[31m"}' },
      { kind: "reply", body: '{"nodes":{"a":null,"b":{"http":{"publish_address":"\\u0000:x"}}}}' },
      { kind: "reply", status: 200, headers: { "content-type": "text/html" }, body: "<h1>It works!</h1>" },
      { kind: "reply", status: 503 },
      { kind: "reply", status: 302, headers: { location: "http://127.0.0.1:1/" } },
      { kind: "cut-body" },
      { kind: "garbage" },
      { kind: "reset" },
      // Each node lists itself alone.
      { kind: "reply", body: listOf(cluster.nodes.slice(0, 1), { total: 3, failed: 2 }) },
    ];
    for (const fault of atEveryNode) {
      await Promise.all(cluster.nodes.map((node) => node.set({ requests: [{ ...fault, on: onList }] })));
      const from = await lists();
      await waitUntil(`the lists are ${fault.kind}`, async () => (await lists()) >= from + 3);
    }
    await Promise.all(cluster.nodes.map((node) => node.set({})));

    // One node has left the cluster, or lists another cluster's nodes; the other nodes list the right ones.
    const odd = nodeAt(cluster, 1);
    await odd.set({ joined: false });
    const from = (await odd.counts()).requests.probe;
    await waitUntil("it is asked", async () => (await odd.counts()).requests.probe >= from + 3);
    const held = () => messagesOf(coordinator, /is held back/).length;
    for (const foreign of [stranger.nodes, [odd]]) {
      const heldBefore = held();
      const body = listOf(foreign, { total: foreign.length, failed: 0 });
      await odd.set({ requests: [{ kind: "reply", body, on: onList, times: 1 }] });
      await waitUntil("its list is held back", () => held() > heldBefore);
      const seen = await lists();
      await waitUntil("others are asked", async () => (await lists()) >= seen + 3);
    }

    await waitUntilServed(replicas);
    assert.deepEqual(await known(), before);
    for (const [at, replica] of replicas.entries()) {
      assert.deepEqual(blamedBy(replica), []);
      assert.equal(replica.events.filter(({ name }) => name === "view").length, viewEvents[at]);
    }
    assert.deepEqual(await failuresOf(replicas), []);
    assert.equal((await stranger.stats()).requests.other, 0, "no request went to the other cluster");
    assert.deepEqual(messagesOf(coordinator, /is down|cannot be reached|may end|is gone/), []);
    // A few log lines, however often the lists come, and no raw text of theirs.
    const warnings = messagesOf(coordinator, /list|used yet/);
    assert.ok(warnings.length <= atEveryNode.length + 2 * stranger.nodes.length, warnings.join("\n"));
    assert.deepEqual(messagesOf(coordinator, /\p{Cc}/u), []);
    assert.ok(messagesOf(coordinator, new RegExp(addressOf(odd))).length <= 2);
    await closeAll(replicas);
  });
});

import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { after, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort, waitUntil } from "@rollcall/testing";
import {
  addressOf,
  type FixtureCluster,
  type FixtureFaults,
  type FixtureNode,
  nodeAt,
  setAll,
  startFixtureCluster,
} from "@rollcall/testing/fixture";
import {
  addressesOf,
  assertUnused,
  memberAddresses,
  often,
  search,
  searches,
  servedBy,
  statusOf,
  waitForMembers,
  waitForSniffs,
  waitUntilServing,
  watchPool,
} from "./support-pools.js";
import { startLoad } from "./support-requests.js";

// These tests mostly wait, so they run side by side.
const atOnce = { concurrency: 4, timeout: 600_000 };

const unhandled: unknown[] = [];
process.on("unhandledRejection", (reason) => unhandled.push(reason));
after(() => assert.deepEqual(unhandled, []));

/** A node list as these nodes would give it; `failed` of the nodes did not answer in time. */
function nodeList(nodes: readonly FixtureNode[], { failed = 0 } = {}): string {
  const entries = nodes.map((node) => [
    node.id,
    { name: node.name, roles: ["data"], http: { publish_address: addressOf(node) } },
  ]);
  return JSON.stringify({
    _nodes: { total: nodes.length + failed, successful: nodes.length, failed },
    nodes: Object.fromEntries(entries),
  });
}

const onSniffs = (reply: { status?: number; body?: string; padToBytes?: number; times?: number }): FixtureFaults => ({
  requests: [{ kind: "reply", on: { kind: "sniff" }, ...reply }],
});

const onProbes = (status: number): FixtureFaults => ({
  requests: [{ kind: "reply", on: { kind: "probe" }, status, body: "{}" }],
});

/** Invalid node lists, by what is wrong with them. */
const badLists: Readonly<Record<string, (cluster: FixtureCluster) => FixtureFaults>> = {
  "not JSON": () => onSniffs({ body: "<html>not found</html>" }),
  "JSON, but no node list": () => onSniffs({ body: '[{"nodes":null}]' }),
  "null for nodes": () => onSniffs({ body: '{"nodes":null}' }),
  "null for a node": () => onSniffs({ body: '{"nodes":{"a":null,"b":{"http":7}}}' }),
  "17 MB": () => onSniffs({ padToBytes: 17 * 1024 * 1024 }),
  "without a body": () => onSniffs({ body: "" }),
  "without nodes": () => onSniffs({ body: nodeList([]) }),
  "without most of the nodes, which did not answer in time": ({ nodes }) =>
    onSniffs({ body: nodeList(nodes.slice(0, 1), { failed: nodes.length - 1 }) }),
  "with status 503": () => onSniffs({ status: 503, body: "{}" }),
  "broken off": () => ({ requests: [{ kind: "cut-body", on: { kind: "sniff" } }] }),
  "not HTTP": () => ({ requests: [{ kind: "garbage", on: { kind: "sniff" } }] }),
};

/** Takes connections and never answers; keeps the first line of each. */
async function startMuteNode() {
  const heard: string[] = [];
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", (bytes) => heard.push(bytes.toString().split("\r\n", 1)[0] ?? ""));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  return { address: `127.0.0.1:${port}`, heard, [Symbol.dispose]: () => void server.close() };
}

/** Nothing listens there. */
const nowhere = "127.0.0.9";

describe("members", atOnce, () => {
  it("a pool finds and uses every node of the cluster, from one of them", async () => {
    const hosts = ["127.0.0.1", "127.0.0.2", "127.0.0.3"];
    await using cluster = await startFixtureCluster({ hosts });
    await using watched = watchPool({ nodes: cluster.urls.slice(1, 2) });
    const { pool } = watched;
    await pool.ready();
    await waitForMembers(pool, cluster.nodes);
    await waitUntilServing(pool, cluster.nodes);
    assert.deepEqual(
      pool
        .nodes()
        .map(({ name }) => name)
        .sort(),
      ["n1", "n2", "n3"],
    );
    assert.equal(pool.stats().view?.clusterUuid, cluster.uuid);
  });

  it("a pool uses a node that joins", async () => {
    await using cluster = await startFixtureCluster({ nodes: 2 });
    await using watched = watchPool({ nodes: cluster.urls.slice(0, 1), discovery: often });
    const { pool } = watched;
    await waitForMembers(pool, cluster.nodes);
    const added = await cluster.addNode();
    await waitUntilServing(pool, [added]);
    await waitForMembers(pool, cluster.nodes);
  });

  it("a node that leaves answers what it has begun, gets no more requests, and disappears from the pool", async () => {
    await using cluster = await startFixtureCluster();
    await using watched = watchPool({ nodes: cluster.urls.slice(0, 1), discovery: often });
    const { pool } = watched;
    await waitForMembers(pool, cluster.nodes);
    await waitUntilServing(pool, cluster.nodes);
    const leaving = nodeAt(cluster, 2);
    const address = addressOf(leaving);

    await leaving.set({ requests: [{ kind: "delay", ms: 20_000, on: { path: "/slow" } }] });
    const slow = Array.from({ length: 16 }, () => pool.request({ method: "GET", path: "/slow/_count" }));
    await waitUntil("a slow request waits there", () => (statusOf(pool, address)?.inFlight ?? 0) > 0);
    await cluster.removeNode(leaving);
    await waitUntil("it drains", () => statusOf(pool, address)?.state === "draining");
    await assertUnused(pool, leaving);

    const answers = await Promise.all(slow);
    const fromLeaving = answers.filter(({ node }) => node === address);
    assert.ok(fromLeaving.length > 0);
    for (const { status, attempts } of answers) assert.deepEqual([status, attempts.length], [200, 1]);
    await waitUntil("it is forgotten", () => statusOf(pool, address) === undefined);
    await assertUnused(pool, leaving);
    assert.deepEqual(
      pool
        .nodes()
        .map((node) => node.address)
        .sort(),
      addressesOf(cluster.nodes.slice(0, 2)),
    );
    await waitUntil("its connections are closed", async () => (await leaving.counts()).openConnections === 0);
  });

  it("a pool follows a node that comes back on another port", async () => {
    await using cluster = await startFixtureCluster();
    await using watched = watchPool({ nodes: cluster.urls.slice(0, 1), discovery: often });
    const { pool } = watched;
    await waitForMembers(pool, cluster.nodes);
    const moving = nodeAt(cluster, 1);
    const before = addressOf(moving);
    await moving.restart({ port: await freePort(moving.host) });
    await waitUntilServing(pool, [moving]);
    assert.equal(statusOf(pool, addressOf(moving))?.id, moving.id);
    await waitUntil("the old address is forgotten", () => statusOf(pool, before) === undefined);
  });

  it("a pool sends nothing to a dedicated cluster manager", async () => {
    const roles = [["data"], ["cluster_manager"], ["data", "ingest"]];
    await using cluster = await startFixtureCluster({ roles });
    await using watched = watchPool({ nodes: cluster.urls.slice(0, 1) });
    const { pool } = watched;
    const [first, manager, third] = [nodeAt(cluster, 0), nodeAt(cluster, 1), nodeAt(cluster, 2)];
    await waitForMembers(pool, [first, third]);
    await waitUntilServing(pool, [first, third]);
    await assertUnused(pool, manager);
    assert.equal((await manager.counts()).connections, 0);
  });

  it("a pool sends nothing to a configured dedicated cluster manager once the others are known", async () => {
    await using cluster = await startFixtureCluster({ roles: [["cluster_manager"], ["data"], ["data"]] });
    await using watched = watchPool({ nodes: cluster.urls.slice(0, 1) });
    const { pool } = watched;
    await waitForMembers(pool, cluster.nodes.slice(1));
    await assertUnused(pool, nodeAt(cluster, 0));
  });

  it("a seed given by name and its published address are one node", async () => {
    await using cluster = await startFixtureCluster();
    const urls = cluster.urls.map((url) => url.replace("127.0.0.1", "localhost"));
    await using watched = watchPool({ nodes: urls, discovery: often });
    const { pool } = watched;
    const expected = cluster.nodes.map(({ port }) => `localhost:${port}`).sort();
    await waitUntil("the cluster's own list is in use", () => pool.stats().view?.source === "sniff");
    await waitForSniffs(cluster, 3);
    assert.deepEqual(
      pool
        .nodes()
        .map(({ address }) => address)
        .sort(),
      expected,
    );
    assert.deepEqual(memberAddresses(pool), expected);
    await waitUntilServing(pool, cluster.nodes);
  });

  it("a pool holds back an answer that leaves out three of four nodes", async () => {
    const hosts = ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"];
    await using cluster = await startFixtureCluster({ nodes: 4, hosts });
    await using watched = watchPool({ nodes: cluster.urls, discovery: often });
    const { pool, log } = watched;
    await waitForMembers(pool, cluster.nodes);
    const states = new Set<string>();
    pool.on("node", ({ to }) => states.add(to));
    const steady = startLoad(pool, 1);
    const liar = nodeAt(cluster, 0);
    await liar.set(onSniffs({ body: nodeList([liar]) }));
    await waitUntil("an answer is held", () => log.messages("warn", "held back").length > 0);
    await waitForSniffs(cluster, 4);
    assert.deepEqual(memberAddresses(pool), addressesOf(cluster.nodes));
    assert.ok(!states.has("draining") && !states.has("absent"), `${[...states]}`);
    assert.deepEqual((await steady.stop()).failures, []);
    await waitUntilServing(pool, cluster.nodes);
  });
});

describe("where nodes are reached", atOnce, () => {
  for (const [what, publish] of [
    [
      "no machine",
      async () =>
        ({ port }: { port: number }) =>
          `${nowhere}:${port}`,
    ],
    [
      "closed ports",
      async () => {
        const closed = [await freePort(), await freePort(), await freePort()];
        return ({ position }: { position: number }) => `127.0.0.1:${closed[position]}`;
      },
    ],
  ] as const) {
    it(`a pool uses the seeds alone where published addresses lead to ${what}, and logs once which option helps`, async () => {
      await using cluster = await startFixtureCluster({ publish: await publish() });
      const [first, second, third] = [nodeAt(cluster, 0), nodeAt(cluster, 1), nodeAt(cluster, 2)];
      await using watched = watchPool({ nodes: cluster.urls.slice(0, 2), discovery: often });
      const { pool, log } = watched;
      const steady = startLoad(pool, 1);
      await waitUntil("it warns", () => log.messages("warn", "discovery.addressMap").length > 0);
      await waitUntilServing(pool, [first, second]);
      await waitForSniffs(cluster, 5);
      assert.equal(log.messages("warn").length, 1, log.messages("warn").join("\n"));
      assert.equal(await servedBy(third), 0);
      assert.deepEqual(memberAddresses(pool), addressesOf([first, second]));
      assert.deepEqual((await steady.stop()).failures, []);
    });
  }

  it("a pool uses the nodes where discovery.addressMap says they are", async () => {
    await using cluster = await startFixtureCluster({ publish: ({ port }) => `${nowhere}:${port}` });
    const addressMap = { [nowhere]: "127.0.0.1" };
    await using watched = watchPool({ nodes: cluster.urls.slice(0, 1), discovery: { addressMap } });
    const { pool, log } = watched;
    await waitForMembers(pool, cluster.nodes);
    await waitUntilServing(pool, cluster.nodes);
    assert.deepEqual(log.messages("warn"), []);
  });

  it("a pool maps single ports too", async () => {
    const inside = (position: number) => `${nowhere}:${9_200 + position}`;
    await using cluster = await startFixtureCluster({ publish: ({ position }) => inside(position) });
    const addressMap = Object.fromEntries(cluster.nodes.map((node, position) => [inside(position), addressOf(node)]));
    await using watched = watchPool({ nodes: cluster.urls.slice(0, 1), discovery: { addressMap } });
    await waitForMembers(watched.pool, cluster.nodes);
    await waitUntilServing(watched.pool, cluster.nodes);
  });

  it("a pool never asks for a node list with discovery: false", async () => {
    await using cluster = await startFixtureCluster();
    await using watched = watchPool({ nodes: cluster.urls.slice(0, 2), discovery: false });
    const { pool } = watched;
    await pool.ready();
    const seeds = cluster.nodes.slice(0, 2);
    await waitUntilServing(pool, seeds);
    await nodeAt(cluster, 0).kill(); // a node that goes down asks for a sniff elsewhere
    await waitUntil("it is down", () => statusOf(pool, addressOf(nodeAt(cluster, 0)))?.state === "down");
    await searches(pool, 10);
    await sleep(3_000);
    const { requests } = await cluster.stats();
    assert.equal(requests.sniff, 0);
    assert.ok(requests.probe > 0);
    assert.equal((await nodeAt(cluster, 2).counts()).connections, 0);
    assert.deepEqual(memberAddresses(pool), addressesOf(seeds));
  });

  it("a pool serves through a path prefix, and asks no node directly", async () => {
    await using cluster = await startFixtureCluster({ pathPrefix: "/es" });
    const [first, second, third] = [nodeAt(cluster, 0), nodeAt(cluster, 1), nodeAt(cluster, 2)];
    await using watched = watchPool({ nodes: [first.url], discovery: often });
    const { pool } = watched;
    await pool.ready();
    await waitForSniffs(cluster, 3);
    await waitUntilServing(pool, [first]);
    for (const other of [second, third]) assert.equal((await other.counts()).connections, 0);
    assert.deepEqual(
      pool.nodes().map(({ address }) => address),
      [addressOf(first)],
    );
  });

  it("a pool asks nodes directly behind a path prefix where discovery.allow names them, without the prefix", async () => {
    await using inner = await startFixtureCluster({ nodes: 1, hosts: ["127.0.0.2"] });
    const node = nodeAt(inner, 0);
    const gateway = { nodes: 1, uuid: inner.uuid, pathPrefix: "/es", publish: () => addressOf(node) };
    await using outer = await startFixtureCluster(gateway);
    await using watched = watchPool({ nodes: outer.urls, discovery: { allow: { hosts: [node.host] } } });
    await waitForMembers(watched.pool, [node]);
    await waitUntilServing(watched.pool, [node]);
  });
});

describe("privileges", atOnce, () => {
  for (const status of [401, 403]) {
    it(`a pool uses the seeds where GET / answers ${status}, and logs once which privilege is missing`, async () => {
      await using cluster = await startFixtureCluster({ faults: onProbes(status) });
      const seeds = cluster.nodes.slice(0, 2);
      await using watched = watchPool({ nodes: cluster.urls.slice(0, 2), discovery: often });
      const { pool, log } = watched;
      const steady = startLoad(pool, 1);
      await waitUntil("it warns", () => log.messages("warn", "cluster:monitor/main").length > 0);
      await waitUntilServing(pool, seeds);
      await assert.rejects(pool.ready({ timeoutMs: 4_000 }), { code: "TIMEOUT", message: /cluster:monitor\/main/ });
      assert.deepEqual((await steady.stop()).failures, []);
      assert.equal(log.messages("warn").length, 1, log.messages("warn").join("\n"));
      for (const seed of seeds) assert.equal(statusOf(pool, addressOf(seed))?.state, "healthy");
      assert.equal(await servedBy(nodeAt(cluster, 2)), 0);

      await setAll(cluster, {});
      await waitForMembers(pool, cluster.nodes);
    });
  }

  it("a pool uses the seeds where the node list answers 403, and logs once which privilege is missing", async () => {
    const refusal = '{"error":{"type":"security_exception"},"status":403}';
    await using cluster = await startFixtureCluster({ faults: onSniffs({ status: 403, body: refusal }) });
    const seeds = cluster.nodes.slice(0, 2);
    await using watched = watchPool({ nodes: cluster.urls.slice(0, 2), discovery: often });
    const { pool, log } = watched;
    await pool.ready(); // GET / is allowed
    await waitUntilServing(pool, seeds);
    await waitForSniffs(cluster, 3);
    assert.equal(log.messages("warn", "cluster:monitor/nodes/info").length, 1, log.messages("warn").join("\n"));
    assert.equal(log.messages("warn").length, 1, log.messages("warn").join("\n"));
    assert.equal(await servedBy(nodeAt(cluster, 2)), 0);

    await setAll(cluster, {});
    await waitForMembers(pool, cluster.nodes);
  });
});

describe("start", atOnce, () => {
  it("a pool uses every node of a cluster that was still forming when it started", async () => {
    await using cluster = await startFixtureCluster({ joined: false });
    await using watched = watchPool({ nodes: cluster.urls.slice(0, 2), discovery: often });
    const { pool } = watched;
    await searches(pool, 10);
    assert.equal(pool.stats().view?.clusterUuid, undefined);
    await assert.rejects(pool.ready({ timeoutMs: 2_000 }), { code: "TIMEOUT" });

    const steady = startLoad(pool, 1);
    for (const node of cluster.nodes) {
      await node.set({ joined: true });
      await search(pool);
    }
    await waitForMembers(pool, cluster.nodes);
    assert.equal(pool.stats().view?.clusterUuid, cluster.uuid);
    await waitUntilServing(pool, cluster.nodes);
    assert.deepEqual((await steady.stop()).failures, []);
  });

  it("a pool uses every node of a cluster whose nodes start after the application, one by one", async () => {
    const ports = [await freePort(), await freePort(), await freePort()];
    await using watched = watchPool({ nodes: ports.map((port) => `http://127.0.0.1:${port}`), discovery: often });
    const { pool } = watched;
    const waiting = search(pool);
    await using cluster = await startFixtureCluster({ nodes: 0 });
    for (const port of ports) {
      await cluster.addNode({ port });
      await waitUntilServing(pool, cluster.nodes);
    }
    await waiting;
    await waitForMembers(pool, cluster.nodes);
  });

  it("a pool does without a seed that is down", async () => {
    await using cluster = await startFixtureCluster();
    const down = `http://127.0.0.1:${await freePort()}`;
    await using watched = watchPool({ nodes: [down, ...cluster.urls.slice(0, 1)] });
    const { pool } = watched;
    await searches(pool, 20);
    await waitForMembers(pool, cluster.nodes);
    await waitUntilServing(pool, cluster.nodes);
  });

  it("requests wait while every seed is down", async () => {
    await using cluster = await startFixtureCluster({ faults: { connections: "refuse" } });
    await using watched = watchPool({ nodes: cluster.urls });
    const { pool } = watched;
    const waiting = Promise.all(Array.from({ length: 5 }, () => search(pool)));
    const { connections } = await cluster.stats();
    assert.equal(connections, 0);
    await setAll(cluster, {});
    await waiting;
    await waitForMembers(pool, cluster.nodes);
    await waitUntilServing(pool, cluster.nodes);
  });

  it("requests fail with NO_NODE while every seed is down, and succeed as soon as one answers", async () => {
    await using cluster = await startFixtureCluster({ faults: { connections: "refuse" } });
    await using watched = watchPool({ nodes: cluster.urls });
    const { pool } = watched;
    await assert.rejects(search(pool), { code: "NO_NODE", sent: "no" });
    await nodeAt(cluster, 1).set({});
    await search(pool);
    await waitUntilServing(pool, [nodeAt(cluster, 1)]);
  });
});

describe("invalid node lists", atOnce, () => {
  it("invalid node lists at the start leave the seeds in use, until a valid one comes", async () => {
    await using cluster = await startFixtureCluster();
    for (const [what, faultsFor] of Object.entries(badLists)) {
      await setAll(cluster, faultsFor(cluster));
      await using watched = watchPool({ nodes: cluster.urls, discovery: often });
      const { pool } = watched;
      const steady = startLoad(pool, 1);
      await pool.ready();
      await waitForSniffs(cluster, 2);
      assert.deepEqual(
        pool
          .nodes()
          .map(({ address }) => address)
          .sort(),
        addressesOf(cluster.nodes),
        what,
      );

      await setAll(cluster, {});
      await waitForMembers(pool, cluster.nodes);
      await waitUntilServing(pool, cluster.nodes);
      const { answered, failures } = await steady.stop();
      assert.deepEqual(failures, [], what);
      assert.ok(answered > 0);
    }
  });

  it("invalid node lists change nothing once the members are known", async () => {
    await using cluster = await startFixtureCluster();
    await using watched = watchPool({ nodes: cluster.urls.slice(0, 1), discovery: often });
    const { pool } = watched;
    await waitForMembers(pool, cluster.nodes);
    const states = new Set<string>();
    pool.on("node", ({ to }) => states.add(to));
    const steady = startLoad(pool, 1);
    for (const [what, faultsFor] of Object.entries(badLists)) {
      await setAll(cluster, faultsFor(cluster));
      await waitForSniffs(cluster, 3);
      assert.deepEqual(memberAddresses(pool), addressesOf(cluster.nodes), what);
      assert.ok(!states.has("draining") && !states.has("absent"), what);
    }
    await waitUntilServing(pool, cluster.nodes);
    assert.deepEqual((await steady.stop()).failures, []);
  });

  it("searches go on while a list of 16 MB names 4,095 nodes that never answer, and none of those gets one", async () => {
    await using cluster = await startFixtureCluster({ nodes: 1 });
    using mute = await startMuteNode();
    await using watched = watchPool({ nodes: cluster.urls, discovery: often });
    const { pool, log } = watched;
    await waitForMembers(pool, cluster.nodes);
    const steady = startLoad(pool, 4);

    const list = JSON.parse(nodeList(cluster.nodes));
    for (let place = 0; place < 4_095; place++) {
      const published = place === 0 ? mute.address : `127.1.${place >> 8}.${place & 255}:1`;
      list.nodes[`0-${String(place).padStart(4, "0")}`] = { roles: ["data"], http: { publish_address: published } };
    }
    const nested = `${"[],".repeat(5_400_000)}[]`;
    await setAll(cluster, onSniffs({ body: `{"nested":[${nested}],${JSON.stringify(list).slice(1)}` }));
    await waitUntil("a portion of the nodes has joined", () => /3839 of 4095 new nodes wait/.test(log.text()));
    await waitUntil("one of them was probed", () => mute.heard.length > 0);
    await searches(pool, 200);

    const { answered, failures } = await steady.stop();
    assert.deepEqual(failures, []);
    assert.equal(await servedBy(nodeAt(cluster, 0)), answered + 200);
    assert.deepEqual(new Set(mute.heard), new Set(["GET / HTTP/1.1"]));
    assert.deepEqual(memberAddresses(pool), addressesOf(cluster.nodes));
  });

  it("a node missing from a partial node list does not count as gone", async () => {
    await using cluster = await startFixtureCluster();
    await using watched = watchPool({ nodes: cluster.urls.slice(0, 1), discovery: often });
    const { pool } = watched;
    await waitForMembers(pool, cluster.nodes);
    await setAll(cluster, onSniffs({ body: nodeList(cluster.nodes.slice(0, 2), { failed: 1 }) }));
    await waitForSniffs(cluster, 10); // as a complete list, half as many would do
    assert.deepEqual(memberAddresses(pool), addressesOf(cluster.nodes));
    assert.notEqual(statusOf(pool, addressOf(nodeAt(cluster, 2)))?.state, "draining");
    await waitUntilServing(pool, cluster.nodes);
  });

  it("a node list of another cluster adds none of its nodes at the start", async () => {
    await using ours = await startFixtureCluster({ nodes: 2, faults: { connections: "refuse" } });
    await using other = await startFixtureCluster({ nodes: 2, hosts: ["127.0.0.2"] });
    await using watched = watchPool({
      nodes: [...other.urls.slice(0, 1), ...ours.urls.slice(0, 1)],
      discovery: { ...often, clusterUuid: ours.uuid },
    });
    const { pool } = watched;
    const probes = async () => (await other.stats()).requests.probe;
    await waitUntil("the other cluster was asked a few times", async () => (await probes()) >= 4);
    await setAll(ours, {});
    await waitForMembers(pool, ours.nodes);
    for (const node of other.nodes) await assertUnused(pool, node);
    assert.equal((await nodeAt(other, 1).counts()).connections, 0);
    assert.equal((await other.stats()).requests.sniff, 0);
  });

  it("a node that now belongs to another cluster adds none of its nodes, and is marked down", async () => {
    await using cluster = await startFixtureCluster();
    await using watched = watchPool({ nodes: cluster.urls.slice(0, 1), discovery: often });
    const { pool } = watched;
    await waitForMembers(pool, cluster.nodes);
    const steady = startLoad(pool, 1);
    const stray = nodeAt(cluster, 1);
    const elsewhere = JSON.stringify({
      _nodes: { total: 1, successful: 1, failed: 0 },
      nodes: { x: { roles: ["data"], http: { publish_address: `${nowhere}:9200` } } },
    });
    await stray.set({ uuid: "another-cluster", ...onSniffs({ body: elsewhere }) });
    await waitUntil("it is down", () => statusOf(pool, addressOf(stray))?.state === "down");
    await assertUnused(pool, stray);
    assert.deepEqual(memberAddresses(pool), addressesOf(cluster.nodes));

    await stray.set({});
    await waitUntilServing(pool, [stray]);
    assert.deepEqual((await steady.stop()).failures, []);
  });

  it("no request fails while every node seems to belong to another cluster for a while", async () => {
    await using cluster = await startFixtureCluster();
    await using watched = watchPool({ nodes: cluster.urls, discovery: often });
    const { pool } = watched;
    await waitForMembers(pool, cluster.nodes);
    const steady = startLoad(pool, 1);
    await setAll(cluster, { uuid: "another-cluster" });
    await waitUntil("all are down", () => pool.nodes().every(({ state }) => state === "down"));
    await searches(pool, 20);
    assert.deepEqual(memberAddresses(pool), addressesOf(cluster.nodes));
    assert.equal(pool.stats().view?.clusterUuid, cluster.uuid);

    await setAll(cluster, {});
    await waitUntil("none is down", () => pool.nodes().every(({ state }) => state !== "down"));
    await waitUntilServing(pool, cluster.nodes);
    assert.deepEqual((await steady.stop()).failures, []);
  });
});

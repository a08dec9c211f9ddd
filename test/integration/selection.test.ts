import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { waitUntil } from "@rollcall/testing";
import { addressOf, nodeAt, startFixtureCluster } from "@rollcall/testing/fixture";
import { startRedis } from "@rollcall/testing/redis";
import type { PoolOptions } from "@rollcall/worker";
import { often, search, searches, servedBy, statusOf, watchPool } from "./support-pools.js";
import { failureOf, startLoad } from "./support-requests.js";

// These tests mostly wait, so they run side by side.
const atOnce = { concurrency: 3, timeout: 600_000 };

const inZone = (zone: string) => ({ attributes: { zone } });

describe("the option selection", atOnce, () => {
  it("`only`: a node that is not named gets no request, not even the first ones, in a thread or in the calling one", async () => {
    await using cluster = await startFixtureCluster({ nodes: 4, zones: ["b", "a", "a", "b"] });
    // The configured node is one that must get no request, and requests are made before any list has come.
    const options = { nodes: [nodeAt(cluster, 0).url], selection: { only: inZone("a") }, discovery: often };
    for (const threads of [0, 2]) {
      await using watched = watchPool({ ...options, threads });
      const { pool } = watched;
      await searches(pool, 20);
      await pool.ready();
      await waitUntil(
        "every node is in the list",
        () => pool.nodes().filter(({ id }) => id !== undefined).length === 4,
      );
      await searches(pool, 40);
      const { state, reason, by } = statusOf(pool, addressOf(nodeAt(cluster, 3))) ?? assert.fail("the node is unknown");
      assert.deepEqual([state, reason, by], ["unusable", "`selection.only` does not name it", "configuration"]);
    }
    const served = await Promise.all(cluster.nodes.map(servedBy));
    assert.deepEqual([served[0], served[3]], [0, 0]);
    assert.ok(served[1] && served[2], `both nodes of the zone serve: ${served}`);
  });

  it("`prefer`: one zone gets all requests until half of its nodes are away, and none fails then", async () => {
    await using cluster = await startFixtureCluster({ nodes: 5, zones: ["a", "b", "a", "b", "a"] });
    const [first, other, second, , third] = cluster.nodes;
    assert.ok(first && other && second && third);
    await using watched = watchPool({ nodes: [first.url], selection: { prefer: inZone("a") }, discovery: often });
    const { pool } = watched;
    await pool.ready();
    await waitUntil("the zone is known", () => pool.nodes().filter(({ preferred }) => preferred).length === 3);
    await waitUntil("all are in use", () => pool.nodes().every(({ state }) => state === "healthy"));
    const before = await servedBy(other);
    const load = startLoad(pool, 8);
    await waitUntil("some load", () => load.answered > 300);
    await third.kill();
    await waitUntil("it is away", () => statusOf(pool, addressOf(third))?.state === "down");
    const whole = load.answered;
    await waitUntil("some more load", () => load.answered > whole + 300);
    // A read may have been tried there when a node of its own zone refused it.
    assert.ok((await servedBy(other)) - before < 30, "two of three nodes are enough");
    await second.kill();
    await waitUntil("the other zone serves too", async () => (await servedBy(other)) - before > 200);
    assert.deepEqual((await load.stop()).failures, []);
  });

  it("replicas that share a view each prefer their own zone", async () => {
    await using redis = await startRedis();
    await using cluster = await startFixtureCluster({ nodes: 4, zones: ["a", "b"] });
    const options = (zone: string): PoolOptions => ({
      ...{ nodes: [nodeAt(cluster, 0).url], redis: redis.url, name: "logs", discovery: often },
      selection: { prefer: inZone(zone) },
    });
    await using inA = watchPool(options("a"));
    await using inB = watchPool(options("b"));
    for (const { pool } of [inA, inB]) {
      await pool.ready();
      await waitUntil("the zone is in use", () => {
        const preferred = pool.nodes().filter((node) => node.preferred && node.state === "healthy");
        return preferred.length === 2 && pool.nodes().length === 4;
      });
      const answers = await Promise.all(Array.from({ length: 40 }, () => search(pool)));
      const zones = new Set(answers.map(({ node }) => cluster.nodes.findIndex((one) => addressOf(one) === node) % 2));
      assert.deepEqual([...zones], [pool === inA.pool ? 0 : 1]);
    }
  });

  it("a selection that leaves no node fails every request with NO_NODE after 5 s, in one line, and `ready` says why", async () => {
    await using cluster = await startFixtureCluster({ nodes: 2, zones: ["a"] });
    const nodes = cluster.nodes.map(({ url }) => url);
    await using watched = watchPool({ nodes, selection: { only: inZone("z") }, discovery: often });
    const { pool, log } = watched;
    const degraded: unknown[] = [];
    pool.on("degraded", (event) => degraded.push(event));
    const why = "`selection` leaves none of the 2 listed nodes";
    const [first, late] = await Promise.all([failureOf(search(pool)), failureOf(pool.ready({ timeoutMs: 3_000 }))]);
    const next = await failureOf(search(pool));
    for (const { code, sent } of [first, next]) assert.deepEqual([code, sent], ["NO_NODE", "no"]);
    assert.ok(late.message.endsWith(why), late.message);
    assert.deepEqual(degraded, [{ degraded: true, reason: why }]);
    assert.deepEqual(
      log.lines.filter((line) => line.includes("selection")),
      [`error ${why}`],
    );
    assert.deepEqual(await Promise.all(cluster.nodes.map(servedBy)), [0, 0]);
  });
});

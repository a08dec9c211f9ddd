import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { freePort } from "@rollcall/testing";
import { type EngineCluster, startEngine } from "@rollcall/testing/engines";
import type { Pool } from "@rollcall/worker";
import {
  addressOf,
  createIndex,
  engineTimeout,
  isFullMatrix,
  nodeAt,
  openPool,
  searchUntilServed,
  startFleet,
  waitForMembers,
  waitUntilGreen,
} from "./support-engine.js";

describe("Elasticsearch", engineTimeout, () => {
  let cluster: EngineCluster;
  let pool: Pool;
  before(async () => {
    const onProgress = (line: string) => console.log(line);
    cluster = await startEngine({ kind: "elasticsearch", nodes: 2, dedicatedManagers: 1, onProgress });
    pool = openPool({ nodes: [nodeAt(cluster, 0).url] });
  }, engineTimeout);
  after(async () => {
    await pool.close();
    await cluster.close();
  });

  it("a pool finds the data nodes from one seed, spreads reads over them, and leaves out the dedicated master", async () => {
    const root = await pool.request({ method: "GET", path: "/" });
    assert.equal(root.headers["x-elastic-product"], "Elasticsearch");
    const data = cluster.nodes.slice(0, 2);
    await waitForMembers(pool, data);
    await createIndex(pool);
    await searchUntilServed(pool, data, 20);
    const members = pool.nodes().map(({ name, roles = [] }) => [name, [...roles].sort()]);
    assert.deepEqual(members.sort(), [
      ["n1", ["data", "ingest"]],
      ["n2", ["data", "ingest"]],
    ]);
  });

  it("processes with and without a shared view lose no search when a node dies, and find it at another port", async () => {
    const [first, second] = [nodeAt(cluster, 0), nodeAt(cluster, 1)];
    await using fleet = await startFleet(cluster);
    for (const node of [first, second]) await fleet.waitUntilUsed(node);
    await second.kill();
    await fleet.waitUntilDown(second);
    const before = addressOf(second);
    await second.start({ port: await freePort() });
    assert.notEqual(addressOf(second), before);
    await fleet.waitUntilUsed(second);
    if (isFullMatrix) {
      await waitUntilGreen(pool);
      first.pause();
      await fleet.waitUntilAvoided(first);
      first.resume();
      await fleet.waitUntilUsed(first);
      await fleet.waitUntilUsed(await cluster.addNode());
    }
    await fleet.close();
  });
});

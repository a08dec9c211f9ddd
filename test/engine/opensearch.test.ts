import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";
import { waitUntil } from "@rollcall/testing";
import { type EngineCluster, startEngine } from "@rollcall/testing/engines";
import { isRunning } from "@rollcall/testing/processes";
import { type Pool, type PoolResponse, RollcallError } from "@rollcall/worker";
import {
  createIndex,
  engineTimeout,
  nodeAt,
  openPool,
  searchUntilServed,
  startFleet,
  waitForMembers,
  waitUntilGreen,
} from "./support-engine.js";

describe("OpenSearch", engineTimeout, () => {
  let cluster: EngineCluster;
  let pool: Pool;
  let early: Promise<PoolResponse | RollcallError>;
  before(async () => {
    cluster = await startEngine({
      kind: "opensearch",
      onProgress: (line) => console.log(line),
      onStarting: ([seed = ""]) => {
        pool = openPool({ nodes: [seed] });
        early = pool.request({ method: "GET", path: "/", timeoutMs: 120_000 }).catch((error: RollcallError) => error);
      },
    });
  }, engineTimeout);
  after(async () => {
    await pool.close();
    await cluster.close();
  });

  it("a pool opened before the cluster starts finds every node from one seed, and reads reach all of them", async () => {
    const first = await early;
    assert.ok(!(first instanceof RollcallError) || first.code === "NO_NODE", String(first));
    await pool.ready();
    await waitForMembers(pool, cluster.nodes);
    await createIndex(pool);
    await searchUntilServed(pool, cluster.nodes, 20);
    const members = pool.nodes().filter(({ tier }) => tier === "node");
    assert.deepEqual(members.map(({ name }) => name).sort(), ["n1", "n2", "n3"]);
    assert.ok(members.every(({ version, roles, id }) => version && roles && id));
    const { view } = pool.stats();
    assert.equal(view?.source, "sniff");
    assert.ok(view.clusterUuid);
  });

  it("answers come as JSON, text and bytes, and error statuses are answers", async () => {
    const root = await pool.request<{ version: { number: string } }>({ method: "GET", path: "/" });
    assert.match(root.json().version.number, /^\d/);
    assert.equal(root.text().length, root.bytes().byteLength);
    const missing = await pool.request({ method: "GET", path: "/no-such-index/_doc/1" });
    assert.deepEqual([missing.status, missing.ok], [404, false]);
    assert.throws(() => missing.throwIfError(), { code: "STATUS", type: "index_not_found_exception" });
    const path = "/things/_doc/a%2Fb";
    assert.equal((await pool.request({ method: "PUT", path, body: { n: 1 } })).status, 201);
    assert.equal((await pool.request({ method: "HEAD", path })).status, 200);
  });

  it("processes with and without a shared view lose no search while nodes freeze, join, leave, die and restart", async () => {
    const [second, third] = [nodeAt(cluster, 1), nodeAt(cluster, 2)];
    await using fleet = await startFleet(cluster);
    for (const node of cluster.nodes) await fleet.waitUntilUsed(node);

    third.pause();
    await fleet.waitUntilAvoided(third);
    third.resume();
    await fleet.waitUntilUsed(third);
    await cluster.waitForNodes(3);
    await waitUntilGreen(pool);

    const fourth = await cluster.addNode();
    await fleet.waitUntilUsed(fourth);
    await waitUntilGreen(pool);
    await fourth.stop();
    await fleet.waitUntilAvoided(fourth);

    await second.kill();
    await fleet.waitUntilDown(second);
    await second.start();
    await fleet.waitUntilUsed(second);
    await waitUntilGreen(pool);

    await third.stop();
    await fleet.waitUntilAvoided(third);
    await third.start();
    await fleet.waitUntilUsed(third);
    await fleet.close();
  });

  it("a test process that is killed leaves no JVM behind", async () => {
    const program = `
      const { startEngine } = await import(${JSON.stringify(import.meta.resolve("@rollcall/testing/engines"))});
      const { nodes: [node] } = await startEngine({ kind: "opensearch", nodes: 1 });
      console.log(JSON.stringify([node.pid, node.logFile]));`;
    const words = ["--input-type=module", "--eval", program];
    const parent = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
    const lines = createInterface({ input: parent.stdout });
    const [line] = (await Promise.race([once(lines, "line"), once(parent, "exit").then(() => [])])) as string[];
    assert.ok(line, "the process ended before its engine was ready");
    const [pid, logFile] = JSON.parse(line) as [number, string];
    assert.ok(isRunning(pid));
    parent.kill("SIGKILL");
    await waitUntil("the JVM is gone", () => !isRunning(pid));
    await rm(dirname(logFile), { recursive: true, force: true });
  });
});

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import * as https from "node:https";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort, waitUntil } from "@rollcall/testing";
import { type EngineCluster, type EngineOptions, startEngine } from "@rollcall/testing/engines";
import { isRunning } from "@rollcall/testing/processes";

interface Sniff {
  readonly cluster_name: string;
  readonly nodes: Readonly<Record<string, { name: string; roles: string[]; http: { publish_address: string } }>>;
}

async function getJson(url: string): Promise<unknown> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  assert.equal(answer.status, 200, url);
  return answer.json();
}

async function published(url: string): Promise<string[]> {
  const { nodes } = (await getJson(`${url}/_nodes/http`)) as Sniff;
  return Object.values(nodes)
    .map((node) => `http://${node.http.publish_address}`)
    .sort();
}

async function withEngine(options: EngineOptions, work: (cluster: EngineCluster) => Promise<void>): Promise<void> {
  await using cluster = await startEngine({ ...options, onProgress: (line) => console.log(line) });
  await work(cluster);
}

function nodeAt(cluster: EngineCluster, position: number) {
  const node = cluster.nodes[position];
  assert.ok(node);
  return node;
}

const options = { timeout: 300_000 };

describe("real engines", () => {
  it(
    "OpenSearch: three nodes that sniff each other, stop and go on, die and come back, and take in a fourth",
    options,
    async () => {
      await withEngine({ kind: "opensearch" }, async (cluster) => {
        assert.equal(cluster.nodes.length, 3);
        for (const url of cluster.urls) assert.deepEqual(await published(url), [...cluster.urls].sort());
        await survivesPause(cluster, 1);
        await rejoins(cluster, 1);

        const fourth = await cluster.addNode();
        for (const url of cluster.urls) assert.ok((await published(url)).includes(fourth.url));
      });
    },
  );

  it("Elasticsearch: the same with a dedicated manager, and back on another port", options, async () => {
    await withEngine({ kind: "elasticsearch", nodes: 2, dedicatedManagers: 1 }, async (cluster) => {
      const root = await fetch(cluster.urls[0] ?? "");
      assert.equal(root.headers.get("x-elastic-product"), "Elasticsearch");
      const { nodes } = (await getJson(`${cluster.urls[0]}/_nodes/http`)) as Sniff;
      const roles = Object.fromEntries(Object.values(nodes).map((node) => [node.name, node.roles]));
      assert.deepEqual(roles, { n1: ["data", "ingest"], n2: ["data", "ingest"], n3: ["master"] });
      await survivesPause(cluster, 0);
      await rejoins(cluster, 0);

      const before = nodeAt(cluster, 1).url;
      await nodeAt(cluster, 1).stop();
      await nodeAt(cluster, 1).start({ port: await freePort() });
      await cluster.waitForNodes(3);
      assert.notEqual(nodeAt(cluster, 1).url, before);
      assert.deepEqual(await published(cluster.urls[0] ?? ""), [...cluster.urls].sort());
    });
  });

  it("OpenSearch with security: TLS by its own CA, and 401 without the password", options, async () => {
    await withEngine({ kind: "opensearch", secured: true }, async (cluster) => {
      const [user] = cluster.users ?? [];
      assert.ok(user && cluster.ca);
      for (const url of cluster.urls) {
        assert.equal(await statusOf(url, cluster.ca), 401);
        assert.equal(await statusOf(url, cluster.ca, `${user.username}:wrong`), 401);
        assert.equal(await statusOf(url, cluster.ca, `${user.username}:${user.password}`), 200);
      }
      await assert.rejects(statusOf(cluster.urls[0] ?? ""), { code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" });
    });
  });

  it("a killed test process leaves no JVM behind", options, async () => {
    const program = `
      const { startEngine } = await import(${JSON.stringify(new URL("@rollcall/testing/engines", import.meta.url).href)});
      const { nodes: [node] } = await startEngine({ kind: "opensearch", nodes: 1 });
      console.log(JSON.stringify([node.pid, node.logFile]));`;
    const stdio = ["ignore", "pipe", "inherit"] as const;
    const parent = spawn(process.execPath, ["--input-type=module", "--eval", program], { stdio: [...stdio] });
    const lines = createInterface({ input: parent.stdout });
    const [line] = (await Promise.race([once(lines, "line"), once(parent, "exit").then(() => [])])) as string[];
    assert.ok(line, "the process ended before its engine was up");
    const [pid, logFile] = JSON.parse(line) as [number, string];
    assert.ok(isRunning(pid));
    parent.kill("SIGKILL");
    await waitUntil("the JVM is gone", () => !isRunning(pid));
    await rm(dirname(logFile), { recursive: true, force: true });
  });
});

async function survivesPause(cluster: EngineCluster, position: number): Promise<void> {
  const node = nodeAt(cluster, position);
  node.pause();
  const asked = getJson(node.url);
  assert.equal(await Promise.race([asked, sleep(1_000, "silent")]), "silent");
  node.resume();
  await asked;
  await cluster.waitForNodes(cluster.nodes.length);
}

async function rejoins(cluster: EngineCluster, position: number): Promise<void> {
  const node = nodeAt(cluster, position);
  const { url, pid } = node;
  await node.kill();
  await assert.rejects(fetch(url));
  await cluster.waitForNodes(cluster.nodes.length - 1);
  await node.start();
  await cluster.waitForNodes(cluster.nodes.length);
  assert.equal(node.url, url);
  assert.notEqual(node.pid, pid);
}

function statusOf(url: string, ca?: string, auth?: string): Promise<number | undefined> {
  const settings = {
    agent: false,
    ...(ca === undefined ? {} : { ca }),
    ...(auth === undefined ? {} : { auth }),
  } as const;
  return new Promise((resolve, reject) => {
    const request = https.get(url, settings, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on("error", reject);
  });
}

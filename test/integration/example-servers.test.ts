import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { waitUntil } from "@rollcall/testing";
import { assertAsPromised, linesOf, onCluster, start } from "./support-examples.js";

// They mostly wait: for their start, and until no node is there any more.
const concurrency = true;

describe("each example of a server searches, shows its health, says when no node is there, and ends at a signal", {
  concurrency,
}, () => {
  it("fastify/server.mjs, which also reduces a large answer in a worker thread", async () => {
    await withServer("fastify/server.mjs", {}, async ({ get }) => {
      const found = await get("/search?q=error");
      assert.deepEqual([found.status, (found.body as object[]).length], [200, 3]);
      const slowest = await get("/slowest");
      assert.deepEqual([slowest.status, (slowest.body as object[]).length], [200, 3]);
      return "/search";
    });
  });

  it("express/server.mjs, which sends each tenant's own credential and hands a streamed answer on", async () => {
    const TENANTS = JSON.stringify({ north: "a2V5", south: "b3RoZXI=" });
    await withServer("express/server.mjs", { TENANTS }, async ({ get, cluster }) => {
      for (const tenant of ["north", "south"]) {
        const found = await get(`/${tenant}/search?q=error`);
        assert.deepEqual([found.status, (found.body as object[]).length], [200, 3]);
      }
      assert.equal((await get("/west/search")).status, 404);
      const { body } = await get("/north/export");
      assert.equal((body as { hits: { hits: object[] } }).hits.hits.length, 10_000);
      const { users, opaqueIds } = await cluster.stats();
      assert.equal([...users].filter((user) => user.startsWith("apikey:")).length, 2);
      assert.deepEqual(new Set(opaqueIds), new Set(["north", "south"]));
      return "/north/search";
    });
  });

  it("nestjs/main.ts, compiled", async () => {
    await withServer("nestjs/main.ts", {}, async ({ get }) => {
      const found = await get("/search?q=error");
      assert.deepEqual([found.status, (found.body as object[]).length], [200, 3]);
      return "/search";
    });
  });
});

interface Served {
  get(path: string): Promise<{ readonly status: number; readonly body: unknown }>;
  readonly cluster: Parameters<Parameters<typeof onCluster>[1]>[0];
}

/** Starts the server on a cluster and uses it; then the cluster ends, and then the server. */
async function withServer(
  file: string,
  env: Readonly<Record<string, string>>,
  use: (served: Served) => Promise<string>,
): Promise<void> {
  await onCluster({ nodes: 2 }, async (cluster) => {
    const program = file.replace(/([\w.]+)\.ts$/, "dist/$1.js");
    const server = await start(program, cluster.urls, { PORT: "0", ...env });
    try {
      const listening = () => /listening on (\d+)/.exec(server.text())?.[1] ?? fallen();
      const fallen = () => assert.ok(server.process.alive, server.complaints());
      const port = await waitUntil("it listens", listening);
      const get: Served["get"] = async (path) => {
        const answer = await fetch(`http://127.0.0.1:${port}${path}`);
        return { status: answer.status, body: await answer.json() };
      };
      await waitUntil("it is healthy", async () => (await get("/health")).status === 200);
      const path = await use({ get, cluster });

      await Promise.all(cluster.nodes.map((node) => node.kill()));
      const { status } = await get(path);
      assert.ok(status === 503 || status === 504, String(status));
      await waitUntil("its health page says so too", async () => (await get("/health")).status === 503);
      server.process.child.kill("SIGTERM");
      const { code, signal } = await server.process.gone;
      // NestJS ends its process by the same signal once all is closed.
      assert.ok(code === 0 || signal === "SIGTERM", server.complaints());
      assertAsPromised(file, linesOf(server.text()));
    } finally {
      await server.process.kill();
    }
  });
}

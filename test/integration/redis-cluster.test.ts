import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { createRedisStore, examineRedis, systemTimers, type ViewStore } from "@rollcall/coordinator";
import type { View } from "@rollcall/core/view";
import { collectingLogger, waitUntil } from "@rollcall/testing";
import { own } from "@rollcall/testing/processes";
import { startRedisCluster } from "@rollcall/testing/redis";
import { leadWhenFree, type Opened, publication, waitForView } from "./support-redis.js";

describe("Redis Cluster", () => {
  it("a store in a Redis Cluster leads, publishes, reads and reports, also while a node it does not need is away", async () => {
    // It answers as long as one node does.
    await using cluster = await startRedisCluster({ config: ["cluster-require-full-coverage no"] });
    const servers = cluster.primaries;
    const stores: ViewStore[] = [];
    const open = (mayLead: boolean): Opened => {
      const logger = collectingLogger();
      const nodes = servers.map(({ host, port }) => ({ host, port }));
      const store = createRedisStore({
        redis: { kind: "cluster", nodes, options: { keyPrefix: "mine:" } },
        name: "logs",
        timers: systemTimers,
        random: Math.random,
        logger,
        mayLead,
      });
      stores.push(store);
      const views: View[] = [];
      store.subscribe((view) => views.push(view));
      let connections = 0;
      store.onConnected(() => connections++);
      return { store, logger, views, connections: () => connections };
    };
    try {
      const leader = open(true);
      const reader = open(false);
      await waitUntil("both are connected", () => leader.store.isConnected && reader.store.isConnected);
      await waitUntil("one may lead", () => leader.connections() > 0);
      const lease = await leadWhenFree(leader, "a");
      const received: string[] = [];
      leader.store.onReport(({ replica }) => received.push(replica));
      reader.store.onStatusRequest(() => received.push("status request"));
      await leader.store.publish(lease, publication(lease, 1));
      await waitForView(reader, lease, 1);
      // Not promised to arrive, as long as the subscriptions are on their way.
      await waitUntil("messages go both ways", () => {
        reader.store.report({ node: "id0@es0:9200", reason: "connection refused", replica: "r1" });
        leader.store.requestStatus();
        return received.includes("r1") && received.includes("status request");
      });

      const redis = { kind: "cluster" as const, nodes: servers.map(({ host, port }) => ({ host, port })), options: {} };
      const stop = new AbortController().signal;
      const ownerOfHead = await cluster.ownerOf("{rollcall:logs}:head");
      for (const server of servers) {
        const isAsked = (await server.client.info("commandstats")).includes("cmdstat_time");
        assert.equal(isAsked, server === ownerOfHead, "the time is that of the node by which the view is written");
      }
      const seen = { redis, name: "logs", timers: systemTimers, wallNowMs: Date.now, random: Math.random, stop };
      const examination = await examineRedis(seen);
      assert.ok(examination.kind === "connected", JSON.stringify(examination));
      assert.equal(examination.server.mode, "cluster");
      assert.deepEqual(
        examination.permissions.filter(({ state }) => state !== "granted"),
        [],
        "the doctor examines a Redis Cluster too",
      );

      const owner = await cluster.ownerOf("{rollcall:logs}:head");
      // One of these two carries the messages of either store, or the third does.
      for (const server of servers) if (server !== owner) server.freeze();
      assert.equal(await leader.store.publish(lease, publication(lease, 2)), true);
      await waitForView(reader, lease, 2);
      assert.equal(await leader.store.renew(lease, 9), "kept");
      await waitUntil("the beat is shown", () => reader.views.at(-1)?.head.beat === 9);
    } finally {
      for (const server of servers) server.thaw();
      await Promise.all(stores.map((store) => store.close()));
    }
  });

  it("a store in a Redis Cluster does not keep the process alive", async () => {
    await using cluster = await startRedisCluster();
    const nodes = JSON.stringify(cluster.primaries.map(({ host, port }) => ({ host, port })));
    const program = `
      import { createRedisStore, systemTimers } from "@rollcall/coordinator";
      import { silentLogger } from "@rollcall/core";
      const store = createRedisStore({
        redis: { kind: "cluster", nodes: ${nodes}, options: { slotsRefreshInterval: 500 } },
        name: "logs", timers: systemTimers, random: Math.random, logger: silentLogger, mayLead: true,
      });
      const hold = setInterval(() => {}, 1_000);
      let mayLead = false;
      store.onConnected(() => { mayLead = true; });
      while (!store.isConnected || !mayLead) await new Promise((resolve) => setTimeout(resolve, 20));
      await store.acquire("a", 0);
      clearInterval(hold);
      console.log("idle");`;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", program], { cwd: root });
    const owned = await own(child);
    child.stdin.end();
    const [said, { code }] = await Promise.all([text(child.stdout), owned.gone]);
    assert.deepEqual([said, code], ["idle\n", 0]);
  });
});

// Tests run from test/dist/integration; the packages are found from the root.
const root = fileURLToPath(new URL("../../../", import.meta.url));

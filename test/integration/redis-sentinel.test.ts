import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { freePort, waitUntil } from "@rollcall/testing";
import { own, startGuard } from "@rollcall/testing/processes";
import { startRedis } from "@rollcall/testing/redis";
import { Redis } from "ioredis";
import { lead, leadWhenFree, publication, waitForView, withRedis } from "./support-redis.js";

describe("Sentinel", () => {
  it(
    "a store behind a Sentinel takes a new lease from the new primary after a failover, and readers follow it",
    withRedis({}, async ({ server: primary, connect }) => {
      await using second = await startRedis({ config: [`replicaof ${primary.host} ${primary.port}`] });
      await waitUntil("the replica is in step", async () =>
        (await second.client.info("replication")).includes("master_link_status:up"),
      );
      await using sentinel = await startSentinel(primary);
      const redis = {
        kind: "options" as const,
        options: { sentinels: [{ host: sentinel.host, port: sentinel.port }], name: "ours" },
      };
      const leader = await connect({ redis });
      const reader = await connect({ redis, mayLead: false });
      const lease = await lead(leader);
      await leader.store.publish(lease, publication(lease, 1));
      await waitForView(reader, lease, 1);
      await primary.client.call("WAIT", 1, 5_000);
      await sentinel.lists(second.port);

      await primary.kill();
      await waitUntil("there is a new primary", async () =>
        (await second.client.info("replication")).includes("role:master"),
      );
      await waitUntil("the leader is connected to it", () => leader.connections() > 1 && leader.store.isConnected);
      assert.equal(await leader.store.renew(lease, 1), "lost");
      const next = await leadWhenFree(leader, "a", lease.epoch);
      assert.ok(next.epoch > lease.epoch);
      await leader.store.publish(next, publication(next, 1));
      await waitForView(reader, next, 1);
    }),
  );
});

interface Sentinel extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** Waits until it lists the replica on this port. */
  lists(port: number): Promise<void>;
}

/** One that decides alone, and soon, about the primary "ours". */
async function startSentinel(primary: { readonly host: string; readonly port: number }): Promise<Sentinel> {
  const host = "127.0.0.1";
  const port = await freePort(host);
  const folder = await mkdtemp(join(tmpdir(), "rollcall-sentinel-"));
  const file = join(folder, "sentinel.conf");
  const lines = [
    `bind ${host}`,
    `port ${port}`,
    `dir ${folder}`,
    `sentinel monitor ours ${primary.host} ${primary.port} 1`,
    "sentinel down-after-milliseconds ours 500",
    "sentinel failover-timeout ours 5000",
  ];
  await writeFile(file, `${lines.join("\n")}\n`);
  const owned = await own(spawn("redis-server", [file, "--sentinel"], { stdio: "ignore" }));
  const guard = startGuard(owned.pid);
  owned.child.once("exit", () => guard.stdin?.end("release\n"));
  const client = new Redis({ host, port, retryStrategy: () => 50, maxRetriesPerRequest: null });
  client.on("error", () => {});
  return {
    host,
    port,
    async lists(replica) {
      await waitUntil("the Sentinel lists the replica", async () =>
        JSON.stringify(await client.call("SENTINEL", "REPLICAS", "ours")).includes(String(replica)),
      );
    },
    async [Symbol.asyncDispose]() {
      client.disconnect();
      await owned.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

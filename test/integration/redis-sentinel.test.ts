import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { waitUntil } from "@rollcall/testing";
import { startRedis, startSentinel } from "@rollcall/testing/redis";
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

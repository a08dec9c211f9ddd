import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RollcallError } from "@rollcall/core";
import { parseViewPlace } from "@rollcall/core/config";
import { canary, waitUntil } from "@rollcall/testing";
import type { RedisServer } from "@rollcall/testing/redis";
import { Cluster, Redis } from "ioredis";
import { cut, joinSlots, lead, oneNodeCluster, publication, waitForView, withRedis } from "./support-redis.js";

/** Of the connections that a server has, in order; "" of one without. */
async function namesAt({ client }: RedisServer): Promise<readonly string[]> {
  return [...String(await client.client("LIST")).matchAll(/ name=(\S*)/g)].map(([, name = ""]) => name).sort();
}

const redisOf = (redis: unknown) => parseViewPlace({ redis, name: "logs" }).redis;

describe("a client of ioredis that the application hands in", () => {
  it(
    "the view has connections of its own, and the client stays connected, subscribed and prefixed as it is",
    withRedis({}, async ({ server, connect }) => {
      const own = new Redis(`${server.url}/2`, { keyPrefix: "app:", connectionName: "shop", lazyConnect: true });
      try {
        const idle = await connect({ redis: redisOf(own) });
        assert.equal(own.status, "wait", "nothing has connected it");
        await lead(idle);

        await own.set("key", "value");
        await own.subscribe("news");
        const listeners = own.eventNames().map((name) => [name, own.listenerCount(name)]);
        const follower = await connect({ redis: redisOf(own), mayLead: false });
        await follower.store.close();
        await idle.store.close();
        assert.deepEqual([own.status, await own.get("key")], ["ready", "value"]);
        assert.deepEqual(
          own.eventNames().map((name) => [name, own.listenerCount(name)]),
          listeners,
        );
        assert.deepEqual(await namesAt(server), ["", "shop"], "the view's connections are closed, and no other");
        await server.client.select(2);
        assert.deepEqual((await server.client.keys("*")).sort(), [
          "app:key",
          "{rollcall:logs}:epoch",
          "{rollcall:logs}:lease",
        ]);
      } finally {
        own.disconnect();
      }
    }),
  );

  it(
    "a password that the application renews in the client's options is that of the next connection",
    withRedis({}, async ({ server, connect }) => {
      const user = (...words: string[]) => server.client.call("ACL", "SETUSER", "app", ...words);
      const [old, next] = [canary("old-password"), canary("new-password")];
      await user("on", `>${old}`, "~*", "&*", "+@all");
      const own = new Redis({
        host: server.host,
        port: server.port,
        username: "app",
        password: old,
        lazyConnect: true,
      });
      const one = await connect({ redis: redisOf(own) });
      await user("resetpass", `>${next}`);
      own.options.password = next;
      const before = one.connections();
      await cut(server, "normal");
      await cut(server, "pubsub");
      await waitUntil("it is connected again", () => one.connections() > before && one.store.isConnected);
    }),
  );

  it("a client of a Redis Cluster is read too, with whatever it is made to do otherwise", async () => {
    await withRedis({ config: await oneNodeCluster() }, async ({ server, connect }) => {
      await joinSlots(server);
      const own = new Cluster([{ host: server.host, port: server.port }], {
        ...{ keyPrefix: "app:", scaleReads: "slave", slotsRefreshInterval: 60_000, lazyConnect: true },
        redisOptions: { connectionName: "shop", stringNumbers: true },
      });
      const one = await connect({ redis: redisOf(own) });
      const lease = await lead(one);
      await one.store.publish(lease, publication(lease, 1));
      await waitForView(one, lease, 1);
      assert.equal(own.status, "wait");
      const names = (await namesAt(server)).filter((name) => name !== "");
      assert.deepEqual(new Set(names), new Set(["shop:rollcall:logs:reader", "shop:rollcall:logs:writer"]));
      assert.ok(names.length >= 3, "connections for messages have a name too");
    })();
  });

  it("a client that reads at replicas is refused in one line", () => {
    const own = new Redis({ sentinels: [{ host: "s" }], name: "m", role: "slave", lazyConnect: true });
    assert.throws(
      () => redisOf(own),
      new RollcallError("CONFIG", 'redis.role: must not be "slave": a view is written and read at the primary'),
    );
  });
});

import { after, before } from "node:test";
import { createRedisStore, systemTimers, type ViewStore } from "@rollcall/coordinator";
import { collectingLogger, waitUntil } from "@rollcall/testing";
import { type RedisServer, startRedis } from "@rollcall/testing/redis";
import { describeViewStore } from "#view-store-contract";

let server: RedisServer;
before(async () => {
  server = await startRedis();
});
after(() => server.close());

let views = 0;

describeViewStore("the Redis store", async () => {
  const name = `contract-${++views}`;
  const open = (): ViewStore =>
    createRedisStore({
      redis: { kind: "url", url: server.url },
      name,
      timers: systemTimers,
      random: Math.random,
      logger: collectingLogger(),
      mayLead: true,
    });
  const stores = [open(), open()] as const;
  await Promise.all(
    stores.map(async (store) => {
      await waitUntil("it reads", () => store.isConnected);
      await waitUntil("it may lead", () =>
        store.acquire("no-leader", 0).then(
          (lease) => lease ?? true,
          () => false,
        ),
      );
    }),
  );
  await server.client.del(`{rollcall:${name}}:lease`);
  return {
    stores,
    // A reader subscribes and reads over one connection: after a reply it has received all earlier messages.
    arrive: async () => {
      for (const store of [...stores, ...stores]) await store.read();
    },
    close: async () => {
      await Promise.all(stores.map((store) => store.close()));
    },
  };
});

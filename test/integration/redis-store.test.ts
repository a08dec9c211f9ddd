import assert from "node:assert/strict";
import { after, before, it } from "node:test";
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

const leaseKey = (name: string) => `{rollcall:${name}}:lease`;

/** A store that may lead by now. */
async function openStore(name: string): Promise<ViewStore> {
  const store = createRedisStore({
    redis: { kind: "url", url: server.url },
    name,
    timers: systemTimers,
    random: Math.random,
    logger: collectingLogger(),
    mayLead: true,
  });
  await waitUntil("it reads", () => store.isConnected);
  await waitUntil("it may lead", () =>
    store.acquire("no-leader", 0).then(
      (lease) => lease ?? true,
      () => false,
    ),
  );
  return store;
}

describeViewStore("the Redis store", async () => {
  const name = `contract-${++views}`;
  const stores = await Promise.all([openStore(name), openStore(name)]);
  await server.client.del(leaseKey(name));
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

it("a lease that outlasts by far what a leader may ask for is taken: its end was not written by a leader", async () => {
  const name = `contract-${++views}`;
  const store = await openStore(name);
  try {
    for (const [lastsMs, isTaken] of [
      [9_000, false],
      [3_600_000, true],
    ] as const) {
      await server.client.set(leaseKey(name), "another", "PX", lastsMs);
      assert.equal((await store.acquire("a", 0)) !== undefined, isTaken, `${lastsMs} ms`);
    }
    await server.client.set(leaseKey(name), "another");
    assert.ok(await store.acquire("a", 0), "a lease without an end");
  } finally {
    await store.close();
  }
});

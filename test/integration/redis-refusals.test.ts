import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { parseViewPlace } from "@rollcall/core/config";
import { canary, waitUntil } from "@rollcall/testing";
import { joinSlots, lead, messageOf, type Opened, oneNodeCluster, withRedis } from "./support-redis.js";

const away = (problem: string) => `Redis cannot be used: ${problem}; the last view stays in use`;
const noDatabase = away("it has no database of that number (SELECT)");
const noSelect = away("the Redis user lacks the permission for SELECT (NOPERM)");
const noResp3 = away(
  "it does not speak RESP3 (HELLO 3): it is older than Redis 6, or a proxy in front of it does not pass it on",
);
const full = away("it accepts no more clients (maxclients)");
const wrongPassword = away("it refuses the user or the password (WRONGPASS)");

const warned = (store: Opened, line: string) =>
  waitUntil(`the log says: ${line}`, () => store.logger.messages("warn").includes(line));

describe("a Redis that refuses", () => {
  it(
    "a database that Redis does not have is logged, and no other one is used in its place",
    withRedis({}, async ({ server, open, connect }) => {
      const other = open({ redis: { kind: "url", url: `${server.url}/99` } });
      await warned(other, noDatabase);
      // Long enough for further attempts: they are not logged again.
      await sleep(1_000);
      await assert.rejects(other.store.acquire("a", 0), /it has no database of that number/);
      assert.equal(await server.client.dbsize(), 0);
      assert.deepEqual([other.store.isConnected, other.logger.messages("warn")], [false, [noDatabase]]);
      assert.deepEqual(other.logger.messages("info"), []);

      await lead(await connect({ redis: { kind: "url", url: `${server.url}/3` } }));
      assert.equal(await server.client.dbsize(), 0);
      assert.match(await server.client.info("keyspace"), /db3:keys=2/);
    }),
  );

  it(
    "a Redis that has become a replica gives that as the reason alone, also while its connection is replaced for it",
    withRedis({}, async ({ server, connect }) => {
      const one = await connect();
      await lead(one);
      await server.client.call("REPLICAOF", "127.0.0.1", "1");
      const problems = new Set<string>();
      for (let time = 0; time < 60; time++) {
        problems.add(await messageOf(one.store.acquire("a", 0)));
        await sleep(time % 20);
      }
      assert.deepEqual([...problems], ["REDIS: Redis: it is a replica, and takes no writes (READONLY)"]);
      await server.client.call("REPLICAOF", "NO", "ONE");
      await waitUntil(
        "the lease can be taken",
        async () => (await one.store.acquire("a", 0).catch(() => {})) !== undefined,
      );
    }),
  );

  it(
    "a user that may not select the database waits until it may, while another user leads there",
    withRedis({}, async ({ server, open, connect }) => {
      await server.client.call("ACL", "SETUSER", "second", "on", ">p", "~*", "&*", "+@all", "-select");
      const host = `${server.host}:${server.port}/3`;
      await lead(await connect({ redis: { kind: "url", url: `redis://${host}` } }));
      const second = open({ redis: { kind: "url", url: `redis://second:p@${host}` } });
      await warned(second, noSelect);
      assert.equal(await server.client.dbsize(), 0);
      await server.client.call("ACL", "SETUSER", "second", "+select");
      await waitUntil("the second store is connected", () => second.store.isConnected && second.connections() > 0);
      assert.equal(await second.store.acquire("b", 0), undefined, "the lease is held in this database");
      assert.deepEqual(second.logger.messages("info"), ["Redis is back"]);
    }),
  );

  it(
    "a Redis without HELLO is logged as one that does not speak RESP3",
    withRedis({ config: ['rename-command HELLO ""'] }, async ({ open }) => {
      const one = open();
      await warned(one, noResp3);
      await sleep(1_000);
      assert.deepEqual([one.store.isConnected, one.connections()], [false, 0]);
      assert.deepEqual(one.logger.messages("warn"), [noResp3]);
    }),
  );

  it(
    "a password that a file or a function gives is the new one at the next connection, once Redis has refused the old one",
    withRedis({}, async ({ server, open }) => {
      const folder = await mkdtemp(join(tmpdir(), "rollcall-redis-password-"));
      const path = join(folder, "password");
      const user = (...words: string[]) => server.client.call("ACL", "SETUSER", "app", ...words);
      const [old, next] = [canary("old-password"), canary("new-password")];
      let given = old;
      const options = { host: server.host, port: server.port, username: "app" };
      try {
        await user("on", `>${old}`, "~*", "&*", "+@all");
        await writeFile(path, `${old}\n`);
        const stores = [{ passwordFile: path }, { password: async () => given }].map((password) => {
          return open({ redis: parseViewPlace({ redis: { ...options, ...password }, name: "logs" }).redis });
        });
        const areConnected = () => stores.every(({ store, connections }) => store.isConnected && connections() > 0);
        await waitUntil("both are connected", areConnected);
        await user("resetpass", `>${next}`);
        await server.client.call("CLIENT", "KILL", "USER", "app");
        for (const one of stores) await warned(one, wrongPassword);
        await writeFile(path, `${next}\n`);
        given = next;
        await waitUntil("both are back", () =>
          stores.every(({ logger }) => logger.messages("info").includes("Redis is back")),
        );
        await waitUntil("both may lead", areConnected);
        const lost = away("connection lost");
        for (const { logger } of stores) {
          assert.deepEqual(
            logger.messages("warn").filter((line) => line.startsWith("Redis")),
            [lost, wrongPassword],
          );
        }
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    }),
  );

  it(
    "each new reason is logged once: a password that was changed, then too many clients, then the way back",
    withRedis({}, async ({ server, connect }) => {
      const user = (...words: string[]) => server.client.call("ACL", "SETUSER", "app", ...words);
      await user("on", ">old", "~*", "&*", "+@all");
      const url = server.urlFor({ username: "app", password: "old" });
      const one = await connect({ redis: { kind: "url", url }, mayLead: false });
      await user("resetpass", ">new");
      await server.client.call("CLIENT", "KILL", "USER", "app");
      await warned(one, wrongPassword);
      await server.client.config("SET", "maxclients", "1");
      await warned(one, full);
      await server.client.config("SET", "maxclients", "100");
      await sleep(2_000);
      const said = one.logger.messages("warn").filter((line) => line === wrongPassword || line === full);
      assert.deepEqual(said, [wrongPassword, full]);
      await user("resetpass", ">old");
      await waitUntil("the store is connected", () => one.store.isConnected);
      assert.deepEqual(one.logger.messages("info"), ["Redis is back"]);
    }),
  );

  it("a Redis Cluster that has no room for the connection for messages is asked at intervals, and then all arrive again", async () =>
    withRedis({ config: await oneNodeCluster() }, async ({ server, connect }) => {
      const { client, host, port } = server;
      await joinSlots(server);
      const one = await connect({ redis: { kind: "cluster", nodes: [{ host, port }], options: {} } });
      let reports = 0;
      one.store.onReport(() => reports++);
      const areReceived = async () => {
        const before = reports;
        one.store.report({ node: "id0@es0:9200", reason: "connection refused", replica: "r1" });
        await sleep(50);
        return reports > before;
      };
      await waitUntil("messages arrive", areReceived);
      const connections = String(await client.client("LIST"))
        .trim()
        .split("\n");
      await client.config("SET", "maxclients", String(connections.length - 1));
      // That of the classic channels: the one for commands carries the sharded ones.
      const [, id] =
        connections.map((line) => /^id=(\d+) .* sub=[1-9]/.exec(line)).find((found) => found !== null) ?? [];
      await client.call("CLIENT", "KILL", "ID", String(id));
      const rejected = async () => Number(/rejected_connections:(\d+)/.exec(await client.info("stats"))?.[1]);
      await waitUntil("it was refused", async () => (await rejected()) > 0);
      // ioredis alone would ask hundreds of times.
      await sleep(1_000);
      assert.ok((await rejected()) < 30, `refused ${await rejected()} times`);
      assert.equal(one.store.isConnected, true, "it still reads");
      await client.config("SET", "maxclients", "100");
      await waitUntil("messages arrive again", areReceived);
      assert.deepEqual(one.logger.messages("warn"), []);
    })());
});

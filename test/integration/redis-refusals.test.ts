import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { waitUntil } from "@rollcall/testing";
import { lead, type Opened, withRedis } from "./support-redis.js";

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
      await assert.rejects(other.store.acquire("a", 0), /not connected/);
      assert.equal(await server.client.dbsize(), 0);
      assert.deepEqual([other.store.isConnected, other.logger.messages("warn")], [false, [noDatabase]]);
      assert.deepEqual(other.logger.messages("info"), []);

      await lead(await connect({ redis: { kind: "url", url: `${server.url}/3` } }));
      assert.equal(await server.client.dbsize(), 0);
      assert.match(await server.client.info("keyspace"), /db3:keys=2/);
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
});

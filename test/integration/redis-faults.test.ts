import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Renewal } from "@rollcall/coordinator";
import { waitUntil } from "@rollcall/testing";
import { startReplyDroppingProxy } from "@rollcall/testing/proxies";
import { cut, lead, leadWhenFree, messageOf, publication, versionOf, waitForView, withRedis } from "./support-redis.js";

describe("Redis unreachable", () => {
  it(
    "a store keeps the view while Redis is unreachable, logs it once, and goes on when Redis is back, empty",
    withRedis({}, async ({ server, connect }) => {
      const leader = await connect();
      const reader = await connect({ mayLead: false });
      const lease = await lead(leader);
      await leader.store.publish(lease, publication(lease, 1));
      await waitForView(reader, lease, 1);

      await server.kill();
      await waitUntil("the loss is noticed", () => !reader.store.isConnected && !leader.store.isConnected);
      assert.match(await messageOf(leader.store.renew(lease, 1)), /^REDIS: Redis: /);
      assert.match(await messageOf(leader.store.acquire("a", 0)), /^REDIS: Redis: not connected/);
      assert.match(await messageOf(reader.store.read()), /^REDIS: Redis: /);
      // There is no connection to send it over, and no listener is called.
      reader.store.report({ node: "id0@es0:9200", reason: "connection refused", replica: "r1" });
      reader.store.requestStatus();
      await sleep(1_500); // several attempts to connect

      await server.restart();
      await waitUntil("the store is connected again", () => reader.store.isConnected && leader.connections() === 2);
      assert.equal(await leader.store.renew(lease, 2), "lost", "a lease from before is worth nothing");
      assert.equal(reader.views.at(-1)?.topology.version.epoch, lease.epoch, "the view is still there");
      const next = await lead(leader, "a", lease.epoch);
      assert.ok(next.epoch > lease.epoch);
      await leader.store.publish(next, publication(next, 1));
      await waitForView(reader, next, 1);

      assert.equal(reader.logger.messages("warn").length, 1, reader.logger.text());
      assert.match(reader.logger.messages("warn")[0] ?? "", /^Redis cannot be used: .*; the last view stays in use$/);
      assert.deepEqual(reader.logger.messages("info"), ["Redis is back"]);
    }),
  );

  it(
    "a store notices a frozen Redis, rejects at once, and catches up after it",
    withRedis({}, async ({ server, connect }) => {
      const leader = await connect();
      const reader = await connect({ mayLead: false });
      const idle = await connect({ mayLead: false });
      const lease = await lead(leader);
      await leader.store.publish(lease, publication(lease, 1));
      await waitForView(reader, lease, 1);
      await waitForView(idle, lease, 1);

      server.freeze();
      const [renewed, read] = await Promise.all([
        messageOf(leader.store.renew(lease, 2)),
        messageOf(reader.store.read()),
      ]);
      assert.deepEqual([renewed, read], ["REDIS: Redis: no answer in time", "REDIS: Redis: no answer in time"]);
      await waitUntil("the loss is logged", () => reader.logger.messages("warn").length > 0);
      assert.equal(reader.store.isConnected, false);
      await waitUntil("a store that sends nothing notices too", () => idle.logger.messages("warn").length > 0);
      await idle.store.close(); // needs no answer either
      await sleep(6_000); // longer than a socket may be silent

      server.thaw();
      await waitUntil("it is back", () => reader.store.isConnected && leader.connections() > 1);
      const next = await leadWhenFree(leader, "a", lease.epoch);
      await leader.store.publish(next, publication(next, 1));
      await waitForView(reader, next, 1);
      assert.deepEqual(reader.logger.messages("info"), ["Redis is back"]);
      assert.equal(reader.logger.messages("warn").length, 1, reader.logger.text());
    }),
  );

  it(
    "a beat does not take the view back while it is uncertain whether a publication has arrived",
    withRedis({}, async ({ server, connect }) => {
      const leader = await connect();
      const lease = await lead(leader);
      await leader.store.publish(lease, publication(lease, 1));
      server.freeze();
      assert.equal(
        await messageOf(leader.store.publish(lease, publication(lease, 2))),
        "REDIS: Redis: no answer in time",
      );
      server.thaw();
      assert.equal(await leader.store.renew(lease, 3), "incomplete", "the documents are not those of the first");
      await waitForView(leader, lease, 2);
      const { head } = publication(lease, 2);
      assert.deepEqual((await leader.store.read())?.head.marks, head.marks);
      assert.equal(await leader.store.publish(lease, publication(lease, 2)), true, "the same again is well");
      assert.equal(await leader.store.renew(lease, 4), "kept");
      await waitUntil("it beats on", () => leader.views.at(-1)?.head.beat === 4);
      assert.deepEqual(leader.views.at(-1)?.head.marks, head.marks);
      assert.equal(leader.connections(), 1);
    }),
  );

  it(
    "a leader beats on where a full Redis refuses what it publishes, and publishes it once there is room",
    withRedis({}, async ({ server, connect }) => {
      const leader = await connect();
      const lease = await lead(leader);
      await leader.store.publish(lease, publication(lease, 1));
      await server.client.config("SET", "maxmemory", "1");
      for (const beat of [2, 3]) {
        assert.match(
          await messageOf(leader.store.publish(lease, publication(lease, 2))),
          /^REDIS: .*it is full \(OOM\)/,
        );
        assert.equal(await leader.store.renew(lease, beat), "kept");
        await waitUntil("the beat is received", () => leader.views.at(-1)?.head.beat === beat);
      }
      assert.deepEqual(leader.views.at(-1)?.head.marks, versionOf(lease, 1));
      await server.client.config("SET", "maxmemory", "0");
      assert.equal(await leader.store.publish(lease, publication(lease, 2)), true);
      await waitForView(leader, lease, 2);
    }),
  );

  it(
    "a store connects later where Redis was not there at the start",
    withRedis({}, async ({ server, open }) => {
      await server.kill();
      const early = open();
      await waitUntil("it says so", () => early.logger.messages("warn").length > 0);
      assert.deepEqual(early.logger.messages("warn"), [
        "Redis cannot be used: connection refused; the last view stays in use",
      ]);
      assert.equal(await messageOf(early.store.acquire("a", 0)), "REDIS: Redis: not connected");
      await server.restart();
      await waitUntil("it is connected", () => early.store.isConnected && early.connections() === 1);
      const lease = await lead(early);
      await early.store.publish(lease, publication(lease, 1));
      await waitForView(early, lease, 1);
    }),
  );
});

describe("lease", () => {
  it(
    "a lease stands on a new connection to the same server, and its view goes on where it was",
    withRedis({}, async ({ server, connect }) => {
      const one = await connect();
      const lease = await lead(one);
      await one.store.publish(lease, publication(lease, 1));
      const renewals: Promise<Renewal>[] = [];
      one.store.onConnected(({ leasesStand }) => {
        if (leasesStand) renewals.push(one.store.renew(lease, 5));
      });
      await cut(server, "normal");
      await waitUntil("it is reported", () => renewals.length > 0);
      assert.equal(await renewals[0], "kept");
      await waitUntil("the beat has come", () => one.views.at(-1)?.head.beat === 5);
      await one.store.publish(lease, publication(lease, 2));
      await waitForView(one, lease, 2);
    }),
  );

  it(
    "a lease is void on a connection to a server whose data may be others: it was started again, or was a replica since",
    withRedis({}, async ({ server, connect }) => {
      const one = await connect();
      const renewedAfter = async (what: string, change: () => Promise<unknown>) => {
        const lease = await lead(one);
        const renewals: Promise<Renewal>[] = [];
        const listening = one.store.onConnected(() => renewals.push(one.store.renew(lease, 1)));
        await change();
        await waitUntil(what, () => renewals.length > 0);
        listening();
        const acquired = await lead(one, "a", lease.epoch);
        assert.ok(acquired.epoch > lease.epoch);
        return await renewals[0];
      };
      const restarted = await renewedAfter("it is connected to a server that was started again", async () => {
        await server.client.call("SAVE");
        await server.kill();
        await server.restart();
      });
      assert.equal(restarted, "lost");
      const promoted = await renewedAfter("it is connected to a server that was a replica", async () => {
        await server.client.call("REPLICAOF", "127.0.0.1", "1");
        await server.client.call("REPLICAOF", "NO", "ONE");
        await cut(server, "normal");
      });
      assert.equal(promoted, "lost");
    }),
  );

  it(
    "a lease is taken once where the reply to taking it was lost",
    withRedis({}, async ({ server, connect }) => {
      await using proxy = await startReplyDroppingProxy(server);
      const one = await connect({ redis: { kind: "url", url: `redis://127.0.0.1:${proxy.port}` } });
      await lead(one, "before");
      await server.client.del("{rollcall:logs}:lease");
      const before = await scriptsRun(server.client);

      proxy.dropReplyTo("the-one");
      assert.match(await messageOf(one.store.acquire("the-one", 0)), /^REDIS: Redis: /);
      assert.equal(proxy.dropped, 1);
      await waitUntil("it is connected again", () => one.connections() === 2);
      await one.store.read();
      assert.equal(await server.client.get("{rollcall:logs}:lease"), "the-one", "it was carried out");
      assert.equal((await scriptsRun(server.client)) - before, 1, "and only once");
    }),
  );

  it(
    "a lease of a leader that slept too long writes nothing",
    withRedis({}, async ({ server, connect }) => {
      const [old, young] = [await connect(), await connect()];
      const lease = await lead(old, "old");
      await old.store.publish(lease, publication(lease, 1));
      await server.client.pexpire("{rollcall:logs}:lease", 1);
      const next = await leadWhenFree(young, "young");
      await young.store.publish(next, publication(next, 1));
      const before = await server.client.get("{rollcall:logs}:head");

      assert.equal(await old.store.publish(lease, publication(lease, 2)), false);
      assert.equal(await old.store.renew(lease, 9), "lost");
      await old.store.release(lease);
      assert.equal(await server.client.get("{rollcall:logs}:head"), before);
      assert.equal(await server.client.get("{rollcall:logs}:lease"), "young");
      assert.equal(await young.store.renew(next, 1), "kept");
    }),
  );

  it(
    "a lease is void where one of the same name has taken it again, in another process",
    withRedis({}, async ({ server, connect }) => {
      const [one, other] = [await connect(), await connect()];
      const lease = await lead(one, "twin");
      await one.store.publish(lease, publication(lease, 1));
      const next = await lead(other, "twin");
      const publishing = await connect();
      assert.equal(await one.store.publish(lease, publication(lease, 2)), false);
      const before = await server.client.get("{rollcall:logs}:head");
      const again = await lead(publishing, "twin");
      assert.equal(await other.store.renew(next, 1), "lost");
      await other.store.release(next);
      assert.equal(await server.client.get("{rollcall:logs}:lease"), "twin", "nor can it be given back");
      assert.equal(await server.client.get("{rollcall:logs}:head"), before);
      assert.equal(await publishing.store.renew(again, 1), "kept");
    }),
  );

  it(
    "a lease runs out by itself, and is kept by renewing",
    withRedis({}, async ({ server, connect }) => {
      const one = await connect();
      const lease = await lead(one);
      const leftMs = () => server.client.pttl("{rollcall:logs}:lease");
      assert.ok((await leftMs()) > 5_000 && (await leftMs()) <= 10_000);
      await server.client.pexpire("{rollcall:logs}:lease", 3_000);
      assert.equal(await one.store.renew(lease, 1), "kept");
      assert.ok((await leftMs()) > 5_000);
    }),
  );

  it(
    "a lease has an epoch of Redis' own clock, unless a floor is above it; one from far ahead is not believed",
    withRedis({}, async ({ server, connect }) => {
      const one = await connect();
      const dayMs = 86_400_000;
      const beginsAt = async (floor: number) => Math.floor((await lead(one, "a", floor)).epoch / 1_000);
      const nowMs = Date.now();
      assert.ok(Math.abs((await beginsAt(0)) - nowMs) < 60_000);
      const hourAhead = (nowMs + 3_600_000) * 1_000;
      assert.equal(await beginsAt(hourAhead), nowMs + 3_600_000 + 1);
      assert.ok((await beginsAt(Number.MAX_SAFE_INTEGER)) <= Date.now() + dayMs + 1_000, "no further than a day");

      for (const written of [String(Number.MAX_SAFE_INTEGER), "nonsense", "-5", "nan", "inf"]) {
        await server.client.set("{rollcall:logs}:epoch", written);
        assert.ok(Math.abs((await beginsAt(0)) - Date.now()) < 60_000, written);
      }
    }),
  );
});

describe("lost documents", () => {
  it(
    "a store reports to its leader which document is missing, and is whole again when both are published",
    withRedis({}, async ({ server, connect }) => {
      const one = await connect();
      const lease = await lead(one);
      await one.store.publish(lease, publication(lease, 1));
      for (const damage of [
        () => server.client.del("{rollcall:logs}:marks"),
        () => server.client.del("{rollcall:logs}:topology"),
        () => server.client.set("{rollcall:logs}:topology", "nonsense"),
        async () => {
          await server.client.del("{rollcall:logs}:marks");
          await server.client.lpush("{rollcall:logs}:marks", "nonsense");
        },
      ]) {
        assert.equal(await one.store.renew(lease, 2), "kept");
        await damage();
        assert.equal(await one.store.renew(lease, 3), "incomplete");
        assert.equal(await one.store.publish(lease, publication(lease, 1)), true);
      }
      const late = await connect({ mayLead: false });
      await late.store.read();
      await waitForView(late, lease, 1);
    }),
  );

  it(
    "readers keep their view when Redis is flushed, and the leader begins again",
    withRedis({}, async ({ server, connect }) => {
      const one = await connect();
      const lease = await lead(one);
      await one.store.publish(lease, publication(lease, 1));
      await waitForView(one, lease, 1);
      await server.client.flushall();
      assert.equal((await one.store.read())?.head.topology.epoch, lease.epoch);
      assert.equal(await one.store.renew(lease, 1), "lost");
      const next = await lead(one, "a", lease.epoch);
      assert.ok(next.epoch > lease.epoch);
      await one.store.publish(next, publication(next, 1));
      await waitForView(one, next, 1);
    }),
  );

  it(
    "a store reads a publication whose message it missed",
    withRedis({}, async ({ server, connect }) => {
      const leader = await connect();
      const reader = await connect({ mayLead: false });
      const lease = await lead(leader);
      await leader.store.publish(lease, publication(lease, 1));
      await waitForView(reader, lease, 1);
      await Promise.all([cut(server, "pubsub"), leader.store.publish(lease, publication(lease, 2))]);
      await waitForView(reader, lease, 2);
    }),
  );
});

describe("messages", () => {
  it(
    "messages show marks at once, though the list of nodes that came with them is fetched later",
    // A fleet of 50 fetches over a second: here, at its end.
    withRedis({}, async ({ connect }) => {
      const leader = await connect();
      const reader = await connect({ mayLead: false, random: () => 0.99 });
      const lease = await lead(leader);
      await leader.store.publish(lease, publication(lease, 1, { replicas: 50 }));
      await waitForView(reader, lease, 1);
      for (const nodes of [2, 400]) {
        const sequence = nodes;
        await leader.store.publish(lease, publication(lease, sequence, { nodes, replicas: 50 }));
        await waitForView(reader, lease, sequence);
        const first = reader.views.find(({ marks }) => marks.version.sequence === sequence);
        assert.notEqual(first?.topology.version.sequence, sequence, `${nodes} marks did not wait`);
        assert.deepEqual(first?.head.topology, first?.topology.version, "and the head says what is there");
        assert.deepEqual(first?.head.marks, first?.marks.version);
      }
    }),
  );

  it(
    "messages come with each beat, and never take a view back",
    withRedis({}, async ({ server, connect }) => {
      const leader = await connect();
      const reader = await connect({ mayLead: false });
      const lease = await lead(leader);
      await leader.store.publish(lease, publication(lease, 1));
      await waitForView(reader, lease, 1);
      const old = await server.client.get("{rollcall:logs}:head");
      await leader.store.publish(lease, publication(lease, 2));
      await waitForView(reader, lease, 2);
      await leader.store.renew(lease, 10);
      await waitUntil("the beat is shown", () => reader.views.at(-1)?.head.beat === 10);
      assert.equal(reader.views.at(-1)?.head.topology.sequence, 2);

      // An old head is announced again.
      await server.client.publish("{rollcall:logs}:events", `{"kind":"head","head":${old}}`);
      await server.client.set("{rollcall:logs}:head", old ?? "");
      await reader.store.read();
      assert.deepEqual(reader.views.at(-1)?.head.topology, versionOf(lease, 2));
      assert.equal(reader.views.at(-1)?.head.beat, 10);
    }),
  );

  it(
    "messages stay within their name",
    withRedis({}, async ({ connect }) => {
      const logs = await connect({ name: "logs" });
      const shop = await connect({ name: "shop" });
      const received: string[] = [];
      shop.store.onReport(({ replica }) => received.push(`report of ${replica}`));
      shop.store.onStatusRequest(() => received.push("status request"));
      shop.store.onReleased(() => received.push("released"));
      await shop.store.read();

      const lease = await lead(logs);
      assert.ok((await shop.store.acquire("b", 0)) !== undefined, "each has a lease of its own");
      await logs.store.publish(lease, publication(lease, 1));
      logs.store.report({ node: "id0@es0:9200", reason: "connection refused", replica: "r1" });
      logs.store.requestStatus();
      await logs.store.release(lease);
      await logs.store.read();
      assert.equal(await shop.store.read(), undefined);
      assert.deepEqual([received, shop.views], [[], []]);
    }),
  );

  it(
    "failure reports go only to subscribers, and at a limited rate",
    withRedis({}, async ({ server, connect }) => {
      const one = await connect();
      const listening = async () => Number((await server.client.pubsub("NUMSUB", "{rollcall:logs}:reports"))[1]);
      assert.equal(await listening(), 0);
      const received: string[] = [];
      const stops = [one.store.onReport(({ node }) => received.push(node)), one.store.onHeartbeat(() => {})];
      await waitUntil("they are subscribed", async () => (await listening()) === 1);
      for (let index = 0; index < 500; index++) {
        one.store.report({ node: `id${index}@es:9200`, reason: "connection refused", replica: "r1" });
      }
      // On the way of the reports, behind them: what arrived before it is all that was sent.
      let isCalled = false;
      stops.push(
        one.store.onStatusRequest(() => {
          isCalled = true;
        }),
      );
      one.store.requestStatus();
      await waitUntil("the status request arrives", () => isCalled);
      assert.ok(received.length >= 20 && received.length <= 60, `${received.length} were sent`);

      await cut(server, "normal");
      await cut(server, "pubsub");
      await waitUntil("they are subscribed again", async () => one.connections() === 2 && (await listening()) === 1);
      for (const stop of stops) stop();
      await waitUntil("they are not subscribed any more", async () => (await listening()) === 0);
    }),
  );
});

describe("subscriptions", () => {
  it(
    "a reader that may use no channel reads the view every 2 s, and subscribes once it may",
    withRedis({}, async ({ server, connect }) => {
      const leader = await connect();
      const lease = await lead(leader);
      await leader.store.publish(lease, publication(lease, 1));
      await server.client.call("ACL", "SETUSER", "reader", "on", ">p", "~*", "resetchannels", "+@all");
      const url = server.urlFor({ username: "reader", password: "p" });
      const reader = await connect({ redis: { kind: "url", url }, mayLead: false });
      await waitForView(reader, lease, 1);
      await leader.store.publish(lease, publication(lease, 2));
      await waitForView(reader, lease, 2);
      const subscribers = async () => Number((await server.client.pubsub("NUMSUB", "{rollcall:logs}:events"))[1]);
      assert.equal(await subscribers(), 1, "the leader alone");
      await server.client.call("ACL", "SETUSER", "reader", "&*");
      await waitUntil("the reader is subscribed", async () => (await subscribers()) === 2);
      assert.equal(reader.logger.messages("warn", "cannot subscribe").length, 1, reader.logger.text());
    }),
  );
});

describe("store for readers", () => {
  it(
    "a store for readers alone has one connection, and refuses to lead",
    withRedis({}, async ({ server, connect }) => {
      const clients = async () =>
        String(await server.client.client("LIST"))
          .trim()
          .split("\n").length;
      const before = await clients();
      const reader = await connect({ mayLead: false });
      assert.equal((await clients()) - before, 1);
      await assert.rejects(reader.store.acquire("a", 0), TypeError);
    }),
  );

  it(
    "a store for readers alone reads the clock of Redis",
    withRedis({}, async ({ server, connect }) => {
      const reader = await connect({ mayLead: false });
      await reader.store.read();
      const [seconds] = await server.client.time();
      assert.ok(Math.abs(reader.store.nowMs() - Number(seconds) * 1_000) < 5_000);
    }),
  );
});

/** How many scripts the server has been given to run. */
async function scriptsRun(client: { info(section: string): Promise<string> }): Promise<number> {
  const lines = (await client.info("commandstats")).matchAll(/^cmdstat_eval(?:sha)?:calls=(\d+)/gm);
  return [...lines].reduce((sum, [, calls]) => sum + Number(calls), 0);
}

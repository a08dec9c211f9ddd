import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { examineRedis, systemTimers } from "@rollcall/coordinator";
import { type Heartbeat, redisKeys } from "@rollcall/core/view";
import { collectingLogger, freePort, ManualTimers, waitUntil } from "@rollcall/testing";
import { makeCertificates } from "@rollcall/testing/certificates";
import { own } from "@rollcall/testing/processes";
import type { RedisServer } from "@rollcall/testing/redis";
import type { NodeEvent } from "@rollcall/worker";
import { createPool } from "../support/create-pool.js";
import { cut, lead, messageOf, publication, type Redises, rulesOf, waitForView, withRedis } from "./support-redis.js";

const keys = redisKeys("logs");
const documents = [keys.head, keys.marks, keys.topology];
const messageChannels = [
  ...[keys.heartbeats, keys.reports, keys.probeResults],
  ...[keys.operations, keys.operationResults],
];

describe("foreign data in Redis", () => {
  it(
    "texts that Redis holds reach events and log lines without control characters",
    withRedis({}, async ({ server }) => {
      const forged = 'x\n{"level":60,"msg":"forged"}\u001b[31m\u202e\u0007';
      const version = { epoch: Date.now() * 1_000, leader: forged, sequence: 1 };
      const node = { id: forged, name: forged, host: "127.0.0.1", port: await freePort(), roles: [forged] };
      const mark = { kind: "down", sinceMs: Date.now(), reason: forged };
      const marks = { version, nodes: { [`${forged}@127.0.0.1:${node.port}`]: mark } };
      const topology = { version, clusterUuid: "u", clusterName: forged, source: "sniff", nodes: [node] };
      await server.client.set(keys.topology, gzipSync(JSON.stringify(topology)));
      await server.client.set(keys.marks, JSON.stringify(marks));
      const head = { format: 1, topology: version, marks: version, beat: 1, replicas: 1, atMs: Date.now() };
      await server.client.set(keys.head, JSON.stringify(head));

      const logger = collectingLogger();
      const nodes = [`http://127.0.0.1:${await freePort()}`];
      const pool = createPool({ nodes, redis: server.url, name: "logs", coordinator: "external", logger });
      const events: NodeEvent[] = [];
      pool.on("node", (event) => events.push(event));
      await waitUntil("the node is marked", () => events.some(({ reason }) => reason?.includes("forged")));
      await pool.close({ timeoutMs: 0 });
      const texts = [...events.flatMap((event) => Object.values(event)), ...logger.lines];
      for (const text of texts) assert.doesNotMatch(String(text), /[\p{C}\p{Zl}\p{Zp}]/u);
    }),
  );

  it(
    "foreign data in Redis changes no view, throws nothing, and is logged once for each reason, a few times a key",
    withRedis({}, async ({ server, connect }) => {
      const leader = await connect();
      const reader = await connect({ mayLead: false });
      const reports: unknown[] = [];
      reader.store.onReport((report) => reports.push(report));
      reader.store.onPeerProbeResult((result) => reports.push(result));
      reader.store.onHeartbeat((heartbeat) => reports.push(heartbeat));
      reader.store.onOperation((request) => reports.push(request));
      reader.store.onOperationResult((result) => reports.push(result));
      const lease = await lead(leader);
      await leader.store.publish(lease, publication(lease, 1));
      await waitForView(reader, lease, 1);
      const before = reader.views.at(-1);

      const future = { epoch: Number.MAX_SAFE_INTEGER, leader: "z", sequence: 1 };
      const head = JSON.stringify({ format: 1, topology: future, marks: future, beat: 1, atMs: 1, replicas: 1 });
      const garbage = [
        "",
        "nonsense",
        "null",
        "[]",
        '{"kind":"head"}',
        `{"kind":"head","head":${head}}`,
        '{"node":"__proto__","reason":1}',
        head,
        randomBytes(200_000),
        gzipSync(Buffer.alloc(50 * 1024 * 1024)),
        "[".repeat(10_000),
      ];
      for (const rubbish of garbage) {
        for (const key of documents) await server.client.set(key, rubbish);
        for (const channel of [keys.events, ...messageChannels]) await server.client.publish(channel, rubbish);
        assert.deepEqual(await reader.store.read(), before);
      }
      for (const key of documents) {
        await server.client.del(key);
        await server.client.lpush(key, "nonsense");
      }
      assert.deepEqual(await reader.store.read(), before);
      assert.deepEqual([reader.views.at(-1), reports], [before, []]);

      const warnings = reader.logger.messages("warn");
      for (const key of [keys.head, keys.events, ...messageChannels]) {
        const ofKey = warnings.filter((line) => line.includes(`${key} is not used`));
        assert.ok(ofKey.length > 0 && ofKey.length <= 8, warnings.join("\n"));
        assert.deepEqual(ofKey, [...new Set(ofKey)]);
      }

      // The leader overwrites it.
      for (const key of [keys.lease, keys.epoch]) {
        await server.client.del(key);
        await server.client.lpush(key, "nonsense");
      }
      assert.equal(await leader.store.renew(lease, 1), "lost");
      const next = await lead(leader, "a", lease.epoch);
      assert.ok(next.epoch > lease.epoch);
      await leader.store.publish(next, publication(next, 1));
      await waitForView(reader, next, 1);
      // Nor does a lease without an end keep other processes from leading.
      await server.client.set(keys.lease, "no-leader");
      await lead(leader, "a", next.epoch);
    }),
  );

  it(
    "foreign data in Redis cannot shut out the true leader by announcing what does not exist",
    withRedis({}, async ({ server, connect }) => {
      const leader = await connect();
      const reader = await connect({ mayLead: false });
      const lease = await lead(leader);
      await leader.store.publish(lease, publication(lease, 1));
      await waitForView(reader, lease, 1);
      const ahead = { epoch: lease.epoch + 3_600_000_000, leader: "z", sequence: 1 };
      const head = JSON.stringify({ format: 1, topology: ahead, marks: ahead, beat: 9_999, atMs: 1, replicas: 1 });
      await server.client.publish(keys.events, `{"kind":"head","head":${head}}`);
      await leader.store.renew(lease, 2);
      await waitUntil("its beat is shown", () => reader.views.at(-1)?.head.beat === 2);
      await leader.store.publish(lease, publication(lease, 3));
      await waitForView(reader, lease, 3);
    }),
  );

  it(
    "marks and beats stay in use where only the list of nodes is damaged",
    withRedis({}, async ({ server, connect }) => {
      const leader = await connect();
      // It fetches the list of nodes of a large fleet after a second, when it is damaged already.
      const reader = await connect({ mayLead: false, random: () => 0.99 });
      const lease = await lead(leader);
      await leader.store.publish(lease, publication(lease, 1, { replicas: 50 }));
      await waitForView(reader, lease, 1);
      const second = publication(lease, 2, { replicas: 50 });
      await leader.store.publish(lease, second);
      const damaged = { ...second.topology, nodes: [{ id: "x", host: "http://x", port: 80 }] };
      await server.client.set(keys.topology, gzipSync(JSON.stringify(damaged)));
      await waitUntil("it is logged", () => reader.logger.messages("warn", keys.topology).length > 0);
      const third = publication(lease, 3, { replicas: 50 });
      await leader.store.publish(lease, {
        head: { ...third.head, topology: second.head.topology },
        marks: third.marks,
      });
      await waitUntil("newer marks are shown", () => reader.views.at(-1)?.marks.version.sequence === 3);
      const shown = reader.views.at(-1);
      assert.deepEqual([shown?.topology.version.sequence, shown?.head.beat], [1, 3]);
      for (const { topology } of reader.views) assert.ok(topology.nodes.every(({ host }) => host === "es0"));
      assert.equal(await leader.store.renew(lease, 4), "incomplete");
    }),
  );
});

describe("Redis users", () => {
  const users = {
    replica: rulesOf("rollcall-replica"),
    coordinator: rulesOf("rollcall-coordinator"),
    operator: rulesOf("rollcall-operator"),
  };
  const heartbeat: Heartbeat = {
    replica: "r1",
    host: "app",
    pid: 1,
    role: "external",
    leading: false,
    freshness: "fresh",
    ejected: [],
    threads: [],
  };
  const drain = {
    id: "o1",
    by: "ops@host",
    reason: "",
    atMs: 1,
    kind: "drain",
    node: "es0",
    forMs: 1,
    force: false,
  } as const;

  it(
    "the Redis users of the guide may do what a replica, a coordinator and an operator do, and no more",
    withRedis({ password: "admin-secret", users }, async ({ server, connect }) => {
      const as = (username: string) => ({
        kind: "url" as const,
        url: server.urlFor({ username, password: "PASSWORD" }),
      });
      const leader = await connect({ redis: as("coordinator") });
      const reader = await connect({ redis: as("replica"), mayLead: false });
      const received: string[] = [];
      leader.store.onReport(({ replica }) => received.push(replica));
      reader.store.onStatusRequest(() => received.push("status request"));
      await leader.store.read();

      const lease = await lead(leader);
      await leader.store.publish(lease, publication(lease, 1, { nodes: 200 }));
      assert.equal(await leader.store.renew(lease, 5), "kept");
      await waitForView(reader, lease, 1);
      reader.store.report({ node: "id0@es0:9200", reason: "connection refused", replica: "r1" });
      leader.store.requestStatus();
      await waitUntil("both have arrived", () => received.length === 2);
      const entry = { atMs: 1, event: "node.down", text: "node es0 is down", by: "a" };
      assert.ok(await leader.store.addHistory(lease, [entry], 1));
      assert.ok(await leader.store.addHistory(lease, [entry, { ...entry, atMs: 2 }], 1));
      assert.equal((await reader.store.readHistory())?.length, 2);

      const operator = await connect({ redis: as("operator"), mayLead: false });
      await waitForView(operator, lease, 1);
      leader.store.onOperation(({ id }) => leader.store.sendOperationResult({ id, outcome: "done", text: "" }));
      operator.store.onOperationResult(({ id }) => received.push(`result of ${id}`));
      operator.store.onHeartbeat(({ replica }) => received.push(`heartbeat of ${replica}`));
      await waitUntil("the leader has answered", async () => {
        await operator.store.sendOperation(drain);
        operator.store.requestStatus();
        reader.store.heartbeat(heartbeat);
        return ["result of o1", "heartbeat of r1"].every((one) => received.includes(one));
      });
      await waitUntil(
        "it has asked for heartbeats",
        () => received.filter((one) => one === "status request").length > 1,
      );
      await leader.store.release(lease);
      // Nothing that they tried was denied.
      assert.deepEqual(await server.client.call("ACL", "LOG"), []);
      const warned = [leader, reader, operator].map(({ logger }) => logger.messages("warn"));
      assert.deepEqual(warned, [[], [], []]);

      const denied: readonly (readonly [string, ...string[]])[] = [
        ["replica", "SET", keys.head, "x"],
        ["replica", "DEL", keys.lease],
        ["replica", "EVAL", "return redis.call('SET', KEYS[1], 'x')", "1", keys.head],
        ["replica", "GETRANGE", redisKeys("shop").head, "0", "1"],
        ["replica", "SUBSCRIBE", redisKeys("shop").events],
        ["replica", "PUBLISH", redisKeys("shop").events, "x"],
        ["replica", "PUBLISH", keys.events, "x"],
        ["replica", "PUBLISH", keys.operations, "x"],
        ["replica", "PUBLISH", keys.operationResults, "x"],
        ["replica", "SUBSCRIBE", keys.operations],
        ["operator", "PUBLISH", keys.events, "x"],
        ["operator", "PUBLISH", keys.heartbeats, "x"],
        ["operator", "PUBLISH", keys.reports, "x"],
        ["operator", "PUBLISH", keys.operationResults, "x"],
        ["operator", "SUBSCRIBE", keys.operations],
        ["operator", "PUBLISH", redisKeys("shop").operations, "x"],
        ["operator", "SET", keys.marks, "x"],
        ["operator", "DEL", keys.lease],
        ["replica", "CONFIG", "GET", "requirepass"],
        ["coordinator", "SET", redisKeys("shop").head, "x"],
        ["coordinator", "EVAL", "return redis.call('SET', KEYS[1], 'x')", "1", redisKeys("shop").head],
        ["coordinator", "PUBLISH", redisKeys("shop").events, "x"],
        ["coordinator", "FLUSHALL"],
        ["coordinator", "KEYS", "*"],
      ];
      for (const [username, command, ...parameters] of denied) {
        const client = server.client.duplicate({ username, password: "PASSWORD", lazyConnect: true });
        client.on("error", () => {});
        try {
          await assert.rejects(client.call(command ?? "", ...parameters), /NOPERM/, `${username}: ${command}`);
        } finally {
          client.disconnect();
        }
      }
    }),
  );

  it(
    "a Redis user that may not subscribe still reads, and the log says what is missing",
    withRedis(
      { password: "admin-secret", users: { ...users, deaf: users.replica.replace("+subscribe", "") } },
      async ({ server, connect }) => {
        const as = (username: string) => ({
          kind: "url" as const,
          url: server.urlFor({ username, password: "PASSWORD" }),
        });
        const leader = await connect({ redis: as("coordinator") });
        const reader = await connect({ redis: as("deaf"), mayLead: false });
        await waitUntil("it is logged", () => reader.logger.messages("warn").length > 0);
        assert.deepEqual(reader.logger.messages("warn"), [
          "cannot subscribe to the view's channels in Redis, only read: the Redis user lacks the permission for SUBSCRIBE (NOPERM)",
        ]);
        const lease = await lead(leader);
        await leader.store.publish(lease, publication(lease, 1));
        assert.equal((await reader.store.read())?.head.topology.epoch, lease.epoch);

        const timers = new ManualTimers();
        const polling = await connect({ redis: as("deaf"), mayLead: false, timers });
        await waitForView(polling, lease, 1);
        await leader.store.publish(lease, publication(lease, 2));
        // Slowly enough for answers to come in their time: a poll is due every 2 s.
        await waitUntil("the head is read and the rest fetched", () => {
          timers.advance(200);
          return polling.views.at(-1)?.topology.version.sequence === 2;
        });
      },
    ),
  );

  it(
    "the doctor finds each permission of the guide's lines, says what a line lacks, and writes nothing",
    withRedis(
      {
        password: "admin-secret",
        users: {
          ...users,
          less: users.coordinator.replace(" +append", ""),
          other: users.replica.replaceAll("logs", "z"),
        },
      },
      async ({ server }) => {
        const refusedTo = async (username: string) => {
          const redis = { kind: "url" as const, url: server.urlFor({ username, password: "PASSWORD" }) };
          const stop = new AbortController().signal;
          const parts = { redis, name: "logs", timers: systemTimers, wallNowMs: Date.now, random: Math.random, stop };
          const examination = await examineRedis(parts);
          assert.ok(examination.kind === "connected", JSON.stringify(examination));
          return examination.permissions
            .filter(({ state }) => state !== "granted")
            .map(({ use, what }) => `${use}: ${what}`);
        };
        assert.deepEqual(await refusedTo("coordinator"), []);
        assert.deepEqual(await refusedTo("less"), ["lead: APPEND"]);
        assert.ok((await refusedTo("replica")).every((what) => what.startsWith("lead")));
        assert.ok((await refusedTo("other")).includes("read: the channel events"));
        assert.deepEqual(await server.client.keys("*"), []);
      },
    ),
  );

  it(
    "a missing permission is named, and without it no operation is sent",
    withRedis({ password: "admin-secret", users }, async ({ server, connect }) => {
      const redis = { kind: "url" as const, url: server.urlFor({ username: "replica", password: "PASSWORD" }) };
      const one = await connect({ redis });
      assert.equal(
        await messageOf(one.store.acquire("a", 0)),
        "REDIS: Redis: the Redis user lacks the permission for EVAL (NOPERM)",
      );
      const lacks = "REDIS: Redis: the Redis user lacks the permission to";
      assert.equal(
        await messageOf(one.store.sendOperation(drain)),
        `${lacks} subscribe to ${keys.operationResults} (NOPERM)`,
      );
      await server.client.call("ACL", "SETUSER", "replica", `(+subscribe &${keys.operationResults})`);
      const two = await connect({ redis });
      assert.equal(await messageOf(two.store.sendOperation(drain)), `${lacks} publish on ${keys.operations} (NOPERM)`);
    }),
  );
});

describe("TLS", () => {
  /** With its password, which is not to travel before its certificate is believed. */
  const withTls = async (test: (redises: Redises, ca: string) => Promise<void>) => {
    const { ca, nodes } = await makeCertificates({ names: ["redis"] });
    const [certificate] = nodes;
    assert.ok(certificate !== undefined);
    await withRedis({ password: "admin-secret", certificate }, (redises) => test(redises, ca))();
  };
  const options = ({ host, tlsPort }: RedisServer, tls: object) => ({
    kind: "options" as const,
    options: { host, port: tlsPort, password: "admin-secret", tls },
  });

  it("Redis over TLS is used with the CA that signed its certificate, and again once it is back", () =>
    withTls(async ({ server, connect }, ca) => {
      const redis = options(server, { ca });
      const leader = await connect({ redis });
      const reader = await connect({ redis, mayLead: false });
      const before = await lead(leader);
      await leader.store.publish(before, publication(before, 1));
      await waitForView(reader, before, 1);

      await cut(server, "normal");
      await cut(server, "pubsub");
      await waitUntil("the leader is back", () => leader.connections() > 1);
      const after = await lead(leader);
      await leader.store.publish(after, publication(after, 1));
      await waitForView(reader, after, 1);
    }));

  it("a Redis with a certificate of another CA is not used, and does not get the password", () =>
    withTls(async ({ server, open }) => {
      const strangers = await makeCertificates({ names: ["redis"] });
      const url = { kind: "url" as const, url: `rediss://:admin-secret@${server.host}:${server.tlsPort}` };
      for (const redis of [url, options(server, {}), options(server, { ca: strangers.ca })]) {
        const one = open({ redis });
        await waitUntil("it says that it cannot connect", () => one.logger.messages("warn").length > 0);
        assert.match(one.logger.messages("warn")[0] ?? "", /the authority of its certificate is unknown/);
        assert.ok(!one.store.isConnected && !one.logger.text().includes("admin-secret"));
        await one.store.close();
      }
      // Only our own client has authenticated.
      assert.doesNotMatch(
        await server.client.info("commandstats"),
        /cmdstat_(?:eval|subscribe)|cmdstat_(?:auth|hello):calls=[2-9]/,
      );
    }));
});

describe("connection", () => {
  it(
    "no log line and no error shows a password, whatever goes wrong",
    withRedis({ password: "the-right-one" }, async ({ server, open }) => {
      const secret = "p4ss-w0rd-that-is-wrong";
      const url = `redis://:${secret}@127.0.0.1`;
      const refusing = await freePort();
      for (const redis of [
        { kind: "url" as const, url: `${url}:${server.port}` },
        { kind: "url" as const, url: `${url}:${refusing}` },
        { kind: "options" as const, options: { port: server.port, host: "127.0.0.1", password: secret } },
        {
          kind: "options" as const,
          options: { port: server.port, host: "127.0.0.1", username: "u", password: secret },
        },
      ]) {
        const one = open({ redis });
        await waitUntil("it says that it cannot connect", () => one.logger.messages("warn").length > 0);
        const said = `${await messageOf(one.store.acquire("a", 0))} ${await messageOf(one.store.read())}`;
        assert.ok(!`${one.logger.text()} ${said}`.includes(secret), one.logger.text());
        await one.store.close();
      }
    }),
  );

  it(
    "the settings of the connection cannot undo what the view relies on",
    withRedis({}, async ({ server, connect }) => {
      const options = {
        host: "127.0.0.1",
        port: server.port,
        keyPrefix: "mine:",
        enableOfflineQueue: true,
        enableAutoPipelining: true,
        stringNumbers: true,
        lazyConnect: true,
        protocol: 2,
        retryStrategy: () => null,
      };
      const url = `${server.url}?keyPrefix=mine:&enableOfflineQueue=true&lazyConnect=true`;
      for (const redis of [
        { kind: "options" as const, options },
        { kind: "url" as const, url },
      ]) {
        const one = await connect({ redis });
        const lease = await lead(one, "a");
        await one.store.publish(lease, publication(lease, 1));
        await waitForView(one, lease, 1);
        assert.deepEqual((await server.client.keys("*")).sort(), [...documents, keys.lease, keys.epoch].sort());
        await server.kill();
        await waitUntil("the loss is noticed", () => !one.store.isConnected);
        assert.match(await messageOf(one.store.acquire("a", 0)), /^REDIS: Redis: (not connected|connection lost)/);
        await server.restart();
        await waitUntil("it comes back", () => one.store.isConnected && one.connections() > 1);
        await one.store.close();
      }
    }),
  );

  it(
    "a store that is closed leaves nothing behind, in whatever state it is",
    withRedis({}, async ({ server }) => {
      const refusing = await freePort();
      const program = `
        import { createRedisStore, systemTimers } from "@rollcall/coordinator";
        process.on("unhandledRejection", (error) => { console.log("unhandled", error); process.exit(3); });
        const open = (port) => createRedisStore({
          redis: { kind: "url", url: "redis://127.0.0.1:" + port }, name: "logs", timers: systemTimers,
          random: Math.random, logger: { debug() {}, info() {}, warn() {}, error() {} }, mayLead: true,
        });
        const stores = [open(${server.port}), open(${server.port}), open(${refusing})];
        await stores[0].close();
        while (!stores[1].isConnected) await new Promise((resolve) => setTimeout(resolve, 10));
        // Whatever an attempt to connect has come to.
        await Promise.all(Array.from({ length: 40 }, async (_, index) => {
          const early = open(index % 2 === 0 ? ${refusing} : ${server.port});
          await new Promise((resolve) => setTimeout(resolve, index * 7));
          await early.close();
        }));
        await new Promise((resolve) => setImmediate(resolve));
        stores[1].onReport(() => {});
        const asked = stores[1].read().catch(() => {});
        await Promise.all(stores.map((store) => store.close()));
        await asked;
        await stores[1].close();
        stores[1].report({ node: "a@b:1", reason: "", replica: "r" });
        stores[1].requestStatus();
        const left = process.getActiveResourcesInfo().filter((one) => /TCP|Timeout/.test(one));
        console.log("closed", JSON.stringify(left));
      `;
      const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
        cwd: new URL("../../../", import.meta.url),
        stdio: ["ignore", "pipe", "inherit"],
      });
      const owned = await own(child);
      const said = await text(child.stdout);
      assert.deepEqual([said, (await owned.gone).code], ["closed []\n", 0]);
    }),
  );
});

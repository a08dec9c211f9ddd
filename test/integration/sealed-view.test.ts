import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { startCoordinator } from "@rollcall/coordinator";
import { silentLogger } from "@rollcall/core";
import { digestOf, redisKeys, type View } from "@rollcall/core/view";
import { freePort, waitUntil } from "@rollcall/testing";
import { own } from "@rollcall/testing/processes";
import type { RedisServer } from "@rollcall/testing/redis";
import { createPool } from "../support/create-pool.js";
import { lead, type Opened, publication, waitForView, withRedis } from "./support-redis.js";

const keys = redisKeys("logs");
// The tests run from test/dist/integration.
const program = fileURLToPath(new URL("../../../packages/cli/dist/main.js", import.meta.url));

/** The exit code, and what was written. */
async function rollcall(words: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  const child = spawn(process.execPath, [program, ...words], { env: { PATH: process.env.PATH, ...env } });
  const owned = await own(child);
  const [stdout, stderr, { code }] = await Promise.all([text(child.stdout), text(child.stderr), owned.gone]);
  return `${code} ${stdout}${stderr}`;
}
const secret = ["a secret of sixteen bytes or more"] as const;
const other = ["another secret that is long enough"] as const;
const report = { node: "n1@es1:9200", reason: "connection refused", replica: "r1" };
const notFollowed = (problem: string) =>
  `warn the view in Redis is not followed: ${problem}; without it, a process monitors the cluster for itself`;

/** Everything that Redis holds, and every message of the view so far, as a client with every right records them. */
async function recorder(server: RedisServer) {
  const listener = server.client.duplicate();
  const messages: { readonly channel: string; readonly bytes: Buffer }[] = [];
  listener.on("pmessageBuffer", (_pattern: Buffer, channel: Buffer, bytes: Buffer) =>
    messages.push({ channel: String(channel), bytes }),
  );
  await listener.psubscribe("{rollcall:*");
  return {
    messages,
    async values(): Promise<ReadonlyMap<string, Buffer>> {
      const held = [keys.head, keys.topology, keys.marks];
      const values = await Promise.all(held.map((key) => server.client.getBuffer(key)));
      return new Map(held.map((key, at) => [key, values[at] ?? Buffer.from("")]));
    },
    async putBack(values: ReadonlyMap<string, Buffer>): Promise<void> {
      for (const [key, value] of values) await server.client.set(key, value);
    },
    async repeat(): Promise<void> {
      for (const { channel, bytes } of [...messages]) await server.client.publish(channel, bytes);
    },
    [Symbol.dispose]: () => listener.disconnect(),
  };
}

const newest = ({ views }: Opened): View => views.at(-1) ?? assert.fail("there is no view");
const versionsIn = ({ views }: Opened) => views.map(({ marks }) => marks.version.sequence);

describe("a view that is sealed", () => {
  it(
    "is followed with one of its secrets and by no other process, each of which says so once",
    withRedis({}, async ({ connect }) => {
      const leader = await connect({ secret });
      const reader = await connect({ secret: [...other, ...secret], mayLead: false });
      const wrong = await connect({ secret: other });
      const without = await connect();
      const lease = await lead(leader);
      await leader.store.publish(lease, publication(lease, 1));
      await waitForView(reader, lease, 1);
      for (const beat of [2, 3]) await leader.store.renew(lease, beat);
      await waitUntil("the beats have come", () => newest(reader).head.beat === 3);
      const problems = new Map([
        [wrong, "it is sealed with another secret, or was changed since"],
        [without, "it is sealed, and this process has no `secret`"],
      ]);
      for (const [opened, problem] of problems) {
        await waitUntil(problem, () => opened.logger.lines.length > 0);
        assert.equal(await opened.store.read(), undefined);
        assert.deepEqual(opened.logger.lines, [notFollowed(problem)]);
        assert.deepEqual(opened.views, []);
      }
      await leader.store.release(lease);
      assert.equal((await reader.store.read())?.head.released, true);
      assert.equal(await wrong.store.acquire("wrong", 0), undefined, "it would not be followed");
      const next = await lead(without.store.isConnected ? leader : reader, "b");
      assert.ok(next.epoch > lease.epoch);
    }),
  );

  it(
    "is changed by nothing that a client with every right writes, repeats or mixes",
    withRedis({}, async ({ server, connect }) => {
      const leader = await connect({ secret });
      const reader = await connect({ secret, mayLead: false });
      const elsewhere = await connect({ secret, name: "logs2" });
      const heard: string[] = [];
      for (const { store } of [leader, reader]) {
        store.onReport(({ node }) => heard.push(`report ${node}`));
        store.onPeerProbeRequest(({ id }) => heard.push(`probe request ${id}`));
        store.onPeerProbeResult(({ id }) => heard.push(`probe result ${id}`));
        store.onHeartbeat(({ replica }) => heard.push(`heartbeat ${replica}`));
        store.onStatusRequest(() => heard.push("status request"));
        store.onOperation(({ id }) => heard.push(`operation ${id}`));
        store.onOperationResult(({ id }) => heard.push(`operation result ${id}`));
        store.onReleased(() => heard.push("released"));
        store.onHistory((entries) => heard.push(`history ${entries.length}`));
      }
      using recorded = await recorder(server);
      const first = await lead(leader);
      await leader.store.publish(first, publication(first, 1));
      await waitForView(reader, first, 1);
      const old = await recorded.values();
      leader.store.requestPeerProbes({ id: "1", node: report.node, replicas: ["r1"] });
      reader.store.report(report);
      await waitUntil("what is sealed has come", () => heard.filter((what) => /report|probe/.test(what)).length === 4);
      const beside = await lead(elsewhere);
      await elsewhere.store.publish(beside, publication(beside, 9));
      const lease = await lead(leader, "a", first.epoch);
      await leader.store.publish(lease, publication(lease, 2));
      for (const each of [leader, reader]) await waitForView(each, lease, 2);
      const after = heard.length;
      const shown = versionsIn(reader).length;
      const version = { epoch: lease.epoch + 1_000_000, leader: "z", sequence: 9 };
      const marks = JSON.stringify({ version, nodes: {} });
      const topology = gzipSync(
        JSON.stringify({ version, source: "sniff", nodes: [{ id: "x", host: "127.0.0.9", port: 1 }] }),
      );
      const digests = { topology: digestOf(topology), marks: digestOf(Buffer.from(marks)) };
      const forgedHead = JSON.stringify({
        ...{ format: 1, topology: version, marks: version, beat: 1, replicas: 1, digests, atMs: Date.now() },
      });
      const current = await recorded.values();
      const attacks: Readonly<Record<string, () => Promise<unknown>>> = {
        "every message so far, of this epoch, the one before, and another view": () => recorded.repeat(),
        "another view's messages on the channels of this one": async () => {
          for (const { channel, bytes } of [...recorded.messages]) {
            await server.client.publish(channel.replace("logs2", "logs"), bytes);
          }
        },
        "a whole view of its own, under a higher epoch": async () => {
          await recorded.putBack(
            new Map([
              [keys.topology, topology],
              [keys.marks, Buffer.from(marks)],
              [keys.head, Buffer.from(forgedHead)],
            ]),
          );
          await server.client.publish(keys.events, `{"kind":"head","head":${forgedHead}}`);
        },
        "the leader's own head with another sequence": () => {
          const head = String(current.get(keys.head)).replace(/"sequence":2/g, '"sequence":999999999');
          return server.client.publish(keys.events, `{"kind":"head","head":${head}}`);
        },
        "the view before": () => recorded.putBack(old),
        "the newest head beside the documents before": () =>
          recorded.putBack(new Map([...old, [keys.head, current.get(keys.head) ?? Buffer.from("")]])),
        "messages of every kind without a seal": async () => {
          await server.client.publish(keys.reports, JSON.stringify(report));
          await server.client.publish(keys.statusRequests, "{}");
          await server.client.publish(keys.events, JSON.stringify({ kind: "released" }));
          await server.client.publish(keys.probeResults, JSON.stringify({ ...report, id: "1", ok: true }));
          const operation = { id: "o", kind: "pause", forMs: 60_000, by: "x", reason: "", atMs: Date.now() };
          await server.client.publish(keys.operations, JSON.stringify(operation));
        },
      };
      for (const [what, attack] of Object.entries(attacks)) {
        await attack();
        await assert.doesNotReject(reader.store.read(), what);
        const { topology: list, marks: read } = newest(reader);
        assert.deepEqual(
          [list.version, read.version],
          [lease, lease].map(({ epoch }) => ({ epoch, leader: "a", sequence: 2 })),
          what,
        );
        assert.deepEqual(heard.slice(after), [], what);
        assert.equal(versionsIn(reader).length, shown, what);
        assert.equal(leader.store.foreignTo(lease, newest(leader).head), undefined, what);
      }
      // What was put back is found by the leader.
      assert.equal(await leader.store.renew(lease, 3), "incomplete");
      await leader.store.publish(lease, { ...publication(lease, 3) });
      await waitForView(reader, lease, 3);
    }),
  );

  it(
    "is read and operated by the command with its secret, which says what is wanting without",
    withRedis({}, async ({ server }) => {
      const nodes = [`http://127.0.0.1:${await freePort()}`];
      const options = { nodes, redis: server.url, name: "logs", secret, logger: silentLogger };
      await using leader = startCoordinator(options);
      await waitUntil("it leads", () => leader.isLeading);
      const place = ["--redis", server.url, "--name", "logs"];
      const [known, unknown] = await Promise.all([
        rollcall(["pause", "--for", "1m", ...place], { ROLLCALL_SECRET: secret[0] }),
        rollcall(["status", ...place], {}),
      ]);
      assert.match(known, /^0 .*ignore/s);
      assert.match(
        unknown,
        /^2 .*the view in Redis is not followed: it is sealed, and this process\s+has no `secret`/s,
      );
    }),
  );

  it("is not shared by a process whose file has no secret: it does not start, and the error shows no part of it", async () => {
    const folder = await mkdtemp(join(tmpdir(), "rollcall-"));
    const secretFile = join(folder, "secret");
    const options = { nodes: ["http://127.0.0.1:1"], redis: "redis://127.0.0.1:1", name: "logs", secretFile };
    const problemOf = (open: () => unknown) => {
      try {
        open();
        return "none";
      } catch (error) {
        return String(error);
      }
    };
    try {
      for (const open of [() => createPool({ ...options, logger: false }), () => startCoordinator(options)]) {
        await rm(secretFile, { force: true });
        assert.match(problemOf(open), /secretFile: the file ".+" does not exist/);
        await writeFile(secretFile, "hunter2\n");
        const problem = problemOf(open);
        assert.match(problem, /secretFile: the file ".+" holds a line, the secret 1, that must be 16 to 1024 bytes/);
        assert.doesNotMatch(problem, /hunter2/);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it(
    "is followed without a gap while its secret is replaced, by old replicas and new ones side by side",
    withRedis({}, async ({ connect }) => {
      const folder = await mkdtemp(join(tmpdir(), "rollcall-"));
      const fileOf = (name: string) => join(folder, name);
      const write = async (name: string, secrets: readonly string[]) => {
        await writeFile(fileOf(`${name}.new`), `${secrets.join("\n")}\n`);
        await rename(fileOf(`${name}.new`), fileOf(name));
      };
      try {
        await Promise.all([write("leader", secret), write("replica", secret)]);
        const leader = await connect({ secretFile: fileOf("leader") });
        const replica = await connect({ secretFile: fileOf("replica"), mayLead: false });
        const newer = await connect({ secret: [...other, ...secret], mayLead: false });
        const reports: unknown[] = [];
        leader.store.onReport((received) => reports.push(received));
        const lease = await lead(leader);
        let sequence = 0;
        const reread = ({ logger }: Opened) => logger.lines.filter((line) => line.includes("has changed")).length;
        const change = async (opened: Opened, name: string, secrets: readonly string[]) => {
          const before = reread(opened);
          await write(name, secrets);
          await waitUntil(`${name} has read its file`, () => reread(opened) > before);
        };
        const assertShared = async (replicas: readonly Opened[]) => {
          await leader.store.publish(lease, publication(lease, ++sequence));
          for (const one of replicas) {
            await waitForView(one, lease, sequence);
            one.store.report(report);
          }
          await waitUntil("all reports have come", () => reports.length >= replicas.length);
          reports.length = 0;
        };
        await assertShared([replica]);
        await Promise.all([
          change(leader, "leader", [...secret, ...other]),
          change(replica, "replica", [...secret, ...other]),
        ]);
        await assertShared([replica, newer]);
        // One after the other: what one seals with the new secret, the others verify.
        await change(leader, "leader", [...other, ...secret]);
        await assertShared([replica, newer]);
        await Promise.all([change(replica, "replica", other), change(leader, "leader", other)]);
        await assertShared([replica, newer]);
        for (const { logger } of [leader, replica, newer]) {
          assert.deepEqual(
            logger.lines.filter((line) => !line.includes("has changed")),
            [],
          );
        }
        const left = await connect({ secret, mayLead: false });
        assert.equal(await left.store.read(), undefined, "the old secret opens nothing any more");
      } finally {
        await rm(folder, { recursive: true });
      }
    }),
  );
});

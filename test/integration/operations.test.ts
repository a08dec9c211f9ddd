import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { redisKeys } from "@rollcall/core/view";
import { waitUntil } from "@rollcall/testing";
import { addressOf, type FixtureNode, nodeAt, setAll, startFixtureCluster } from "@rollcall/testing/fixture";
import { own } from "@rollcall/testing/processes";
import { startRedis } from "@rollcall/testing/redis";
import type { NodeEvent } from "@rollcall/worker";
import { startCoordinatorProcess } from "../support/coordinator-process.js";
import { isWell } from "../support/node-health.js";
import { type Replica, startReplica } from "../support/replica/index.js";

// The tests run from test/dist/integration.
const program = fileURLToPath(new URL("../../../packages/cli/dist/main.js", import.meta.url));
const search = { method: "POST", path: "/logs/_search", body: { size: 1 } } as const;
const slowSearch = { ...search, path: "/slow/_search", timeoutMs: 20_000 } as const;
const keys = redisKeys("logs");

async function rollcall(redis: string, ...words: readonly string[]): Promise<{ code: number | null; said: string }> {
  const { PATH } = process.env;
  const env = { PATH, ROLLCALL_REDIS: redis, ROLLCALL_NAME: "logs" };
  const child = spawn(process.execPath, [program, ...words], { env });
  const owned = await own(child);
  const [said, { code }] = await Promise.all([text(child.stdout), owned.gone]);
  return { code, said };
}

const standingOf = async (replica: Replica, node: FixtureNode) =>
  (await replica.ask("nodes")).find(({ address }) => address === addressOf(node));
const served = async (node: FixtureNode) => (await node.counts()).requests.other;

/** Each replica answers so many searches from now on. */
async function waitUntilServed(replicas: readonly Replica[], more: number): Promise<void> {
  const answered = () => Promise.all(replicas.map(async (replica) => (await replica.ask("tally")).answered));
  const before = await answered();
  await waitUntil("searches are answered", async () =>
    (await answered()).every((count, at) => count >= (before[at] ?? 0) + more),
  );
}

describe("operations", { timeout: 240_000 }, () => {
  it("a drained node gets nothing, whatever happens to the leader and to Redis, and its full share afterwards", async () => {
    await using redis = await startRedis();
    await using cluster = await startFixtureCluster({ nodes: 3 });
    const [first, drained, third] = [nodeAt(cluster, 0), nodeAt(cluster, 1), nodeAt(cluster, 2)];
    await setAll(cluster, { requests: [{ kind: "delay", ms: 1_500, on: { path: "/slow/_search" } }] });
    const view = { nodes: [first.url], redis: redis.url, name: "logs" };
    await using coordinator = await startCoordinatorProcess(view);
    const load = { slots: 2, pauseMs: 20, request: search };
    await using candidate = await startReplica({ pool: { ...view, coordinator: "candidate", threads: 0 }, load });
    await using threaded = await startReplica({ pool: { ...view, coordinator: "external", threads: 2 }, load });
    await using plain = await startReplica({ pool: { ...view, coordinator: "external", threads: 0 }, load });
    const replicas = [candidate, threaded, plain];
    const nothingNew = async () => {
      const before = await served(drained);
      await waitUntilServed(replicas, 60);
      assert.equal(await served(drained), before);
      for (const replica of replicas) {
        const { state, by, reason } = (await standingOf(replica, drained)) ?? {};
        assert.deepEqual([state, by], ["draining", "operator"]);
        assert.match(reason ?? "", /^drained by \S+@\S+ until .* UTC: kernel update$/);
      }
    };
    const isUsed = async (replica: Replica, node: FixtureNode) => isWell((await standingOf(replica, node))?.state);
    const all = async (holds: (replica: Replica) => Promise<boolean>) =>
      (await Promise.all(replicas.map(holds))).every(Boolean);
    await waitUntil("each replica uses each node", () =>
      all(async (replica) => (await Promise.all(cluster.nodes.map((node) => isUsed(replica, node)))).every(Boolean)),
    );

    const slow = Array.from({ length: 12 }, (_, at) => replicas[at % 3]?.request(slowSearch));
    await waitUntil(
      "requests are in flight there",
      async () => ((await standingOf(threaded, drained))?.inFlight ?? 0) > 0,
    );
    const asked = await rollcall(
      redis.url,
      "drain",
      drained.name,
      "--for",
      "10m",
      "--reason",
      "kernel update",
      "--wait",
      "--json",
    );
    const report = JSON.parse(asked.said);
    assert.deepEqual([asked.code, report.outcome], [0, "done"], asked.said);
    const { inFlight, replicas: counted, isDrained } = report.wait;
    assert.deepEqual([inFlight, counted, isDrained], [0, 3, true]);
    const answers = await Promise.all(slow);
    assert.ok(answers.every((answer) => answer !== undefined && "status" in answer && answer.attempts === 1));
    assert.ok(coordinator.log.some(({ msg }) => /^node n2 .* is drained by .*: kernel update$/.test(msg)));
    await nothingNew();

    const status = await rollcall(redis.url, "status");
    assert.equal(status.code, 0, status.said);
    assert.match(status.said, /draining {4}n2 .*\n {14}drained for .* by /);

    // As if the lease had run out.
    await coordinator.process.kill();
    await redis.client.del(keys.lease);
    await redis.client.publish(keys.events, '{"kind":"released"}');
    await waitUntil("another process leads", async () => (await candidate.ask("stats")).view?.isLeading === true);
    await nothingNew();
    await redis.client.flushall();
    await waitUntil("the view is written again", async () =>
      (await redis.client.get(keys.marks))?.includes("kernel update"),
    );
    await nothingNew();

    const refusals: readonly (readonly [readonly string[], RegExp])[] = [
      [
        ["drain", "n22"],
        /^refused: no node is called n22 \(nearest: n2\); the nodes are n1 \(.*; nothing was changed\n$/,
      ],
      [["unmark", "es"], /^refused: no node is called es; the nodes are n1 \(/],
      [
        ["drain", third.name],
        /^refused: no other node than n3 .* would be in use; force drains it all the same; nothing/,
      ],
    ];
    assert.equal((await rollcall(redis.url, "drain", first.name)).code, 0);
    for (const [words, expected] of refusals) {
      const { code, said } = await rollcall(redis.url, ...words);
      assert.equal(code, 1);
      assert.match(said, expected);
    }
    assert.ok(await isUsed(plain, third));

    for (const { name } of [first, drained]) assert.equal((await rollcall(redis.url, "undrain", name)).code, 0);
    // The command ends once that is published: on a busy machine a replica may take it over later.
    await waitUntil("each replica uses each node again", () =>
      all(async (replica) => (await Promise.all(cluster.nodes.map((node) => isUsed(replica, node)))).every(Boolean)),
    );
    // Of two nodes a busy machine may slow one for a while, and that one then gets less.
    await waitUntil("the node gets its share again", async () => {
      const before = await Promise.all(cluster.nodes.map(served));
      await waitUntilServed(replicas, 100);
      const shares = (await Promise.all(cluster.nodes.map(served))).map((count, at) => count - (before[at] ?? 0));
      return (shares[1] ?? 0) > 0.2 * shares.reduce((sum, share) => sum + share, 0);
    });
    for (const { events } of replicas) {
      const states = events
        .map(({ event }) => event as NodeEvent)
        .filter(({ address }) => address === addressOf(drained));
      const last = states.slice(states.findLastIndex(({ to }) => to === "draining"));
      assert.deepEqual([last[0]?.to, last[1]?.to], ["draining", "healthy"], "without a slow start");
    }
    assert.deepEqual(
      (await Promise.all(replicas.map((replica) => replica.ask("tally")))).flatMap(({ failures }) => failures),
      [],
    );

    const reader = ["on", ">secret", "-@all", "+@connection", "+time", "+subscribe", "&*"];
    await redis.client.call("ACL", "SETUSER", "reader", ...reader);
    const asReader = redis.urlFor({ username: "reader", password: "secret" });
    const denied = await rollcall(asReader, "drain", drained.name);
    assert.equal(denied.code, 3);
    assert.match(
      denied.said,
      /^the Redis user lacks the permission to publish on \{rollcall:logs\}:operations \(NOPERM\), at/,
    );
    assert.match(denied.said, /; nothing was changed\n$/);
    assert.ok(!denied.said.includes("secret") && (await isUsed(plain, drained)));

    await redis.kill();
    const away = await rollcall(redis.url, "drain", drained.name);
    assert.deepEqual(
      [away.code, away.said],
      [3, `Redis does not answer at ${redis.url}: connection refused; nothing was changed\n`],
    );
  });
});

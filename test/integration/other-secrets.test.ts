import assert from "node:assert/strict";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startCoordinator } from "@rollcall/coordinator";
import { silentLogger } from "@rollcall/core";
import { type CollectingLogger, canary, collectingLogger, waitUntil } from "@rollcall/testing";
import { type FixtureCluster, startFixtureCluster } from "@rollcall/testing/fixture";
import { startShiftedTimeProxy } from "@rollcall/testing/proxies";
import { type RedisServer, startRedis } from "@rollcall/testing/redis";
import type { Pool, PoolOptions } from "@rollcall/worker";
import { createPool } from "../support/create-pool.js";

const [right, wrong] = [canary("the secret of the fleet"), canary("another secret")];
const notFollowed = "the view in Redis is not followed: ";
/** Often enough to see any request that fails, and seldom enough to cost nothing. */
const pauseMs = 50;

interface Member extends AsyncDisposable {
  readonly pool: Pool;
  readonly logger: CollectingLogger;
  /** Requests that have failed, of those sent all the time. */
  readonly failures: readonly string[];
  readonly answered: () => number;
}

/** A pool that knows one of the nodes, and sends searches until it is closed. */
function openMember(place: PoolOptions): Member {
  const logger = collectingLogger();
  const pool = createPool({ ...place, logger });
  const failures: string[] = [];
  let answered = 0;
  let isClosing = false;
  const sending = (async () => {
    await pool.ready();
    while (!isClosing) {
      try {
        const { status } = await pool.request({ method: "POST", path: "/logs/_search", body: { size: 1 } });
        if (status === 200) answered++;
        else failures.push(`status ${status}`);
      } catch (error) {
        failures.push(String(error));
      }
      await sleep(pauseMs);
    }
  })().catch((error: unknown) => void failures.push(String(error)));
  return {
    ...{ pool, logger, failures },
    answered: () => answered,
    async [Symbol.asyncDispose]() {
      isClosing = true;
      await sending;
      await pool.close();
    },
  };
}

const freshnessOf = ({ pool }: Member) => pool.stats().view?.freshness;
const listOf = ({ pool }: Member) => pool.nodes().filter(({ tier }) => tier === "node").length;
const linesOf = ({ logger }: Member, part: string) => logger.lines.filter((line) => line.includes(part));

/** It serves by a list of nodes that it has found by itself. */
async function servesAlone(member: Member): Promise<void> {
  await waitUntil("it has found the nodes by itself", () => listOf(member) === 3);
  assert.equal(freshnessOf(member), "orphan");
  const before = member.answered();
  await waitUntil("it serves", () => member.answered() >= before + 20);
}

/** A fleet of a coordinator and a pool whose view is sealed with `right`. */
async function withSealedFleet(
  test: (fleet: { redis: RedisServer; cluster: FixtureCluster; place: PoolOptions; follower: Member }) => Promise<void>,
): Promise<void> {
  await using redis = await startRedis();
  await using cluster = await startFixtureCluster({ nodes: 3 });
  const [seed = assert.fail("no node")] = cluster.urls;
  const place = { nodes: [seed], redis: redis.url, name: "logs" };
  await using leader = startCoordinator({ ...place, secret: right, logger: silentLogger });
  await waitUntil("it leads", () => leader.isLeading);
  await using follower = openMember({ ...place, secret: right, coordinator: "external" });
  await waitUntil("one follows", () => freshnessOf(follower) === "fresh" && listOf(follower) === 3);
  const lines = follower.logger.lines.length;
  await test({ redis, cluster, place, follower });
  assert.ok(leader.isLeading, "the fleet has kept its leader");
  assert.equal(freshnessOf(follower), "fresh");
  assert.deepEqual(follower.failures, []);
  assert.deepEqual(
    follower.logger.lines.slice(lines).filter((line) => line.startsWith("warn")),
    [],
  );
}

describe("beside a fleet with a secret", () => {
  it("a pool with another secret and one with none say so once, serve by themselves, and follow once their secret is right", () =>
    withSealedFleet(async ({ place, follower }) => {
      const folder = await mkdtemp(join(tmpdir(), "rollcall-"));
      const secretFile = join(folder, "secret");
      const write = async (secret: string) => {
        await writeFile(`${secretFile}.new`, `${secret}\n`);
        await rename(`${secretFile}.new`, secretFile);
      };
      try {
        await write(wrong);
        await using other = openMember({ ...place, secretFile, coordinator: "candidate" });
        await using without = openMember({ ...place, coordinator: "candidate" });
        await Promise.all([servesAlone(other), servesAlone(without)]);
        // Three beats of the fleet's leader come meanwhile.
        const beatsMs = 7_000;
        await sleep(beatsMs);
        const after = "; without it, a process monitors the cluster for itself";
        const reasons = [
          [other, "it is sealed with another secret, or was changed since"],
          [without, "it is sealed, and this process has no `secret`"],
        ] as const;
        for (const [member, reason] of reasons) {
          assert.deepEqual(linesOf(member, notFollowed), [`warn ${notFollowed}${reason}${after}`]);
          assert.deepEqual(linesOf(member, "leads the view logs"), [], "it would not be followed");
          assert.equal(freshnessOf(member), "orphan");
        }
        await write(right);
        await waitUntil("it follows", () => freshnessOf(other) === "fresh");
        const [mine, theirs] = [other, follower].map(({ pool }) => pool.stats().view?.version.leader);
        assert.equal(mine, theirs);
        assert.equal(linesOf(other, "the view in Redis is followed: its leader and this process agree").length, 1);
        assert.equal(linesOf(other, notFollowed).length, 1);
        assert.equal(linesOf(other, "the shared view has a leader again and is followed").length, 1);
        assert.equal(freshnessOf(without), "orphan");
        for (const member of [other, without]) assert.deepEqual(member.failures, []);
      } finally {
        await rm(folder, { recursive: true });
      }
    }));

  it("a pool to which Redis gives another time than to the leader says so once, serves, and follows once it is the same", () =>
    withSealedFleet(async ({ redis, place }) => {
      // As the nodes of a Redis Cluster may have it, of which each process asks one.
      await using proxy = await startShiftedTimeProxy(redis);
      proxy.aheadS = 15;
      const url = `redis://127.0.0.1:${proxy.port}`;
      await using elsewhere = openMember({ ...place, redis: url, secret: right, coordinator: "external" });
      await waitUntil("it says so", () => linesOf(elsewhere, notFollowed).length > 0);
      assert.match(
        linesOf(elsewhere, notFollowed).join(),
        /^warn the view in Redis is not followed: its heads come 1[567] s late by the time that Redis gives this process; /,
      );
      proxy.aheadS = 0;
      await waitUntil("it follows", () => freshnessOf(elsewhere) === "fresh");
      assert.equal(linesOf(elsewhere, notFollowed).length, 1);
      assert.equal(linesOf(elsewhere, "the heads of the view in Redis come in time again").length, 1);
      assert.deepEqual(elsewhere.failures, []);
    }));
});

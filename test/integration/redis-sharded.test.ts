import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Lease } from "@rollcall/coordinator";
import { type Heartbeat, redisKeys } from "@rollcall/core/view";
import { canary, waitUntil } from "@rollcall/testing";
import { type RedisCluster, type RedisServer, startRedisCluster } from "@rollcall/testing/redis";
import {
  type ClusterOpened,
  moveSlot,
  readsAt,
  receivedFromNodes,
  storesIn,
  subscribersAt,
} from "./support-cluster.js";
import { leadWhenFree, publication, rulesOf, versionOf, waitForView } from "./support-redis.js";

const { events, heartbeats, head: headKey } = redisKeys("logs");
/** Far more than what else the nodes of a cluster send each other meanwhile; a fleet sends fewer than 50 a second. */
const many = 100;
const apartMs = 25;

const heartbeatOf = (replica: string): Heartbeat => ({
  ...{ replica, host: "h", pid: 1, role: "candidate", leading: false, freshness: "fresh" },
  ...{ ejected: [], threads: [] },
});

/** A leader that receives what a leader does, and that has published a view. */
async function leadIn(leader: ClusterOpened): Promise<{ readonly lease: Lease; readonly replicas: string[] }> {
  const lease = await leadWhenFree(leader, "a");
  const replicas: string[] = [];
  leader.store.onHeartbeat(({ replica }) => replicas.push(replica));
  assert.equal(await leader.store.publish(lease, publication(lease, 1)), true);
  return { lease, replicas };
}

/** Beats until the newest head that the store shows names this kind of channels; returns the last beat. */
async function beatUntil(leader: ClusterOpened, seen: ClusterOpened, lease: Lease, isSharded: boolean) {
  let beat = (seen.views.at(-1)?.head.beat ?? 0) + 1;
  await waitUntil(`the head names ${isSharded ? "sharded" : "classic"} channels`, async () => {
    await leader.store.renew(lease, beat++);
    return (seen.views.at(-1)?.head.sharded === true) === isSharded;
  });
  return beat;
}

const beatOf = ({ views }: ClusterOpened) => views.at(-1)?.head.beat;
const refused = /sharded ones are refused/;

const as = (username: string) => ({ username, password: "PASSWORD" });

/** A user with the permissions of the guide. */
async function addUser({ primaries }: RedisCluster, user: string): Promise<void> {
  const rules = `${rulesOf(user)} +cluster|slots +cluster|info`;
  for (const { client } of primaries) await client.call("ACL", "SETUSER", user, ...wordsOf(rules));
}

/** What stands in parentheses is one word. */
function wordsOf(rules: string): readonly string[] {
  return rules.match(/\([^)]*\)|\S+/g) ?? [];
}

async function othersThan(cluster: RedisCluster, owner: RedisServer): Promise<number> {
  const others = cluster.primaries.filter((server) => server !== owner);
  const counts = await Promise.all(others.map(receivedFromNodes));
  return Math.max(...counts);
}

describe("sharded channels in a Redis Cluster", () => {
  for (const secrets of [{}, { secret: [canary("a-secret-of-the-view")] }]) {
    const ofWhich = "secret" in secrets ? "sealed" : "plain";

    it(`the messages of a ${ofWhich} view reach all processes of its fleet and no other shard`, async () => {
      await using cluster = await startRedisCluster();
      const stores = storesIn(cluster);
      try {
        const owner = await cluster.ownerOf(headKey);
        for (const user of ["rollcall-coordinator", "rollcall-replica"]) await addUser(cluster, user);
        const leader = await stores.connect({ ...secrets, redisOptions: as("rollcall-coordinator") });
        const reader = await stores.connect({ ...secrets, mayLead: false, redisOptions: as("rollcall-replica") });
        const { lease, replicas } = await leadIn(leader);
        await waitForView(reader, lease, 1);
        await waitUntil("both have subscribed at the owner", async () => {
          return (await subscribersAt(owner, "SHARDNUMSUB", events)) === 2;
        });
        assert.equal(reader.views.at(-1)?.head.sharded, undefined, "a leader begins with classic channels");

        leader.skipQuiet();
        let beat = await beatUntil(leader, reader, lease, true);
        reader.stopLooking();
        const before = await othersThan(cluster, owner);
        const last = beat + many;
        for (; beat <= last; beat++) {
          assert.equal(await leader.store.renew(lease, beat), "kept");
          await sleep(apartMs);
        }
        await waitUntil("the reader has received the last beat", () => beatOf(reader) === last);
        reader.store.heartbeat(heartbeatOf("r1"));
        await waitUntil("the leader has received the heartbeat", () => replicas.includes("r1"));
        const grown = (await othersThan(cluster, owner)) - before;
        assert.ok(grown < many / 4, `${grown} messages reached another shard, of ${many} beats`);
        for (const { logger } of [leader, reader]) assert.deepEqual(logger.messages("warn"), []);
        for (const { client } of cluster.primaries) assert.deepEqual(await client.call("ACL", "LOG"), []);
      } finally {
        await stores.close();
      }
    });
  }

  it("while a process of an older version is in the fleet, all messages travel on classic channels", async () => {
    await using cluster = await startRedisCluster();
    const stores = storesIn(cluster);
    const [server] = cluster.primaries;
    assert.ok(server !== undefined);
    const older = server.client.duplicate();
    try {
      const received: string[] = [];
      older.on("message", (channel, message) => received.push(`${channel} ${message}`));
      await older.subscribe(events, heartbeats);
      const leader = await stores.connect();
      const reader = await stores.connect({ mayLead: false });
      const { lease, replicas } = await leadIn(leader);
      leader.skipQuiet();
      await beatUntil(leader, reader, lease, true);

      const itsHeartbeat = JSON.stringify({ ...heartbeatOf("older"), format: 1 });
      await server.client.publish(heartbeats, itsHeartbeat);
      await waitUntil("the leader has received it", () => replicas.includes("older"));
      received.length = 0;
      await beatUntil(leader, reader, lease, false);
      await waitUntil("it receives the beat", () => received.some((line) => line.startsWith(`${events} `)));
      await waitUntil("the reader sends its heartbeats there, too", () => {
        reader.store.heartbeat(heartbeatOf("r1"));
        return received.some((line) => line.startsWith(`${heartbeats} `) && line.includes('"r1"'));
      });

      leader.skipQuiet();
      await beatUntil(leader, reader, lease, true);
      let asked = 0;
      reader.store.onStatusRequest(() => asked++);
      received.length = 0;
      await server.client.publish(redisKeys("logs").statusRequests, "{}");
      await waitUntil("a command of an older version asks the reader", () => asked === 1);
      reader.store.heartbeat(heartbeatOf("answer"));
      await waitUntil("it receives the answer", () => received.some((line) => line.includes('"answer"')));
      await beatUntil(leader, reader, lease, false);
    } finally {
      older.disconnect();
      await stores.close();
    }
  });

  it("a process that may not use sharded channels says so once, and its fleet uses classic ones until it may", async () => {
    await using cluster = await startRedisCluster();
    const stores = storesIn(cluster);
    const password = canary("password-of-a-reader");
    const setUser = async (...rules: readonly string[]) => {
      for (const { client } of cluster.primaries) await client.call("ACL", "SETUSER", "reader", ...rules);
    };
    try {
      const all = ["on", `>${password}`, "~*", "&*", "+@all"];
      await setUser(...all, "-ssubscribe");
      const leader = await stores.connect();
      const reader = await stores.connect({ mayLead: false, redisOptions: { username: "reader", password } });
      const { lease, replicas } = await leadIn(leader);
      const isHeard = async (name: string) =>
        waitUntil(`the leader has received ${name}`, () => {
          reader.store.heartbeat(heartbeatOf(name));
          return replicas.includes(name);
        });
      await isHeard("unsharded");
      leader.skipQuiet();
      await isHeard("still");
      assert.equal(await leader.store.renew(lease, 2), "kept");
      await waitUntil("the beat is shown", () => beatOf(reader) === 2);
      assert.equal(reader.views.at(-1)?.head.sharded, undefined);
      const [said, ...more] = reader.logger.messages("warn", refused);
      assert.match(String(said), /lacks the permission for SSUBSCRIBE/);
      assert.deepEqual(more, []);

      await setUser("+ssubscribe", "-spublish");
      const allowed = () => reader.logger.messages("info", "allows sharded channels").length;
      await waitUntil("it may subscribe", () => allowed() === 1);
      leader.skipQuiet();
      await beatUntil(leader, reader, lease, true);
      replicas.length = 0;
      reader.store.heartbeat(heartbeatOf("refused"));
      await waitUntil("what is refused goes to the classic channel at once", () => replicas.includes("refused"));
      await waitUntil("it says so", () => reader.logger.messages("warn", /permission for SPUBLISH/).length === 1);
      await isHeard("classic");
      await beatUntil(leader, reader, lease, false);

      await setUser("+spublish");
      await waitUntil("it may publish", () => allowed() === 2);
      leader.skipQuiet();
      await beatUntil(leader, reader, lease, true);
      await isHeard("sharded");
    } finally {
      await stores.close();
    }
  });

  it("when the slot of a view moves, its processes subscribe at the new owner, without being asked to look", async () => {
    await using cluster = await startRedisCluster();
    const stores = storesIn(cluster);
    try {
      const owner = await cluster.ownerOf(headKey);
      const next = cluster.primaries.find((server) => server !== owner);
      assert.ok(next !== undefined);
      const leader = await stores.connect();
      const reader = await stores.connect({ mayLead: false });
      const { lease } = await leadIn(leader);
      for (const opened of [leader, reader]) await waitForView(opened, lease, 1);
      leader.skipQuiet();
      await beatUntil(leader, reader, lease, true);
      for (const { stopLooking } of [leader, reader]) stopLooking();
      assert.equal(await readsAt(next), 0);

      await moveSlot(cluster, headKey, owner, next);
      await waitUntil("both have subscribed at the new owner", async () => {
        return (await subscribersAt(next, "SHARDNUMSUB", events)) === 2;
      });
      assert.equal(await subscribersAt(owner, "SHARDNUMSUB", events), 0);
      await waitUntil("both have read the head and the marks there", async () => (await readsAt(next)) >= 4);
      const version = versionOf(lease, 2);
      await waitUntil("the leader writes to the new owner", async () => {
        return leader.store.publish(lease, publication(lease, version.sequence)).catch(() => false);
      });
      await waitForView(reader, lease, version.sequence);
      const beat = await beatUntil(leader, reader, lease, true);
      assert.equal(await leader.store.renew(lease, beat), "kept");
      await waitUntil("a beat arrives at once", () => beatOf(reader) === beat);
    } finally {
      await stores.close();
    }
  });

  it("when a replica takes the place of the owner, processes subscribe there", async () => {
    const config = ["cluster-replica-validity-factor 0"];
    await using cluster = await startRedisCluster({ nodeTimeoutMs: 1_500, config });
    const stores = storesIn(cluster);
    try {
      const owner = await cluster.ownerOf(headKey);
      const replica = await cluster.addReplica(owner);
      const leader = await stores.connect();
      const reader = await stores.connect({ mayLead: false });
      const { lease } = await leadIn(leader);
      leader.skipQuiet();
      await beatUntil(leader, reader, lease, true);
      await owner.kill();
      await waitUntil("both have subscribed at the new primary", async () => {
        return (await subscribersAt(replica, "SHARDNUMSUB", events)) === 2;
      });
      let again = lease;
      await waitUntil("it leads again", async () => {
        again = (await leader.store.acquire("a", lease.epoch).catch(() => undefined)) ?? lease;
        return again !== lease;
      });
      assert.equal(await leader.store.publish(again, publication(again, 1)), true);
      await waitForView(reader, again, 1);
      leader.skipQuiet();
      const beat = await beatUntil(leader, reader, again, true);
      reader.stopLooking();
      assert.equal(await leader.store.renew(again, beat + 1), "kept");
      await waitUntil("a beat arrives without a look", () => beatOf(reader) === beat + 1);
    } finally {
      await stores.close();
    }
  });
});

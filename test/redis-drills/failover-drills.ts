import { setTimeout as sleep } from "node:timers/promises";
import { waitUntil } from "@rollcall/testing";
import type { RedisServer } from "@rollcall/testing/redis";
import type { ClusterServers } from "./cluster-servers.js";
import { type Drill, isOver, type ProcessName } from "./drill.js";
import type { ExpectedLog } from "./judge.js";
import type { SentinelServers } from "./sentinel-servers.js";

/** How far the replica lags behind: at least two beats, and a change of the list of nodes. */
const lagMs = 5_000;
const splitMs = 12_000;

const failover: ExpectedLog = {
  each: { "redis.lost": 1, "redis.recovered": 1 },
  some: { "leader.elected": 1 },
  may: {
    ...{ "leader.ended": 2, "leader.elected": 2, "leader.other": 2, "leader.lost": 2 },
    ...{ "view.stale": 1, "view.recovered": 1, "view.refilled": 1 },
    ...{ "redis.unreadable": 1, "redis.readable": 1 },
    ...{ "lease.failed": 1, "view.unread": 1, "view.unpublished": 1, "history.unwritten": 1 },
    ...{ "lease.answered": 1, "view.read": 1, "view.published": 1, "history.written": 1 },
  },
};

/**
 * A replica that stands still, and whose link is closed, gets no more of what is written: what lies in its sockets is
 * from before.
 */
async function leaveBehind(replica: RedisServer, primary: RedisServer): Promise<void> {
  replica.freeze();
  await primary.client.call("CLIENT", "KILL", "TYPE", "replica");
  await sleep(lagMs);
}

const isPrimary = async ({ client }: RedisServer) => (await client.info("replication")).includes("role:master");

/** It becomes the primary though it lags behind. */
async function replaceBy(replica: RedisServer, primary: RedisServer): Promise<void> {
  await leaveBehind(replica, primary);
  await primary.kill();
  replica.thaw();
  await waitUntil("there is a new primary", () => isPrimary(replica));
}

export const sentinelDrills: readonly Drill<SentinelServers>[] = [
  {
    name: "the primary of a Sentinel dies, and a replica takes its place that lags behind",
    forMs: 0,
    async begin(servers) {
      const [primary, replica] = [await servers.primary(), await servers.replica()];
      await replaceBy(replica, primary);
      return isOver;
    },
    log: failover,
  },
];

export const splitBrainDrills: readonly Drill<SentinelServers>[] = [
  {
    name: "half of the processes stay at the old primary of a Sentinel, which takes writes on, and then all are at one again",
    forMs: splitMs,
    endIsLoss: true,
    async begin(servers) {
      const [old, young] = [await servers.primary(), await servers.replica()];
      await servers.sentinel.call("FAILOVER", "ours");
      await waitUntil("there are two primaries", () => isPrimary(young));
      await waitUntil("the Sentinel names the new one", async () => (await servers.primary()) === young);
      const moving: readonly ProcessName[] = ["candidate", "reader"];
      for (const name of moving) await old.client.call("CLIENT", "KILL", "USER", name);
      return async () => {
        await servers.demote(old, young);
        for (const kind of ["normal", "pubsub"]) await old.client.call("CLIENT", "KILL", "TYPE", kind);
      };
    },
    log: {
      each: { "redis.lost": 1, "redis.recovered": 1 },
      some: { "leader.elected": 2 },
      may: { ...failover.may, "leader.elected": 2, "leader.ended": 2 },
    },
  },
];

export const clusterDrills: readonly Drill<ClusterServers>[] = [
  {
    name: "the primary of the view in a Redis Cluster dies, and a replica takes its place that lags behind",
    forMs: 0,
    async begin({ owner, replica }) {
      await replaceBy(replica, owner);
      return isOver;
    },
    // A process whose connections are to other nodes of the cluster may not notice: so a leader may keep its lease.
    log: { may: { ...failover.may, ...failover.each } },
  },
];

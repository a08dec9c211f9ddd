import { createRedisStore, systemTimers, type ViewStore } from "@rollcall/coordinator";
import type { Timers } from "@rollcall/core";
import type { SecretConfig } from "@rollcall/core/config";
import type { View } from "@rollcall/core/view";
import { collectingLogger, waitUntil } from "@rollcall/testing";
import type { RedisCluster, RedisServer } from "@rollcall/testing/redis";
import type { Opened } from "./support-redis.js";

/** Longer than any process of the fleet is silent that needs classic channels. */
const quietMs = 15_000;
/** Timers of at least so long are those that look whether something was missed. */
const looksMs = 1_500;

export interface ClusterOpened extends Opened {
  /** 15 s pass on its clock at once. */
  skipQuiet(): void;
  /** From now on, nothing is read or looked at only because time has passed. */
  stopLooking(): void;
}

export interface ClusterOpenOptions extends SecretConfig {
  readonly mayLead?: boolean;
  readonly name?: string;
  /** Of ioredis, for each node, such as `username`. */
  readonly redisOptions?: object;
}

/** Opens stores of a view in a Redis Cluster, and closes them with `close`. */
export function storesIn(cluster: RedisCluster): {
  connect(options?: ClusterOpenOptions): Promise<ClusterOpened>;
  close(): Promise<void>;
} {
  const stores: ViewStore[] = [];
  return {
    async connect({ mayLead = true, name = "logs", redisOptions = {}, ...secrets } = {}) {
      let skippedMs = 0;
      let isLooking = true;
      const timers: Timers = {
        nowMs: () => systemTimers.nowMs() + skippedMs,
        after: (delayMs, wake) =>
          systemTimers.after(delayMs, () => {
            if (isLooking || delayMs < looksMs) wake();
          }),
      };
      const nodes = cluster.primaries.map(({ host, port }) => ({ host, port }));
      const logger = collectingLogger();
      const store = createRedisStore({
        // What the view relies on is replaced.
        redis: { kind: "cluster", nodes, options: { shardedSubscribers: true, redisOptions } },
        ...{ name, timers, random: Math.random, logger, mayLead, ...secrets },
      });
      stores.push(store);
      const views: View[] = [];
      store.subscribe((view) => views.push(view));
      let connections = 0;
      store.onConnected(() => connections++);
      await waitUntil("the store is connected", () => store.isConnected && (!mayLead || connections > 0));
      return {
        ...{ store, logger, views, connections: () => connections },
        skipQuiet: () => {
          skippedMs += quietMs;
        },
        stopLooking: () => {
          isLooking = false;
        },
      };
    },
    async close() {
      await Promise.all(stores.map((store) => store.close()));
    },
  };
}

/** How many processes are subscribed to the channel at this server, as one of this kind. */
export async function subscribersAt({ client }: RedisServer, kind: "SHARDNUMSUB" | "NUMSUB", channel: string) {
  const answer = await client.call("PUBSUB", kind, channel);
  return Array.isArray(answer) ? Number(answer[1]) : 0;
}

/** Messages of classic channels that other nodes of the cluster have sent to this one. */
export async function receivedFromNodes({ client }: RedisServer): Promise<number> {
  const info = String(await client.cluster("INFO"));
  return Number(/^cluster_stats_messages_publish_received:(\d+)/m.exec(info)?.[1] ?? 0);
}

/** How many documents were read at this server since it started. */
export async function readsAt({ client }: RedisServer): Promise<number> {
  const info = String(await client.call("INFO", "commandstats"));
  return Number(/^cmdstat_getrange:calls=(\d+)/m.exec(info)?.[1] ?? 0);
}

/** Moves the slot of this key, with all that is in it, from one primary to another; resolves when all agree on it. */
export async function moveSlot(cluster: RedisCluster, key: string, from: RedisServer, to: RedisServer): Promise<void> {
  const slot = Number(await from.client.cluster("KEYSLOT", key));
  const idOf = async ({ client }: RedisServer) => String(await client.call("CLUSTER", "MYID"));
  const [fromId, toId] = [await idOf(from), await idOf(to)];
  await to.client.call("CLUSTER", "SETSLOT", slot, "IMPORTING", fromId);
  await from.client.call("CLUSTER", "SETSLOT", slot, "MIGRATING", toId);
  const keys = await from.client.call("CLUSTER", "GETKEYSINSLOT", slot, 100);
  for (const moving of Array.isArray(keys) ? keys : []) {
    await from.client.call("MIGRATE", to.host, to.port, String(moving), 0, 1_000);
  }
  for (const { client } of [to, from, ...cluster.primaries.filter((server) => server !== to && server !== from)]) {
    await client.call("CLUSTER", "SETSLOT", slot, "NODE", toId);
  }
}

import { Listeners, type Logger, messageOf, type Random, type Timers } from "@rollcall/core";
import type { RedisConfig } from "@rollcall/core/config";
import { redisKeys } from "@rollcall/core/view";
import { NameCache } from "../cluster/name-cache.js";
import { wallNowMs } from "../system-timers.js";
import { createRedisClient, type RedisClient } from "./redis-clients.js";
import { RedisReader } from "./redis-reader.js";
import { RedisWriter } from "./redis-writer.js";
import type { ViewStore } from "./view-store.js";

export interface RedisStoreOptions {
  readonly redis: RedisConfig;
  /** Identifies the view: stores with the same name at the same Redis share one. */
  readonly name: string;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  /**
   * Whether leases may be taken here. If not, there is one connection less, and the Redis user needs no write access.
   */
  readonly mayLead: boolean;
}

/**
 * The view in Redis, shared by all processes. It connects at once and reconnects for ever; while Redis does not answer,
 * the methods do what the contract of `ViewStore` says. Losing Redis and finding it again is one log line each.
 *
 * `nowMs` is the clock of Redis once Redis has answered `TIME`, and the wall clock before.
 */
export function createRedisStore({ redis, mayLead, ...parts }: RedisStoreOptions): ViewStore {
  const names = new NameCache(parts.timers);
  const open = () => createRedisClient(redis, { ...parts, names });
  return redisStoreOver({ reading: open(), ...(mayLead ? { writing: open() } : {}) }, { ...parts, wallNowMs });
}

export interface RedisStoreParts extends Pick<RedisStoreOptions, "name" | "timers" | "random" | "logger"> {
  /** The system's time, in milliseconds since 1970. Used until Redis has answered `TIME`. */
  readonly wallNowMs: () => number;
}

/** The same over given clients: one to subscribe and read, and one to write if leases may be taken. */
export function redisStoreOver(
  clients: { readonly reading: RedisClient; readonly writing?: RedisClient },
  { name, ...parts }: RedisStoreParts,
): ViewStore {
  const keys = redisKeys(name);
  const reader = new RedisReader(clients.reading, { keys, ...parts });
  const { view, messages } = reader;
  const connected = new Listeners<void>((error) =>
    parts.logger.error({ problem: messageOf(error) }, "a listener of the view store threw"),
  );
  const writer =
    clients.writing === undefined
      ? undefined
      : new RedisWriter(clients.writing, keys, parts.timers, () => connected.emit());
  const leading = (): RedisWriter => {
    if (writer === undefined) throw new TypeError("this store was opened without `mayLead`");
    return writer;
  };

  return {
    get isConnected() {
      return reader.isConnected;
    },
    acquire: async (leader, floorEpoch) => leading().acquire(leader, floorEpoch),
    renew: async (lease, beat) => leading().renew(lease, beat),
    publish: async (lease, publication) => leading().publish(lease, publication),
    release: async (lease) => leading().release(lease),
    read: () => view.read(),
    subscribe: (listener) => view.onView(listener),
    report: (report) => messages.report(report),
    onReport: (listener) => messages.reports.add(listener),
    requestPeerProbes: (request) => messages.requestPeerProbes(request),
    onPeerProbeRequest: (listener) => reader.peerProbeRequests.add(listener),
    sendPeerProbeResult: (result) => messages.sendPeerProbeResult(result),
    onPeerProbeResult: (listener) => messages.probeResults.add(listener),
    heartbeat: (heartbeat) => messages.heartbeat(heartbeat),
    onHeartbeat: (listener) => messages.heartbeats.add(listener),
    requestStatus: () => messages.requestStatus(),
    onStatusRequest: (listener) => reader.statusRequests.add(listener),
    onReleased: (listener) => reader.releases.add(listener),
    onConnected: (listener) => connected.add(listener),
    nowMs: () => reader.clock.nowMs(),
    close: async () => {
      await Promise.all([reader.close(), writer?.close()]);
    },
  };
}

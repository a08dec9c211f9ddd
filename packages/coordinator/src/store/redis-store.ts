import type { Logger, Random, Timers } from "@rollcall/core";
import type { RedisConfig } from "@rollcall/core/config";
import { redisKeys } from "@rollcall/core/view";
import { Listeners } from "./listeners.js";
import { createRedisClient, type RedisClient } from "./redis-clients.js";
import { RedisReader } from "./redis-reader.js";
import { RedisWriter } from "./redis-writer.js";
import type { ViewStore } from "./view-store.js";

export interface RedisStoreOptions {
  readonly redis: RedisConfig;
  /** Which view: stores of the same name, at the same Redis, share one. */
  readonly name: string;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  /** Whether leases may be taken here. Without that there is one connection less, and Redis need allow no writes. */
  readonly mayLead: boolean;
}

/**
 * The view in Redis, shared by all processes. It connects at once, and for ever again; what Redis cannot do meanwhile is
 * left undone, as the contract says. Losing Redis and finding it again is one log line each.
 *
 * `nowMs` is the clock of Redis once that has been asked, and our own before.
 */
export function createRedisStore({ redis, mayLead, ...parts }: RedisStoreOptions): ViewStore {
  const open = () => createRedisClient(redis, parts.random);
  return redisStoreOver({ reading: open(), ...(mayLead ? { writing: open() } : {}) }, parts);
}

/** The same over clients that are there: a connection of its own to listen and read, and one to write where it may lead. */
export function redisStoreOver(
  clients: { readonly reading: RedisClient; readonly writing?: RedisClient },
  { name, timers, random, logger }: Pick<RedisStoreOptions, "name" | "timers" | "random" | "logger">,
): ViewStore {
  const keys = redisKeys(name);
  const connected = new Listeners<void>();
  const reader = new RedisReader(clients.reading, keys, timers, random, logger);
  const writer =
    clients.writing === undefined ? undefined : new RedisWriter(clients.writing, keys, timers, () => connected.tell());
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
    read: () => reader.read(),
    subscribe: (listener) => reader.onView(listener),
    report: (report) => reader.hints.report(report),
    onReport: (listener) => reader.hints.onReport(listener),
    requestPeerProbes: (ask) => reader.hints.requestPeerProbes(ask),
    onPeerProbeRequest: (listener) => reader.onWitnessAsk(listener),
    sendPeerProbeResult: (answer) => reader.hints.sendPeerProbeResult(answer),
    onPeerProbeResult: (listener) => reader.hints.onPeerProbeResult(listener),
    heartbeat: (digest) => reader.hints.heartbeat(digest),
    onHeartbeat: (listener) => reader.hints.onHeartbeat(listener),
    requestStatus: () => reader.hints.requestStatus(),
    onStatusRequest: (listener) => reader.onRollCall(listener),
    onReleased: (listener) => reader.onReleased(listener),
    onConnected: (listener) => connected.add(listener),
    nowMs: () => reader.nowMs(),
    close: async () => {
      await Promise.all([reader.close(), writer?.close()]);
    },
  };
}

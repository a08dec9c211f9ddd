import { Listeners, logEvent, messageOf, present } from "@rollcall/core";
import type { SecretConfig } from "@rollcall/core/config";
import { redisKeys } from "@rollcall/core/view";
import { NameCache } from "../cluster/name-cache.js";
import { wallNowMs } from "../system-timers.js";
import { MessageGate } from "./message-gate.js";
import { createRedisClient, type RedisClient } from "./redis-clients.js";
import { clientNameOf } from "./redis-greeting.js";
import { RedisReader } from "./redis-reader.js";
import type { RedisStoreOptions } from "./redis-store.js";
import { RedisWriter } from "./redis-writer.js";
import type { ViewSecrets } from "./view-secrets.js";
import type { ViewStore } from "./view-store.js";

type ConnectedStoreOptions = Omit<RedisStoreOptions, keyof SecretConfig | "secrets"> & Pick<RedisStoreParts, "secrets">;

/** Connects to Redis at once. Loads ioredis: `createRedisStore` imports this file where a view is shared. */
export function connectRedisStore({ redis, password, mayLead, ...parts }: ConnectedStoreOptions): ViewStore {
  const names = new NameCache(parts.timers);
  const gate = new MessageGate();
  const open = (purpose: string, given: { readonly gate?: MessageGate }) => {
    const greeting = { clientName: clientNameOf(redis, parts.name, purpose), password };
    return createRedisClient(redis, { ...parts, names, greeting, ...given });
  };
  const reading = open("reader", { gate });
  const writing = mayLead ? open("writer", {}) : undefined;
  return redisStoreOver({ reading, gate, ...present({ writing }) }, { ...parts, wallNowMs });
}

export interface RedisStoreParts extends Pick<RedisStoreOptions, "name" | "timers" | "random" | "logger"> {
  /** The system's time, in milliseconds since 1970. Used until Redis has answered `TIME`. */
  readonly wallNowMs: () => number;
  readonly secrets?: ViewSecrets;
}

/** The same over given clients: one to subscribe and read, behind a gate, and one to write if leases may be taken. */
export function redisStoreOver(
  clients: { readonly reading: RedisClient; readonly gate: MessageGate; readonly writing?: RedisClient },
  parts: RedisStoreParts,
): ViewStore {
  const keys = redisKeys(parts.name);
  const reader = new RedisReader(clients.reading, { keys, gate: clients.gate, ...parts });
  const { view, messages, clock, codec } = reader;
  const connected = new Listeners<{ readonly leasesStand: boolean }>((error) =>
    logEvent(parts.logger, "store.listener-threw", { problem: messageOf(error) }, "a listener of the view store threw"),
  );
  const writer =
    clients.writing === undefined
      ? undefined
      : new RedisWriter(clients.writing, {
          ...{ keys, clock, codec, timers: parts.timers },
          channelKindFor: (leadsSinceMs) => reader.channelKindFor(leadsSinceMs),
          onConnected: (leasesStand) => connected.emit({ leasesStand }),
        });
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
    foreignTo: (lease, seen) => writer?.foreignTo(lease, seen),
    release: async (lease) => leading().release(lease),
    addHistory: async (lease, entries, added) => leading().addHistory(lease, entries, added),
    readHistory: () => reader.readHistory(),
    onHistory: (listener) => reader.histories.add(listener),
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
    missesHeartbeats: () => reader.missesHeartbeats,
    requestStatus: () => messages.requestStatus(),
    onStatusRequest: (listener) => reader.statusRequests.add(listener),
    sendOperation: (request) => messages.sendOperation(request),
    onOperation: (listener) => messages.operations.add(listener),
    sendOperationResult: (result) => messages.sendOperationResult(result),
    onOperationResult: (listener) => messages.operationResults.add(listener),
    onReleased: (listener) => reader.releases.add(listener),
    onConnected: (listener) => connected.add(listener),
    nowMs: () => reader.clock.nowMs(),
    close: async () => {
      await Promise.all([reader.close(), writer?.close()]);
    },
  };
}

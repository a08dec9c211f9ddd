import { lookup } from "node:dns";
import { type Clock, present, type Random, type Timers } from "@rollcall/core";
import type { RedisConfig } from "@rollcall/core/config";
import { equalJitter } from "@rollcall/core/health";
import { Cluster, type DNSLookupFunction, Redis, type RedisOptions } from "ioredis";
import type { NameCache } from "../cluster/name-cache.js";
import { withCheckedTls } from "./checked-tls.js";
import { eachClient } from "./each-client.js";
import { guardNode } from "./guarded-connection.js";
import type { MessageGate } from "./message-gate.js";
import { type ConnectorParts, connectorClass } from "./redis-connector.js";
import { connectTimeoutMs } from "./redis-dialler.js";
import { type Greeting, greet } from "./redis-greeting.js";

/** A single server or a Redis Cluster; the store uses what both have. */
export type RedisClient = Redis | Cluster;

/** The timeout of one command. */
export const commandTimeoutMs = 1_000;
/** A connection with a pending reply and no traffic for this time is closed. */
const socketTimeoutMs = 5_000;
const sentinelTimeoutMs = 5_000;
const reconnect = { baseMs: 50, capMs: 1_500 };
/** After so long without a loss, the next one is a first one. */
const calmMs = 10_000;
/** How long ioredis waits for a closing connection. */
export const disconnectTimeoutMs = 200;

/**
 * A client by the user's configuration. These settings override the user's, because the view is not safe without them:
 *
 * - Nothing is queued and nothing is sent twice: a command fails if it cannot be sent or gets no reply. Otherwise a
 *   command from before an outage could take a lease that no leader uses.
 * - No `keyPrefix`: it would not apply to scripts and channels.
 * - Replies and channels are as ioredis has them by default (RESP3, no automatic pipelines).
 * - It reconnects for ever, soon and with jitter, and at once if the server has become a replica.
 *
 * It connects at once, and does not keep the process alive. A listener for errors must be added in the same turn of the
 * event loop.
 */
export function createRedisClient(
  config: RedisConfig,
  parts: {
    readonly names: NameCache;
    readonly timers: Timers;
    readonly random: Random;
    readonly greeting: Greeting;
    readonly gate?: MessageGate;
  },
): RedisClient {
  const { names, timers, greeting, gate } = parts;
  const { password, clientName } = greeting;
  const prepare = (made: Redis, as: Greeting) => {
    guardNode(made, timers, gate);
    greet(made, as);
  };
  const prepareSentinel = (made: Redis) => prepare(made, { clientName });
  const delays = reconnectDelays(parts.random, timers);
  const client = connect(config, delays, { names, timers, silent: new Set(), password, prepareSentinel });
  const waitMs = reconnectDelays(parts.random, timers);
  eachClient(client, { timers, waitMs, prepare: (made) => prepare(made, greeting) });
  return client;
}

function connect(config: RedisConfig, retryStrategy: () => number, parts: ConnectorParts): RedisClient {
  const options = {
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    // The reader subscribes again, and logs if that fails.
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    commandTimeout: commandTimeoutMs,
    socketTimeout: socketTimeoutMs,
    connectTimeout: connectTimeoutMs,
    // From the lookup of its name to its answer.
    sentinelCommandTimeout: sentinelTimeoutMs,
    disconnectTimeout: disconnectTimeoutMs,
    retryStrategy,
    reconnectOnError: (error: Error) => error.message.startsWith("READONLY"),
    keyPrefix: "",
    protocol: 3 as const,
    replyMapping: "legacy" as const,
    stringNumbers: false,
    enableAutoPipelining: false,
    readOnly: false,
    monitor: false,
    lazyConnect: false,
    // One command less that the Redis user needs permission for.
    disableClientInfo: true,
  } satisfies RedisOptions;
  switch (config.kind) {
    case "url":
      // Reads the URL without connecting, so that its query parameters do not override the settings above.
      return duplicateOf(new Redis(config.url, { lazyConnect: true }), {
        ...options,
        Connector: connectorClass({}, parts),
      });
    case "options":
      return new Redis({
        Connector: connectorClass(config.options, parts),
        ...withCheckedTls(config.options),
        ...options,
      });
    case "cluster":
      return new Cluster([...config.nodes], {
        ...config.options,
        dnsLookup: nameItself(config.options.dnsLookup),
        enableOfflineQueue: false,
        // Otherwise a command whose reply was lost is sent again.
        retryDelayOnFailover: 0,
        clusterRetryStrategy: retryStrategy,
        scaleReads: "master",
        keyPrefix: "",
        enableAutoPipelining: false,
        shardedSubscribers: false,
        lazyConnect: false,
        redisOptions: {
          Connector: connectorClass({}, parts),
          ...withCheckedTls(objectIn(config.options.redisOptions)),
          ...options,
        },
      });
  }
}

/**
 * The connectors resolve names, and so a certificate is compared with the name. A lookup of the user's own stays; a client
 * that was handed in has that of Node, which is none.
 */
function nameItself(given: unknown): DNSLookupFunction {
  if (typeof given === "function" && given !== lookup) return given as DNSLookupFunction;
  return (host, done) => done(null, host);
}

function duplicateOf(client: Redis, options: RedisOptions): Redis {
  return client.duplicate({ ...withCheckedTls(present({ tls: client.options.tls })), ...options });
}

/** Grow while losses follow each other soon, also of connections that were ready: a refused database, a bad proxy. */
function reconnectDelays(random: Random, clock: Clock): () => number {
  let attempt = 0;
  let lostMs = Number.NEGATIVE_INFINITY;
  return () => {
    const nowMs = clock.nowMs();
    attempt = nowMs - lostMs > calmMs ? 0 : attempt + 1;
    lostMs = nowMs;
    return equalJitter(reconnect, attempt, random);
  };
}

function objectIn(value: unknown): object {
  return typeof value === "object" && value !== null ? value : {};
}

import type { Random } from "@rollcall/core";
import type { RedisConfig } from "@rollcall/core/config";
import { equalJitter } from "@rollcall/core/health";
import { Cluster, Redis, type RedisOptions } from "ioredis";

/** A server or a Redis Cluster: for what we do there is no difference. */
export type RedisClient = Redis | Cluster;

/** How long one command may take. */
export const commandTimeoutMs = 1_000;
/** A connection on which an answer is owed and nothing comes for so long is given up. */
const socketTimeoutMs = 5_000;
/** Short, so that whoever comes back is found within 5 s of its return. */
const connectTimeoutMs = 2_000;
const reconnect = { baseMs: 50, capMs: 1_500 };
/** How long a connection that we close may take for its farewell. */
export const disconnectTimeoutMs = 200;

/**
 * A client by the user's configuration. Set over what the user gave, because the view is not safe without it:
 *
 * - Nothing is queued and nothing is sent twice: a command fails when it cannot be sent, or its answer does not come.
 *   A lease that is taken by a command from before an outage would be nobody's.
 * - Keys are named by Rollcall alone (`keyPrefix`): scripts and channels would not know of a prefix.
 * - Replies and channels are as ioredis has them by default (RESP3, no automatic pipelines).
 * - It reconnects for ever, soon, and with jitter; and at once where it finds itself at a replica.
 *
 * It connects at once. A listener for errors must be added in the same turn.
 */
export function createRedisClient(config: RedisConfig, random: Random): RedisClient {
  const options = {
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    // Subscribed anew by the reader, whose promise for it is looked after.
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    commandTimeout: commandTimeoutMs,
    socketTimeout: socketTimeoutMs,
    connectTimeout: connectTimeoutMs,
    disconnectTimeout: disconnectTimeoutMs,
    retryStrategy: (attempt: number) => equalJitter(reconnect, attempt - 1, random),
    reconnectOnError: (error: Error) => error.message.startsWith("READONLY"),
    keyPrefix: "",
    protocol: 3 as const,
    replyMapping: "legacy" as const,
    stringNumbers: false,
    enableAutoPipelining: false,
    readOnly: false,
    monitor: false,
    lazyConnect: false,
    // One command less to be allowed to a Redis user.
    disableClientInfo: true,
  } satisfies RedisOptions;
  switch (config.kind) {
    case "url":
      // A client that is not connected, only to read the URL: what stands in it must not win over our own.
      return new Redis(config.url, { lazyConnect: true }).duplicate(options);
    case "options":
      return new Redis({ ...config.options, ...options });
    case "cluster":
      return new Cluster([...config.nodes], {
        ...config.options,
        enableOfflineQueue: false,
        // Would send a command again whose answer was lost.
        retryDelayOnFailover: 0,
        clusterRetryStrategy: options.retryStrategy,
        scaleReads: "master",
        keyPrefix: "",
        enableAutoPipelining: false,
        lazyConnect: false,
        redisOptions: { ...objectIn(config.options.redisOptions), ...options },
      });
  }
}

function objectIn(value: unknown): object {
  return typeof value === "object" && value !== null ? value : {};
}

import type { RedactedRedis } from "@rollcall/core/config";

/** Where Redis is, for people: a URL, or `redis host:port`, without secrets. */
export function redisText(redis: RedactedRedis): string {
  if ("url" in redis) return redis.url;
  if ("cluster" in redis) return `the Redis Cluster of ${redis.cluster.map(redisText).join(", ")}`;
  const { host, port, db, tls } = redis;
  // Without a host it is Sentinel, a socket, or the default of ioredis.
  if (host === undefined) return "the Redis of the given options";
  const shownHost = host.includes(":") ? `[${host}]` : host;
  return `${tls === undefined ? "redis" : "rediss"}://${shownHost}${port === undefined ? "" : `:${port}`}${db === undefined ? "" : `/${db}`}`;
}

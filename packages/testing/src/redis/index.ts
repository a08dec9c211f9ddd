export { type RedisCluster, type RedisClusterOptions, startRedisCluster } from "./cluster.js";
export type { RedisServer, RedisServerOptions } from "./contract.js";
export { type Sentinel, type SentinelOptions, startSentinel } from "./sentinel.js";
export { startRedis } from "./server.js";

export type { RedisServer, RedisServerOptions } from "./contract.js";
export { startRedis } from "./server.js";

export type { RedisServer, RedisServerOptions } from "./contract.js";
export { type ReplyEater, startReplyEater } from "./reply-eater.js";
export { startRedis } from "./server.js";

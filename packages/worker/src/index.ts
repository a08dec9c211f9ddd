export { type Attempt, type Logger, RollcallError, type RollcallErrorCode, type Sent } from "@rollcall/core";
export type { Auth, HostPolicy, NodeOption, PoolOptions, RedactedConfig, TlsOptions } from "@rollcall/core/config";
export type { RequestClass } from "@rollcall/core/request";
export type { NodeEvent, NodeState, NodeStatus } from "./node-status.js";
export { createPool, type Pool } from "./pool.js";
export type { PoolEvents } from "./pool-events.js";
export type { PoolRequest, QueryValue } from "./prepare-call.js";
export type { PoolResponse, ResponseHeaders } from "./response.js";
export type { PoolStats } from "./stats.js";

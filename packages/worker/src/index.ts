export {
  type Attempt,
  type ErrorDetails,
  type Logger,
  RollcallError,
  type RollcallErrorCode,
  type Sent,
  type WireError,
} from "@rollcall/core";
export type {
  AllowConfig,
  Auth,
  AuthFile,
  AuthProvider,
  ChildOptions,
  ClusterOptions,
  CompressionConfig,
  CompressionOptions,
  ConnectionConfig,
  ConnectionOptions,
  DiscoveryConfig,
  DiscoveryOptions,
  HedgeConfig,
  HedgeOptions,
  HostPolicy,
  NodeMatch,
  NodeMatchConfig,
  NodeOption,
  Pem,
  PoolOptions,
  ProvidedAuth,
  ProxyOptions,
  QueueConfig,
  QueueOptions,
  RedactedAuth,
  RedactedConfig,
  RedactedRedis,
  RedactedSeed,
  RedactedTls,
  RedisOption,
  RequestToSign,
  RetryConfig,
  RetryOptions,
  SelectionConfig,
  SelectionOptions,
  SignHook,
  TlsOptions,
} from "@rollcall/core/config";
export type { Priority, Refusal } from "@rollcall/core/overload";
export type { RequestClass } from "@rollcall/core/request";
export type { NodePenalty } from "@rollcall/core/selection";
export type { Freshness, ThreadHeartbeat, Version } from "@rollcall/core/view";
export type { SignalLike } from "./api/abort-listeners.js";
export type { ChildPool, Pool, WaitOptions } from "./api/api.js";
export type { NodeRates } from "./api/node-rates.js";
export type { NodeEvent, NodeState, NodeStatus } from "./api/node-status.js";
export { createPool } from "./api/pool.js";
export type { DegradedEvent, NodeListEvent, PoolEvents } from "./api/pool-events.js";
export type { PoolRequest, QueryFields, QueryValue, RequestRetry } from "./api/pool-request.js";
export type { PoolResponse } from "./api/response.js";
export type { ResponseHead, ResponseHeaders } from "./api/response-head.js";
export type { SettledRequest } from "./api/settled-request.js";
export type { HedgeStats, PoolStats, QueueStatus, ThreadStatus, ViewStatus } from "./api/stats.js";
export type { StreamResponse } from "./api/stream-response.js";
export type { ConnectionShareStatus } from "./cluster-state/connection-share.js";
export type { Task, TaskContext } from "./threads/run-task.js";
export type { TaskOptions } from "./threads/tasks.js";

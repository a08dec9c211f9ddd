// Internal: every export of this package, here and in its other entry points, may change in any release. Applications
// use the package "rollcall", whose exports follow semantic versioning.

export { ClusterAccess, type Reach, type ResolvedSeed } from "./cluster/access.js";
export {
  type ControlClient,
  type ControlRequest,
  type ControlResponse,
  clientClosed,
  failedResponse,
  notRunning,
  repeatsMax,
} from "./cluster/control-client.js";
export type { Endpoint } from "./cluster/endpoint.js";
export { HttpControlClient } from "./cluster/http-control-client.js";
export { type Probe, type ProbeOptions, probe } from "./cluster/probe.js";
export { hostRefused } from "./cluster/refused-connection.js";
export { type Sniff, type SniffOptions, sniff, sniffContext, sniffPath } from "./cluster/sniff.js";
export { Coordinator, type CoordinatorParts } from "./coordinator.js";
export { coordinatorHeartbeat } from "./coordinator-heartbeat.js";
export { defaultLogger } from "./default-logger.js";
export { HeartbeatSender, type HeartbeatSenderParts } from "./heartbeat-sender.js";
export { warnOfLogger } from "./logger-warning.js";
export { ReplicaRegistry } from "./replica-registry.js";
export type { SniffTimes } from "./sniff-schedule.js";
export { type RunningCoordinator, startCoordinator } from "./start-coordinator.js";
export { createMemoryStore } from "./store/memory-store.js";
export { RateLimiter } from "./store/rate-limiter.js";
export { createRedisStore, type RedisStoreOptions } from "./store/redis-store.js";
export type { Lease, Publication, Renewal, ViewStore } from "./store/view-store.js";
export { systemTimers } from "./system-timers.js";

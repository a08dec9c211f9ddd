// Internal: every export of this package, here and in its other entry points, may change in any release. Applications
// use the package "rollcall", whose exports follow semantic versioning.

export { ClusterAccess, type Reach, type ResolvedSeed } from "./cluster/access.js";
export type { CertificateFacts, ChainAuthority } from "./cluster/certificate-chain.js";
export {
  type ControlClient,
  type ControlRequest,
  type ControlResponse,
  clientClosed,
  failedResponse,
  notRunning,
  repeatsMax,
} from "./cluster/control-client.js";
export type { ClusterRequestCount } from "./cluster/counted-client.js";
export type { Endpoint } from "./cluster/endpoint.js";
export {
  type ConnectionExamination,
  type ConnectionStep,
  examineConnection,
  type TlsExamination,
} from "./cluster/examine-connection.js";
export { examineName, type NameExamination } from "./cluster/examine-name.js";
export { HttpControlClient } from "./cluster/http-control-client.js";
export { openSigner } from "./cluster/open-signer.js";
export { type Probe, type ProbeOptions, probe } from "./cluster/probe.js";
export { hostRefused } from "./cluster/refused-connection.js";
export { RenewingClient } from "./cluster/renewing-client.js";
export { Signer } from "./cluster/signer.js";
export { type Sniff, type SniffOptions, sniff, sniffContext, sniffPath } from "./cluster/sniff.js";
export { Coordinator, type CoordinatorParts, type OwnRequests } from "./coordinator.js";
export { coordinatorHeartbeat } from "./coordinator-heartbeat.js";
export { defaultLogger } from "./default-logger.js";
export { HeartbeatSender, type HeartbeatSenderParts } from "./heartbeat-sender.js";
export type { HistoryNews } from "./history-recorder.js";
export { type LogLevel, logLevels } from "./level-filter.js";
export { warnOfLogger } from "./logger-warning.js";
export { operate } from "./operate.js";
export { ReplicaRegistry } from "./replica-registry.js";
export type { SniffTimes } from "./sniff-schedule.js";
export { type RunningCoordinator, startCoordinator } from "./start-coordinator.js";
export { CoalescingRunner } from "./store/coalescing-runner.js";
export { examineRedis, type RedisExamination, type RedisServerFacts } from "./store/examine-redis.js";
export { createMemoryStore } from "./store/memory-store.js";
export { RateLimiter } from "./store/rate-limiter.js";
export { openRedisPassword } from "./store/redis-password.js";
export type { RedisPermission } from "./store/redis-permissions.js";
export { createRedisStore, type RedisStoreOptions } from "./store/redis-store.js";
export { openViewSecrets } from "./store/view-secrets.js";
export type { Lease, Publication, Renewal, ViewStore } from "./store/view-store.js";
export { systemTimers, wallNowMs } from "./system-timers.js";

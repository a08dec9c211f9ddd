export { ClusterAccess, type Reach, type ResolvedSeed } from "./cluster/access.js";
export { type Answer, Asker, notRunning, type Question } from "./cluster/ask.js";
export { hostRefused } from "./cluster/connector.js";
export type { Endpoint } from "./cluster/endpoint.js";
export { type Probe, type ProbeOptions, probe } from "./cluster/prober.js";
export { type Sniff, type SniffOptions, sniff, sniffContext, sniffPath } from "./cluster/sniffer.js";
export { Coordinator, type CoordinatorParts } from "./coordinator.js";
export { defaultLogger } from "./default-logger.js";
export { DigestSender, type DigestSenderParts } from "./digest-sender.js";
export type { SniffTimes } from "./sniff-schedule.js";
export { type RunningCoordinator, startCoordinator } from "./start-coordinator.js";
export { createMemoryStore } from "./store/memory-store.js";
export { Rate } from "./store/rate.js";
export { createRedisStore, type RedisStoreOptions } from "./store/redis-store.js";
export type {
  FailureReport,
  Lease,
  Publication,
  Renewal,
  Unsubscribe,
  ViewStore,
  WitnessAnswer,
  WitnessAsk,
} from "./store/view-store.js";
export { systemTimers } from "./system-timers.js";

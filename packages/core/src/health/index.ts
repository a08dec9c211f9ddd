export {
  type Arbiter,
  type ArbiterEffect,
  type ArbiterEvent,
  arbiterDueMs,
  arbiterReducer,
  emptyArbiter,
  marksOf,
  nextArbiter,
  publishedNodes,
} from "./arbiter.js";
export { type Backoff, equalJitter } from "./backoff.js";
export {
  type CircuitBreaker,
  type CircuitBreakerEffect,
  type CircuitBreakerEvent,
  circuitBreakerDueMs,
  isEjected,
  localSlowStartMs,
  newCircuitBreaker,
  nextCircuitBreaker,
  slowStartSinceMs,
} from "./circuit-breaker.js";
export {
  beatMs,
  isInTime,
  type LoopLag,
  newLoopLag,
  nextLoopLag,
  ranMs,
  waitingSinceMs,
} from "./loop-lag.js";
export {
  disputeOf,
  isInUse,
  type LocalMark,
  type MonitoredNode,
  type NodeHealth,
  type ProbeOutcome,
  type PublishedState,
} from "./member.js";
export { choosePeers, isSelfSuspect, type Peer } from "./peers.js";
export { slowStartMs, slowStartWeight } from "./slow-start.js";
export {
  type NodeTraffic,
  newStallDetector,
  nextStallDetector,
  type StallDetector,
  type StallEffect,
  type StallEvent,
  suspectedSinceMs,
} from "./stall-detector.js";

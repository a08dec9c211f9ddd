export { isInTime } from "../in-time.js";
export {
  type Arbiter,
  arbiterDueMs,
  arbiterReducer,
  emptyArbiter,
  marksOf,
  nextArbiter,
  publishedKeys,
  publishedNodes,
} from "./arbiter/arbiter.js";
export type { ArbiterEffect, ArbiterEvent } from "./arbiter/arbiter-events.js";
export { disputeOf, isInUse, type MonitoredNode, type NodeHealth } from "./arbiter/node-health.js";
export { choosePeers, isSelfSuspect, type NodeKeys, type Peer } from "./arbiter/peers.js";
export type { ProbeOutcome } from "./arbiter/probe-outcome.js";
export type { PublishedState } from "./arbiter/published-node.js";
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
  type LoopLag,
  newLoopLag,
  nextLoopLag,
  ranMs,
  waitingSinceMs,
} from "./loop-lag.js";
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

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
export { maySend } from "./arbiter/fleet-use.js";
export { disputeOf, isInUse, type MonitoredNode, type NodeHealth, publishedHealth } from "./arbiter/node-health.js";
export { choosePeers, isSelfSuspect, type NodeKeys, type Peer } from "./arbiter/peers.js";
export type { ProbeOutcome } from "./arbiter/probe-outcome.js";
export type { PublishedState } from "./arbiter/published-node.js";
export { type Backoff, equalJitter } from "./backoff.js";
export {
  beatMs,
  type LoopLag,
  newLoopLag,
  nextLoopLag,
  ranMs,
  waitingSinceMs,
} from "./loop-lag.js";
export { type LocalNodeEvent, nextNode, nodeDueMs } from "./next-node.js";
export {
  isKeptOff,
  isSuspected,
  type LocalNode,
  type LocalStanding,
  needsTraffic,
  newNode,
  shownMark,
  slowStartOf,
  standingOf,
  stuckSinceMs,
  undrainedStandingOf,
} from "./node.js";
export type { LocalProbe, NodeEffect, ProbeResult } from "./node-probe.js";
export { slowStartMs, slowStartWeight } from "./slow-start.js";
export { type NodeTraffic, noTraffic } from "./stall-detector.js";

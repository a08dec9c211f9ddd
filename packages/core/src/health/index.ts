export {
  type Arbiter,
  type ArbiterEffect,
  type ArbiterEvent,
  arbiterDueMs,
  emptyArbiter,
  marksOf,
  nextArbiter,
  publishedNodes,
} from "./arbiter.js";
export { type Backoff, equalJitter } from "./backoff.js";
export {
  type Detector,
  type DetectorEffect,
  type DetectorEvent,
  detectorDueMs,
  easedSinceMs,
  easingMs,
  isEjected,
  newDetector,
  nextDetector,
} from "./detector.js";
export type { LocalMark, Member, NodeHealth, ProbeOutcome, Standing } from "./member.js";
export { rampMs, rampWeight } from "./ramp.js";

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
export {
  type LocalMark,
  type Member,
  type NodeHealth,
  type ProbeOutcome,
  type Standing,
  unsettledOf,
} from "./member.js";
export { rampMs, rampWeight } from "./ramp.js";
export {
  newSilence,
  nextSilence,
  type Silence,
  type SilenceEffect,
  type SilenceEvent,
  suspectedSinceMs,
  type Traffic,
} from "./silence.js";
export { beatMs, isInTime, lateMs, newWatch, nextWatch, ranMs, type Watch, waitingSinceMs } from "./stall.js";
export { chooseWitnesses, isSelfSuspect, type Observer } from "./witnesses.js";

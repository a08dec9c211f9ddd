export { type Assembly, emptyAssembly, missingFrom, viewOf, withHead, withMarks, withTopology } from "./assembly.js";
export {
  decodeHead,
  decodeMarks,
  decodeTopology,
  encodeHead,
  encodeMarks,
  encodeTopology,
} from "./codec.js";
export type { Digest, ThreadDigest } from "./digest.js";
export { epochAheadMaxMs, epochBegunMs, ordinalOf } from "./epoch.js";
export {
  beatAgeMs,
  type Following,
  type FollowingEvent,
  followingDueMs,
  newFollowing,
  nextFollowing,
} from "./following.js";
export type { Decoded } from "./foreign.js";
export { type Freshness, freshnessOf, orphanAfterMs, staleAfterMs } from "./freshness.js";
export { viewLimits } from "./limits.js";
export {
  decodeEvent,
  decodeReport,
  encodeAsk,
  encodeDigest,
  encodeReport,
  encodeWitness,
  headEventAround,
  releasedEvent,
  rollCallEvent,
  type ViewEvent,
  type ViewReport,
} from "./messages.js";
export { addressOf, type NodeRecord, nodeKey } from "./node-record.js";
export { type RedisKeys, redisKeys } from "./redis-keys.js";
export { compareVersions, type Version } from "./version.js";
export type { DownEvidence, Head, Mark, MarkKind, Marks, Topology, View } from "./view.js";

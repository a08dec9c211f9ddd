export type { Digest, ThreadDigest } from "./digest.js";
export {
  beatAgeMs,
  type Following,
  type FollowingEvent,
  followingDueMs,
  newFollowing,
  nextFollowing,
} from "./following.js";
export { type Freshness, freshnessOf, orphanAfterMs, staleAfterMs } from "./freshness.js";
export { addressOf, type NodeRecord, nodeKey } from "./node-record.js";
export { compareVersions, type Version } from "./version.js";
export type { DownEvidence, Head, Mark, MarkKind, Marks, Topology, View } from "./view.js";

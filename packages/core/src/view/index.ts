export {
  type ChannelName,
  channelNames,
  decodeMessage,
  encodeMessage,
  forEachChannel,
  type ReceivedMessages,
  type SentMessages,
} from "./channel-messages.js";
export {
  decodeHead,
  decodeMarks,
  decodeMarksInSteps,
  decodeTopology,
  decodeTopologyInSteps,
  digestOf,
  encodeHead,
  encodeMarks,
  encodeMarksInSteps,
  encodeTopology,
  sealedWithoutSecret,
  topologyJsonInSteps,
} from "./codec.js";
export {
  drainOf,
  drainText,
  type OperationsInForce,
  operationsEndMs,
  operationsInForce,
  operatorText,
  timeText,
} from "./drain.js";
export { epochAheadMaxMs, epochBegunMs, isCredibleEpoch, ordinalOf } from "./epoch.js";
export { headEventAround, type PeerProbeRequest, type ViewEvent } from "./events.js";
export { type Freshness, freshnessOf, freshnessOfHead, orphanAfterMs, staleAfterMs } from "./freshness.js";
export type { AvoidedNode, Heartbeat, HeldConnections, NodeLoad, ReplicaLoad, ThreadHeartbeat } from "./heartbeat.js";
export {
  type HistoryEntry,
  type HistoryNode,
  historyMax,
  historyNode,
  mergedHistory,
  summedUp,
  withNews,
} from "./history.js";
export { decodeHistory, encodeHistory, encodeNewestHistory } from "./history-codec.js";
export type { Decoded } from "./json-fields.js";
export { viewLimits } from "./limits.js";
export { addressOf, type NodeRecord, nodeKey, partsOfAddress } from "./node-record.js";
export type { OperationKind, OperationRequest, OperationResult } from "./operation-messages.js";
export {
  credibleOf,
  emptyPartialView,
  missingFrom,
  type PartialView,
  viewOf,
  withHead,
  withMarks,
  withTopology,
} from "./partial-view.js";
export { type RedisKeys, redisKeys } from "./redis-keys.js";
export type { FailureReport, PeerProbeResult } from "./reports.js";
export {
  opened,
  type SealedBy,
  sealed,
  sealMaxBytes,
} from "./seal.js";
export { isInAge, sealMaxAgeMs } from "./seal-age.js";
export { type SealKind, sealKeys } from "./seal-keys.js";
export { openHead, openHeadEvent, type RefusedHead, type SealedHead, sealFaults } from "./sealed-head.js";
export { SealedOrder } from "./sealed-order.js";
export { compareVersions, type Version } from "./version.js";
export {
  type ConnectionShares,
  type Digests,
  type DownEvidence,
  type Drain,
  type Head,
  type Mark,
  type MarkKind,
  type Marks,
  markKinds,
  type Pause,
  type Topology,
  type View,
} from "./view.js";
export {
  beatAgeMs,
  newViewLiveness,
  nextViewLiveness,
  type ViewLiveness,
  type ViewLivenessEvent,
  viewLivenessDueMs,
} from "./view-liveness.js";

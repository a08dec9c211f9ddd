export {
  acceptsView,
  type ClusterIdentity,
  type ClusterIdentityEvent,
  type IdentityProof,
  judgeIdentity,
  newClusterIdentity,
  nextClusterIdentity,
  pinnedUuidOf,
} from "./cluster-identity.js";
export {
  adoptedNodes,
  type Discovery,
  type DiscoveryEvent,
  emptyDiscovery,
  isFirstList,
  type ListedBy,
  type LocalScope,
  listedNodes,
  nextDiscovery,
  nodesToSniff,
  type Refused,
  wantedNodes,
} from "./discovery.js";
export { sniffLimits } from "./limits.js";
export { ListMemory } from "./list-memory.js";
export type { SniffContext } from "./locate-node.js";
export {
  emptyMembership,
  type ListedNode,
  type Membership,
  type MembershipAnswer,
  type MergedSniff,
  membershipOf,
  membershipRules,
  mergeSniff,
} from "./membership.js";
export { type ParsedAddress, parsePublishAddress, type Scheme } from "./parse-address.js";
export { isUnserved, type ParsedSniff, parseNodes, type SkippedNode, type SniffAnswer } from "./parse-nodes.js";
export { type KnownSeed, recogniseSeeds } from "./recognise-seeds.js";
export { servesRequests } from "./roles.js";
export { sanitizeForLog } from "./sanitize-for-log.js";

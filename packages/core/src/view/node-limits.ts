/**
 * The most that one list of nodes may hold, wherever it comes from: the cluster or the shared view. A real cluster
 * stays far below each. Lengths are in characters.
 */
export const nodeLimits = {
  nodesMax: 8_192,
  /** Of a node id and of a cluster uuid; servers write 22. */
  idMaxLength: 128,
  nameMaxLength: 255,
  versionMaxLength: 64,
  rolesMax: 64,
  roleMaxLength: 64,
  attributesMax: 128,
  attributeKeyMaxLength: 256,
  attributeValueMaxLength: 1_024,
} as const;

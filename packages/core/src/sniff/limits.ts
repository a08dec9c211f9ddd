/**
 * How much of a sniff answer we are ready to take. A cluster that is well stays far below each of these; what goes
 * beyond one was not written by a cluster that is well. Lengths are in characters.
 */
export const sniffLimits = {
  /** Of an answer's body. Text is counted in characters, bytes in bytes. */
  bodyMaxLength: 16 * 1024 * 1024,
  /** In one answer, and in a membership. */
  nodesMax: 4_096,
  /** Of a publish address with all that may stand around it. */
  addressMaxLength: 512,
  /** Looked at, when a node names no publish address. */
  boundAddressesMax: 16,
  /** Of a node id and of a cluster uuid; servers write 22. */
  idMaxLength: 128,
  nameMaxLength: 255,
  versionMaxLength: 64,
  rolesMax: 64,
  roleMaxLength: 64,
  attributesMax: 128,
  attributeKeyMaxLength: 256,
  attributeValueMaxLength: 1_024,
  /** Of a foreign text repeated in a reason. */
  shownMaxLength: 120,
} as const;

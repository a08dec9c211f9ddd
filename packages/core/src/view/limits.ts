/**
 * How much of a shared view a reader is ready to take. Whoever writes stays below each; what goes beyond one was not
 * written by a coordinator. Lengths are in characters unless they say bytes.
 */
export const viewLimits = {
  /** Of an uncompressed topology, and of the marks: a few times what 1,000 nodes need. */
  documentMaxBytes: 1024 * 1024,
  headMaxBytes: 4_096,
  /** Of a message on the channel that everybody hears: a head, with marks up to `inlineMarksMaxBytes`. */
  eventMaxBytes: 16_384,
  /** Larger marks are not sent along with a head; readers fetch them. */
  inlineMarksMaxBytes: 8_192,
  /** Of a digest, a failure report or what a witness says. */
  reportMaxBytes: 98_304,
  nodesMax: 4_096,
  idMaxLength: 128,
  nameMaxLength: 255,
  versionMaxLength: 64,
  rolesMax: 64,
  roleMaxLength: 64,
  attributesMax: 128,
  attributeKeyMaxLength: 256,
  attributeValueMaxLength: 1_024,
  /** A node's key: its id and its address. */
  keyMaxLength: 400,
  /** Of a leader's and of a replica's name. */
  processNameMaxLength: 255,
  reasonMaxLength: 512,
  /** Nodes that one digest may name. */
  avoidedMax: 64,
  contradictsMax: 64,
  /** Processes that one question about a node may name, and the length of its id. */
  witnessesMax: 16,
  askIdMaxLength: 64,
  threadsMax: 64,
  countMax: 1_000_000_000,
} as const;

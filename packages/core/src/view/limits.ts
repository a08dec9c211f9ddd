import { nodeLimits } from "./node-limits.js";

/**
 * The most that a reader of a shared view accepts. Writers stay below each limit; what exceeds one was not written by a
 * coordinator. Lengths are in characters unless they say bytes.
 */
export const viewLimits = {
  ...nodeLimits,
  /** Of an uncompressed topology, and of the marks: twice what the longest list of usual nodes needs. */
  documentMaxBytes: 4 * 1024 * 1024,
  headMaxBytes: 4_096,
  /** Of a message on the events channel: a head, with marks of at most `inlineMarksMaxBytes`. */
  eventMaxBytes: 16_384,
  /** Larger marks are not sent with a head; readers fetch them. */
  inlineMarksMaxBytes: 8_192,
  /** Of a heartbeat, a failure report or a peer probe result. */
  reportMaxBytes: 98_304,
  /** Of a node key: its id and its address. */
  keyMaxLength: 400,
  /** Of a leader's and of a replica's name. */
  processNameMaxLength: 255,
  reasonMaxLength: 512,
  /** Of a history: one entry of the usual length is 250 bytes. */
  historyMaxBytes: 512 * 1024,
  historyTextMaxLength: 400,
  eventNameMaxLength: 64,
  /** Larger additions to a history are not announced; candidates then have them only once they lead. */
  announcedHistoryMaxBytes: 8_192,
  /** Of the kind of a mark. */
  kindMaxLength: 64,
  /** Nodes that one heartbeat names as ejected. */
  ejectedMax: 64,
  /** Nodes of which one heartbeat says how many requests they get. */
  loadedMax: 32,
  /** Nodes of which one heartbeat says why they are avoided, and how long such a reason may be. */
  avoidedMax: 32,
  avoidedReasonMaxLength: 200,
  /** Nodes that one heartbeat names as refuted. */
  refutesMax: 64,
  /** Replicas that marks name as admitted to the connection budget. */
  admittedMax: 32,
  /** Processes that one peer probe request names. */
  peersMax: 16,
  /** Of the id of a peer probe request or of an operation. */
  requestIdMaxLength: 64,
  /** Drains that are in force at once. */
  drainsMax: 256,
  /** Of an operator's name, of the reason that it gives, and of what it calls a node. */
  operatorMaxLength: 255,
  operationReasonMaxLength: 200,
  nodeTextMaxLength: 400,
  /** Of an operation request or result, and of the text of a result. */
  operationMaxBytes: 8_192,
  operationTextMaxLength: 1_024,
  threadsMax: 64,
  countMax: 1_000_000_000,
  /** Of a sequence and of a beat: a thousand publications a second for eleven days, in one epoch. */
  counterMax: 1_000_000_000,
  /** Of the digest of a document: SHA-256 in base64url. */
  digestLength: 43,
} as const;

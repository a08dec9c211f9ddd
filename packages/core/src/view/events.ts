import { digestOf, readHead, readMarks, readNodeKey, readReplica } from "./codec.js";
import { type HistoryEntry, historyMax } from "./history.js";
import { readHistoryEntry } from "./history-codec.js";
import {
  type Decoded,
  decodeWith,
  type Fields,
  parseJson,
  readArray,
  readInteger,
  readName,
  readObject,
  readOptional,
} from "./json-fields.js";
import { viewLimits } from "./limits.js";
import type { Head, Marks } from "./view.js";

/** The leader asks other processes to probe a node once. */
export interface PeerProbeRequest {
  /** Chosen by the leader, 1 to 64 characters. Results repeat it. */
  readonly id: string;
  /** By `nodeKey`. */
  readonly node: string;
  /** The processes that are to probe it, at most 16. */
  readonly replicas: readonly string[];
}

/**
 * A message on the channel that every process subscribes to.
 *
 *   head               a newer view, or a beat; small marks come with it
 *   released           a lease was given back
 *   peerProbeRequest   some processes are to probe a node
 *   history            entries were added to the history
 *   unknown            a newer version of Rollcall may send more kinds: no fault
 */
export type ViewEvent =
  | { readonly kind: "head"; readonly head: Head; readonly marks?: Marks }
  | { readonly kind: "released" }
  | ({ readonly kind: "peerProbeRequest" } & PeerProbeRequest)
  | { readonly kind: "history"; readonly entries: readonly HistoryEntry[] }
  | { readonly kind: "unknown" };

/**
 * The text around a head in an event: the store adds the head with its time. Small marks are the last of `after`, and
 * `before` has their length: so a reader finds their bytes, and compares the digest of these with that in the head.
 */
export function headEventAround(marks: Uint8Array | undefined): { readonly before: string; readonly after: string } {
  if (marks === undefined || marks.byteLength > viewLimits.inlineMarksMaxBytes) {
    return { before: '{"kind":"head","head":', after: "}" };
  }
  const text = Buffer.from(marks).toString("utf8");
  return { before: `{"kind":"head","marksBytes":${marks.byteLength},"head":`, after: `,"marks":${text}}` };
}

const headAt = /^\{"kind":"head",(?:"marksBytes":(\d{1,5}),)?"head":(?=\{)/;

/**
 * The bytes of the head in an event that {@link headEventAround} made, and those of its marks, of which nothing was parsed;
 * undefined: it is another event.
 */
export function partsOfHeadEvent(
  bytes: Uint8Array,
): { readonly head: Uint8Array; readonly marks?: Uint8Array } | undefined {
  const begin = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 64)).toString("latin1");
  const [before, marksBytes] = headAt.exec(begin) ?? [];
  if (before === undefined) return undefined;
  const end = bytes.byteLength - 1;
  if (marksBytes === undefined) return { head: bytes.subarray(before.length, end) };
  const marksStart = Math.max(before.length, end - Number(marksBytes));
  const headEnd = Math.max(before.length, marksStart - ',"marks":'.length);
  return { head: bytes.subarray(before.length, headEnd), marks: bytes.subarray(marksStart, end) };
}

export const releasedEvent = JSON.stringify({ kind: "released" } satisfies ViewEvent);

export function encodePeerProbeRequest({ id, node, replicas }: PeerProbeRequest): string {
  return JSON.stringify({ kind: "peerProbeRequest", id, node, replicas } satisfies ViewEvent);
}

/** Undefined: the entries are too large for a message. */
export function encodeHistoryEvent(entries: readonly HistoryEntry[]): string | undefined {
  const message = JSON.stringify({ kind: "history", entries } satisfies ViewEvent);
  return Buffer.byteLength(message) <= viewLimits.announcedHistoryMaxBytes ? message : undefined;
}

/** A message with one bad field is refused whole; unknown fields are dropped. */
export function decodeEvent(bytes: Uint8Array): Decoded<ViewEvent> {
  return decodeWith(() => {
    const fields = readObject(parseJson(bytes, viewLimits.eventMaxBytes), "message");
    const kind = fields.get("kind");
    switch (kind) {
      case "released":
        return { kind };
      case "head":
        return readHeadEvent(bytes, fields);
      case "peerProbeRequest":
        return {
          kind,
          id: readName(fields.get("id"), "id", viewLimits.requestIdMaxLength),
          node: readNodeKey(fields.get("node")),
          replicas: readArray(fields.get("replicas"), "replicas", viewLimits.peersMax, readReplica),
        };
      case "history":
        return { kind, entries: readArray(fields.get("entries"), "entries", historyMax, readHistoryEntry) };
      default:
        return { kind: "unknown" };
    }
  });
}

/** Marks that are not those that the head means are left out: their reader then reads them from the store. */
function readHeadEvent(bytes: Uint8Array, fields: Fields): ViewEvent {
  const kind = "head";
  const head = readHead(fields.get("head"));
  if (head.digests === undefined) return { kind, head, ...readOptional(fields, "marks", readMarks) };
  if (!fields.has("marks")) return { kind, head };
  const length = readInteger(fields.get("marksBytes"), "marksBytes", 0, viewLimits.inlineMarksMaxBytes);
  const marks = bytes.subarray(Math.max(0, bytes.byteLength - 1 - length), bytes.byteLength - 1);
  if (digestOf(marks) !== head.digests.marks) return { kind, head };
  return { kind, head, marks: readMarks(parseJson(marks, viewLimits.inlineMarksMaxBytes)) };
}

import { decodeHead, decodeMarks, digestOf } from "./codec.js";
import { partsOfHeadEvent } from "./events.js";
import { viewLimits } from "./limits.js";
import { opened, type SealedBy } from "./seal.js";
import type { SealKeys } from "./seal-keys.js";
import type { Head, Marks } from "./view.js";

/** A head whose seal is right. Its `atMs` is the time of the seal: any client may have written the one beside it. */
export interface SealedHead {
  readonly head: Head;
  readonly by: SealedBy;
}

export interface RefusedHead {
  readonly problem: string;
  /** It has no seal, or one that this process cannot verify: the leader may have another secret, or none. */
  readonly isForeign: boolean;
}

/** @param bytes a head as the store holds it, or an event has it: see `seal` */
export function openHead(bytes: Uint8Array, keys: SealKeys): SealedHead | RefusedHead {
  if (bytes.byteLength > viewLimits.headMaxBytes) {
    return { problem: `is larger than ${viewLimits.headMaxBytes} bytes`, isForeign: false };
  }
  const seal = opened(bytes, "head", keys);
  if (seal.kind === "refused") return { problem: sealFaults[seal.fault], isForeign: true };
  const { body, by } = seal;
  const decoded = decodeHead(Buffer.concat([body.subarray(0, -1), Buffer.from(`,"atMs":${by.atMs}}`)]));
  if ("problem" in decoded) return { ...decoded, isForeign: false };
  const head = decoded.value;
  return head.digests === undefined ? { problem: "it names no digests", isForeign: false } : { head, by };
}

/**
 * The head of an event, and the marks beside it if they are those that it names; undefined: the event is another.
 */
export function openHeadEvent(
  bytes: Uint8Array,
  keys: SealKeys,
): (SealedHead & { readonly marks?: Marks }) | RefusedHead | undefined {
  const parts = partsOfHeadEvent(bytes);
  if (parts === undefined) return undefined;
  const read = openHead(parts.head, keys);
  if ("problem" in read || parts.marks === undefined) return read;
  if (digestOf(parts.marks) !== read.head.digests?.marks) return read;
  const marks = decodeMarks(parts.marks);
  return "value" in marks ? { ...read, marks: marks.value } : read;
}

/** For people, in words that follow what was refused. */
export const sealFaults = {
  unsealed: "it is not sealed, so its writer has no `secret`",
  unreadable: "it is sealed in a form that this version does not read",
  other: "it is sealed with another secret, or was changed since",
} as const;

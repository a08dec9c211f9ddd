import { createHmac, type KeyObject, timingSafeEqual } from "node:crypto";
import type { SealKeys, SealKind } from "./seal-keys.js";

/**
 * Seals: proof that a head, a message or a line of the history was written by a process that has the secret of the view.
 *
 *   {"node":"…","replica":"…"}                     what is sealed: one JSON object, as text
 *   {"node":"…","replica":"…","seal":"1.…"}        sealed
 *   {…,"digests":{…},"seal":"1.…","atMs":1}        a head: the store's script adds what follows the seal, unsealed
 *
 * A seal is `1.sender.epoch.sequence.atMs.code`. The code is HMAC-SHA-256, in base64url, over what {@link canonicalBytes}
 * gives. Documents are sealed by their SHA-256, which is in the head.
 *
 * Who opens sealed bytes parses nothing before the code is right, and nothing that the seal does not cover.
 */
export interface SealedBy {
  /** Names one process from its start to its end: letters and digits, 1 to 16. */
  readonly sender: string;
  /** Of the lease under which it was written; 0 where none is needed. */
  readonly epoch: number;
  /** Grows with everything that the sender seals; of a head, the beat. */
  readonly sequence: number;
  /** When it was sealed, on the store's clock, in whole milliseconds. */
  readonly atMs: number;
}

/**
 *   unsealed     there is no seal
 *   unreadable   the seal is none of this version
 *   other        the code is wrong: sealed with another secret, for another view or use, or changed since
 */
export type SealFault = "unsealed" | "unreadable" | "other";

export type OpenedSeal =
  | { readonly kind: "opened"; readonly body: Uint8Array; readonly by: SealedBy }
  | { readonly kind: "refused"; readonly fault: SealFault };

/** A seal, and what a script adds to a head after it. */
const tailMaxBytes = 256;
const sealedTail =
  /([{,])"seal":"1\.([a-z0-9]{1,16})\.(\d{1,16})\.(\d{1,16})\.(\d{1,16})\.([\w-]{43})"(?:,"atMs":\d{1,16})?(?:,"released":true)?\}$/;

/** The longest text that {@link sealed} adds. */
export const sealMaxBytes = 128;

/** @param body a JSON object, without white space around it */
export function sealed(body: string, by: SealedBy, kind: SealKind, keys: SealKeys): string {
  const [key] = keys.of(kind);
  if (key === undefined) throw new TypeError("there is no secret to seal with");
  const fields = [by.sender, String(by.epoch), String(by.sequence), String(by.atMs)] as const;
  const code = codeOf(key, canonicalBytes(keys.name, kind, fields, [Buffer.from(body)]));
  return `${body === "{}" ? "{" : `${body.slice(0, -1)},`}"seal":"1.${fields.join(".")}.${code}"}`;
}

/** Total: whatever the bytes are. The work is one pass over them for each secret. */
export function opened(bytes: Uint8Array, kind: SealKind, keys: SealKeys): OpenedSeal {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tailAt = Math.max(0, all.length - tailMaxBytes);
  const tail = all.toString("latin1", tailAt);
  const match = sealedTail.exec(tail);
  if (match === null) return { kind: "refused", fault: tail.includes('"seal":"') ? "unreadable" : "unsealed" };
  const [, separator, sender = "", epoch = "", sequence = "", atMs = "", code = ""] = match;
  const start = all.subarray(0, tailAt + match.index);
  const isEmpty = separator === "{";
  if (isEmpty !== (start.length === 0)) return { kind: "refused", fault: "unreadable" };
  const parts = isEmpty ? [emptyObject] : [start, closingBrace];
  const fields = [sender, epoch, sequence, atMs] as const;
  const covered = canonicalBytes(keys.name, kind, fields, parts);
  if (!keys.of(kind).some((key) => isSame(codeOf(key, covered), code))) return { kind: "refused", fault: "other" };
  return {
    kind: "opened",
    body: Buffer.concat(parts),
    by: { sender, epoch: Number(epoch), sequence: Number(sequence), atMs: Number(atMs) },
  };
}

const closingBrace = Buffer.from("}");
const emptyObject = Buffer.from("{}");

/**
 * What a code covers, piece by piece: view, kind, sender, epoch, sequence, time and the sealed text, each after its length
 * in bytes, so that no two lists of fields are the same bytes. The text may come in parts, which are not copied.
 */
export function canonicalBytes(
  name: string,
  kind: SealKind,
  fields: readonly [sender: string, epoch: string, sequence: string, atMs: string],
  body: readonly Uint8Array[],
): readonly Uint8Array[] {
  const texts = ["rollcall seal 1", name, kind, ...fields].map((text) => `${Buffer.byteLength(text)}:${text}`);
  const byteLength = body.reduce((sum, part) => sum + part.byteLength, 0);
  return [Buffer.from(`${texts.join("")}${byteLength}:`), ...body];
}

function codeOf(key: KeyObject, covered: readonly Uint8Array[]): string {
  const code = createHmac("sha256", key);
  for (const piece of covered) code.update(piece);
  return code.digest("base64url");
}

/** Texts of one length. As texts: more than one text of base64url stands for the same bytes. */
function isSame(one: string, other: string): boolean {
  return timingSafeEqual(Buffer.from(one, "latin1"), Buffer.from(other, "latin1"));
}

import { createHash } from "node:crypto";
import { digestOf, type Head } from "@rollcall/core/view";

/** What a leader has published. */
export interface Published {
  /** With the digests of both documents. */
  readonly head: Omit<Head, "atMs">;
  readonly topology: Written;
  readonly marks: Written;
}

/** A document as it is in Redis. */
export interface Written {
  readonly bytes: number;
  /** Scripts can compute SHA-1 and no other hash. It shows an accident or a slip, beside the digest for readers. */
  readonly sha1: string;
  readonly digest: string;
}

export const nothingWritten: Written = { bytes: 0, sha1: "", digest: "" };

export function writtenAs(document: Uint8Array): Written {
  const sha1 = createHash("sha1").update(document).digest("hex");
  return { bytes: document.byteLength, sha1, digest: digestOf(document) };
}

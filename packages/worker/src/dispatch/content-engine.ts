import type { Transform } from "node:stream";
import * as zlib from "node:zlib";
import type { ContentCoding } from "./content-codings.js";

/** A stream of zlib that undoes one coding. It works in Node's thread pool. */
export interface ContentEngine extends Transform {
  /** Of the packed bytes: so many were used. */
  readonly bytesWritten: number;
}

/** How much lies in an engine on either side of its work; an engine stops at it. */
const packedHeldBytes = 262_144;
const pieceBytes = 65_536;

/** `head`: the beginning of the packed body, {@link headBytes} or more unless the whole is shorter. */
export function openEngine(coding: ContentCoding, head: Buffer): ContentEngine {
  const options = { chunkSize: pieceBytes, readableHighWaterMark: pieceBytes, writableHighWaterMark: packedHeldBytes };
  switch (coding) {
    case "gzip":
      return zlib.createGunzip(options);
    case "deflate":
      return hasZlibHeader(head) ? zlib.createInflate(options) : zlib.createInflateRaw(options);
    case "br":
      return zlib.createBrotliDecompress(options);
    case "zstd":
      return newer.createZstdDecompress({ ...options, params: zstdBounds });
  }
}

/**
 * A whole body of one coding, unpacked in this turn; `usedBytes`: of the packed ones.
 *
 * @throws the error of zlib; `ERR_BUFFER_TOO_LARGE` beyond `maxBytes`
 */
export function unpackNow(
  coding: ContentCoding,
  packed: Buffer,
  maxBytes: number,
): { body: Buffer; usedBytes: number } {
  const { buffer, engine } = whole(coding, packed, { maxOutputLength: maxBytes, info: true }) as unknown as {
    readonly buffer: Buffer;
    readonly engine: { readonly bytesWritten: number };
  };
  return { body: buffer, usedBytes: engine.bytesWritten };
}

function whole(coding: ContentCoding, packed: Buffer, options: zlib.ZlibOptions): Buffer {
  switch (coding) {
    case "gzip":
      return zlib.gunzipSync(packed, options);
    case "deflate":
      return hasZlibHeader(packed) ? zlib.inflateSync(packed, options) : zlib.inflateRawSync(packed, options);
    case "br":
      return zlib.brotliDecompressSync(packed, options);
    case "zstd":
      return newer.zstdDecompressSync(packed, { ...options, params: zstdBounds });
  }
}

/** `ZSTD_d_windowLogMax`: 8 MB, which RFC 9659 sets; Node itself would take 128 MB for one answer. */
const zstdBounds = { 100: 23 };

/** Node 22.15 and newer. */
const newer = zlib as unknown as {
  createZstdDecompress(options: object): ContentEngine;
  zstdDecompressSync(packed: Buffer, options: object): Buffer;
};

export const headBytes = 2;

/** "deflate" means the format of zlib, but some servers send what is within it (RFC 9110, 8.4.1.2). */
function hasZlibHeader(head: Buffer): boolean {
  const [first = 0, second = 0] = head;
  return (first & 0x0f) === 8 && (first * 256 + second) % 31 === 0;
}

import type { Readable } from "node:stream";

/** The body of a request in memory: at once where it is text or bytes, once it has ended where it is a stream. */
export function bodyInMemory(body: unknown): string | Uint8Array | undefined | Promise<Uint8Array> {
  if (body === undefined || body === null) return undefined;
  if (typeof body === "string" || body instanceof Uint8Array) return body;
  return collect(body as Readable);
}

async function collect(body: Readable): Promise<Uint8Array> {
  const pieces: Buffer[] = [];
  for await (const piece of body) pieces.push(typeof piece === "string" ? Buffer.from(piece) : (piece as Buffer));
  return Buffer.concat(pieces);
}

export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

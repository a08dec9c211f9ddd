import type { PoolRequest } from "./pool-request.js";
import { requestProblem } from "./request-fields.js";

/** Whether the caller gives the body away. */
export function isBodyGiven({ transfer, body }: PoolRequest): boolean {
  if (transfer === undefined || transfer === false) return false;
  if (transfer !== true) throw requestProblem("transfer", "must be true or false");
  if (!(body instanceof Uint8Array)) throw requestProblem("transfer", "needs a `body` of bytes: a Uint8Array");
  return true;
}

/**
 * The bytes of a body that is given away. They are moved: the caller's view is empty afterwards. They are copied where
 * that view is not all of its buffer, since the rest is not given, or where its buffer cannot be moved.
 */
export function takeBytes(body: Uint8Array): Uint8Array {
  const { buffer } = body;
  if (!(buffer instanceof ArrayBuffer) || buffer.byteLength !== body.byteLength) return new Uint8Array(body);
  try {
    return new Uint8Array(structuredClone(buffer, { transfer: [buffer] }));
  } catch {
    // Such as the memory of WebAssembly.
    return new Uint8Array(body);
  }
}

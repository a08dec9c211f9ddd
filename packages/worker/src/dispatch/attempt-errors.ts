import { UnreadableContent } from "./unreadable-content.js";

export class LargeAnswer extends Error {
  /** As undici has it. */
  readonly code = "UND_ERR_RES_EXCEEDED_MAX_SIZE";
  constructor() {
    super("the answer is larger than allowed");
  }
}

export class AbandonedAttempt extends Error {
  override readonly name = "AbortError";
  readonly code = "ABORT_ERR";
  constructor() {
    super("this attempt was given up");
  }
}

/** Whether we have ended an attempt with it, not its connection. */
export function isOwn(error: Error): boolean {
  return error instanceof LargeAnswer || error instanceof AbandonedAttempt || error instanceof UnreadableContent;
}

/** An answer without a body that names a length: undici reports that as an error. */
export function isBodiless(error: Error, status: number): boolean {
  const isMismatch = "code" in error && error.code === "UND_ERR_RES_CONTENT_LENGTH_MISMATCH";
  return isMismatch && (status === 304 || status === 204);
}

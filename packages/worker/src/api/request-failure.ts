import { RollcallError, type WireError } from "@rollcall/core";
import type { PreparedRequest } from "../dispatch/sender.js";
import type { SignalLike } from "./abort-listeners.js";
import { RequestStream } from "./request-stream.js";

/**
 * Rejects with the error that the failure describes; its cause is the signal's reason, where the signal fired.
 *
 * The two awaits are not idle: V8 adds the frames of `await` to the stack of an error only if, when it is made, the
 * caller's promise already follows this one. That takes two turns. `requests.test.ts` holds it.
 */
export async function failure(
  error: WireError,
  signal: SignalLike | undefined,
  { body }: PreparedRequest,
): Promise<never> {
  await undefined;
  await undefined;
  if (body instanceof RequestStream) throw bodyFailure(error, signal, body);
  if (error.code !== "ABORTED") throw RollcallError.fromWire(error);
  const { code, message, ...details } = error;
  throw new RollcallError(code, message, { ...details, cause: signal?.reason });
}

/** With how much of the body may have been sent; its cause is what the caller's stream has thrown. */
function bodyFailure(error: WireError, signal: SignalLike | undefined, body: RequestStream): RollcallError {
  const sentBytes = body.takenBytes;
  if (body.failure === undefined && error.code !== "ABORTED") return RollcallError.fromWire({ ...error, sentBytes });
  const { code, message, ...details } = error;
  if (body.failure === undefined)
    return new RollcallError(code, message, { ...details, sentBytes, cause: signal?.reason });
  const what = `the stream that is the request's body failed after ${sentBytes} bytes`;
  return new RollcallError("CONFIG", what, { ...details, sentBytes, cause: body.failure });
}

import type { RollcallError } from "@rollcall/worker";
import { isTooLarge } from "./size-limits.js";

/** The clients' own names of errors, of those that a connection can fail with. */
export type ClientErrorName =
  | "TimeoutError"
  | "RequestAbortedError"
  | "ConnectionError"
  | "ConfigurationError"
  | "NoLivingConnectionsError";

export interface ClientError {
  readonly name: ClientErrorName;
  readonly message: string;
}

/** What becomes of an error of the pool, as users of the clients know it. */
export function clientErrorOf(error: RollcallError): ClientError {
  const { code, message } = error;
  if (isTooLarge(error))
    return { name: "RequestAbortedError", message: "The content is bigger than the maximum allowed" };
  switch (code) {
    case "TIMEOUT":
      return { name: "TimeoutError", message: "Request timed out" };
    case "ABORTED":
      return { name: "RequestAbortedError", message: "Request aborted" };
    case "CLOSED":
      return { name: "NoLivingConnectionsError", message };
    case "CONFIG":
      return { name: "ConfigurationError", message };
    default:
      return { name: "ConnectionError", message };
  }
}

/** The error with which Node refuses a path before it sends anything; the clients hand it out as it is. */
export function pathError(path: string): TypeError | undefined {
  return /[^\u0021-\u00ff]/.test(path) ? new TypeError(`ERR_UNESCAPED_CHARACTERS: ${path}`) : undefined;
}

/** As `new Error(message, { cause })` would have it. */
export function setCause(error: Error, cause: Error): void {
  Object.defineProperty(error, "cause", { value: cause, writable: true, configurable: true, enumerable: false });
}

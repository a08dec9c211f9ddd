import { present } from "./present.js";
import { printable } from "./printable.js";

/** Every code, once. */
export const errorCodes = [
  "CONFIG",
  "CLOSED",
  "NO_NODE",
  "CONNECT",
  "DISCONNECTED",
  "TLS",
  "TIMEOUT",
  "ABORTED",
  "QUEUE_FULL",
  "BAD_RESPONSE",
  "STATUS",
  "THREAD",
  "TASK",
  "SIGN",
  "REDIS",
] as const;

/**
 * The word callers branch on. Stable across releases; messages are not.
 *
 * CONFIG        an option is wrong; the message lists every problem
 * CLOSED        the pool is closed or closing
 * NO_NODE       no node accepted a connection for as long as we were willing to wait, or `selection` leaves none
 * CONNECT       the connection was never made
 * DISCONNECTED  the connection was lost before the whole answer had come
 * TLS           the connection was refused by TLS: certificate, name or fingerprint
 * TIMEOUT       the request's own time ran out
 * ABORTED       the caller's signal fired; `cause` is the signal's reason
 * QUEUE_FULL    as many calls wait as may, or more come than the nodes can answer
 * BAD_RESPONSE  the answer is not what HTTP, the caller's reader (`json()`) or a helper can read
 * STATUS        thrown by `throwIfError()` and by helpers: the server answered with an error status
 * THREAD        the worker thread died
 * TASK          the user's own task threw
 * SIGN          the user's own `sign` threw, gave no headers in time, or its module cannot be used
 * REDIS         Redis gave no usable answer
 */
export type RollcallErrorCode = (typeof errorCodes)[number];

/** Whether the cluster may have applied the request. "no" is a promise; "maybe" is not a "yes". */
export type Sent = "no" | "maybe";

/**
 * One try of a request at one node. `code` is the HTTP status as text; or, without an answer, what the connection died
 * of, such as `ECONNREFUSED`; or the {@link RollcallErrorCode} with which we gave up waiting.
 */
export interface Attempt {
  /** `host:port` of the node. */
  readonly node: string;
  readonly code: string;
  readonly ms: number;
}

export interface ErrorDetails {
  readonly sent?: Sent;
  readonly attempts?: readonly Attempt[];
  readonly cause?: unknown;
  /** How much of the answer's body had come; for an answer that was streaming only. */
  readonly receivedBytes?: number | undefined;
  /** How much of the request's body was sent at most; for a body that was a stream only. */
  readonly sentBytes?: number | undefined;
  /** The request's `x-opaque-id`, by which the cluster's own logs and task list name it; where it has one. */
  readonly opaqueId?: string | undefined;
  /** The trace that the request belongs to, as its `traceparent` or its span names it; where there is one. */
  readonly traceId?: string | undefined;
  /** The HTTP status; for `STATUS` only. */
  readonly status?: number | undefined;
  /** The server's own word for what went wrong, such as `index_not_found_exception`; for `STATUS` only. */
  readonly type?: string | undefined;
  /** The answer's body: what its JSON holds, else its text; for `STATUS` only. */
  readonly body?: unknown;
}

/** Messages of several lines, which repeat the caller's own texts alone. */
const ownTexts: ReadonlySet<RollcallErrorCode> = new Set(["CONFIG", "TASK", "THREAD"]);

/**
 * The only error Rollcall throws on purpose.
 *
 * Structured clone drops an error's class and `code`, so an error crosses a thread as `toWire()` data.
 * No field, and no message, ever holds a credential or a header, but for the ids by which people find the request
 * elsewhere: `opaqueId` and `traceId`. `STATUS` alone shows an answer: its message has the
 * cluster's reason, and `body` is not enumerable, so that a logger that writes an error's fields does not write it.
 * A message that repeats what a node or Redis sent has no control characters.
 */
export class RollcallError extends Error {
  /** "AbortError" for `ABORTED`, as code that cancels by signals expects. */
  override readonly name: "RollcallError" | "AbortError";
  readonly code: RollcallErrorCode;
  readonly sent: Sent;
  readonly attempts: readonly Attempt[];
  declare readonly receivedBytes?: number;
  declare readonly sentBytes?: number;
  declare readonly opaqueId?: string;
  declare readonly traceId?: string;
  declare readonly status?: number;
  declare readonly type?: string;
  declare readonly body?: unknown;

  constructor(code: RollcallErrorCode, message: string, details: ErrorDetails = {}) {
    super(
      ownTexts.has(code) ? message : printable(message),
      details.cause === undefined ? undefined : { cause: details.cause },
    );
    this.name = code === "ABORTED" ? "AbortError" : "RollcallError";
    this.code = code;
    this.sent = details.sent ?? "no";
    this.attempts = details.attempts ?? [];
    if (details.receivedBytes !== undefined) this.receivedBytes = details.receivedBytes;
    if (details.sentBytes !== undefined) this.sentBytes = details.sentBytes;
    if (details.opaqueId !== undefined) this.opaqueId = printable(details.opaqueId);
    if (details.traceId !== undefined) this.traceId = printable(details.traceId);
    if (details.status !== undefined) this.status = details.status;
    if (details.type !== undefined) this.type = printable(details.type);
    if (details.body !== undefined) Object.defineProperty(this, "body", { value: details.body });
  }

  toWire(): WireError {
    const { code, message, sent, attempts, opaqueId, traceId } = this;
    const cause = this.cause instanceof Error ? this.cause.message : undefined;
    return { code, message, sent, attempts, ...present({ cause, opaqueId, traceId }) };
  }

  static fromWire({ code, message, cause, ...details }: WireError): RollcallError {
    if (cause === undefined) return new RollcallError(code, message, details);
    return new RollcallError(code, message, { ...details, cause: new Error(printable(cause)) });
  }
}

/** A {@link RollcallError} as plain data. */
export interface WireError {
  readonly code: RollcallErrorCode;
  readonly message: string;
  readonly sent: Sent;
  readonly attempts: readonly Attempt[];
  readonly cause?: string;
  readonly receivedBytes?: number;
  readonly sentBytes?: number;
  readonly opaqueId?: string;
  readonly traceId?: string;
}

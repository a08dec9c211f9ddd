import { isCertificateRefusal, onlyTls } from "../tls-fault.js";

/**
 * The outcome of one attempt at one node.
 *
 * answered       a whole answer with a status; whatever the status, the node is alive
 * not-connected  the connection was never made, so the node has read no byte of the request; or the node refused the
 *                connection after its handshake, before it read any
 * stale-socket   a kept socket died before the answer began: the ordinary race with a peer that closes idle sockets
 * lost           the connection died while the request was on it
 * bad-response   what came back is not HTTP, is cut short by its own count, cannot be unpacked, or is larger than we
 *                read
 * cancelled      we stopped waiting: the request's time ran out, or its caller aborted
 * local          our own side failed: a bad argument, a bug. It says nothing of the node
 *
 * `errorCode` is the error's own code, else its name, for people to read. It never holds a message.
 */
export type Outcome =
  | {
      readonly kind: "answered";
      readonly status: number;
      /** From `Retry-After`, if the answer had one. */
      readonly retryAfterMs?: number | undefined;
    }
  | { readonly kind: "not-connected"; readonly code: "CONNECT" | "TLS"; readonly errorCode: string }
  | { readonly kind: "stale-socket"; readonly errorCode: string }
  | { readonly kind: "lost"; readonly beforeFirstByte: boolean; readonly errorCode: string }
  | {
      readonly kind: "bad-response";
      /** Larger than we read: every node would answer the same. */
      readonly tooLarge: boolean;
      readonly errorCode: string;
    }
  | {
      readonly kind: "cancelled";
      readonly reason: "timeout" | "abort";
      readonly handedToSocket: boolean;
      readonly errorCode: string;
    }
  | { readonly kind: "local"; readonly handedToSocket: boolean; readonly errorCode: string };

/** How far the attempt had come when it failed. */
export interface AttemptFacts {
  /** The request was given to a socket, so bytes may have been written. undici reports it by `onConnect`. */
  readonly handedToSocket: boolean;
  /** At least one byte of the answer had come. */
  readonly firstByteSeen: boolean;
  /** The socket had served a request before. */
  readonly reusedSocket: boolean;
}

/** The parts of an error that decide its outcome. */
export interface FailureError {
  readonly code?: string | undefined;
  readonly name?: string | undefined;
  readonly message?: string | undefined;
}

/**
 * The outcome of a failed attempt. Total: an unknown error is `local`, which blames no node and is not retried.
 *
 * Codes are those of undici 7.30 and of Node's net, tls, dns and OpenSSL layers.
 */
export function judgeFailure(error: FailureError, facts: AttemptFacts): Outcome {
  const errorCode = error.code ?? error.name ?? "unknown";
  const { handedToSocket, firstByteSeen, reusedSocket } = facts;

  const reason = cancelReason(error);
  if (reason !== undefined) return { kind: "cancelled", reason, handedToSocket, errorCode };

  // The node has read no request: under TLS 1.3 it refuses our certificate after the handshake; a port that speaks TLS
  // reads nothing that comes without.
  if (errorCode === onlyTls || (handedToSocket && !reusedSocket && !firstByteSeen && isCertificateRefusal(errorCode))) {
    return { kind: "not-connected", code: "TLS", errorCode };
  }
  if (handedToSocket && isSocketFailure(errorCode)) {
    if (isBadResponseMessage(error)) return { kind: "bad-response", tooLarge: false, errorCode };
    if (reusedSocket && !firstByteSeen && !localFailures.has(errorCode)) return { kind: "stale-socket", errorCode };
    return { kind: "lost", beforeFirstByte: !firstByteSeen, errorCode };
  }
  if (!handedToSocket && isTlsFailure(errorCode)) return { kind: "not-connected", code: "TLS", errorCode };
  if (!handedToSocket && isSocketFailure(errorCode)) return { kind: "not-connected", code: "CONNECT", errorCode };

  if (tooLargeCodes.has(errorCode)) return { kind: "bad-response", tooLarge: true, errorCode };
  if (isBadResponse(errorCode)) return { kind: "bad-response", tooLarge: false, errorCode };

  return { kind: "local", handedToSocket, errorCode };
}

/** Whether bytes of the request may have been written in this attempt. False is a promise. */
export function mayHaveSent(outcome: Outcome): boolean {
  switch (outcome.kind) {
    case "not-connected":
      return false;
    case "cancelled":
    case "local":
      return outcome.handedToSocket;
    default:
      return true;
  }
}

/**
 * Whether the outcome counts against the node in the circuit breaker: refused, unreachable, connect timeout, TLS, or a
 * reset before the first byte on a fresh socket. Never an answer, a timeout, a stale socket, or a lack of our own
 * resources.
 */
export function blamesNode(outcome: Outcome): boolean {
  switch (outcome.kind) {
    case "not-connected":
      return !localFailures.has(outcome.errorCode);
    case "lost":
      return outcome.beforeFirstByte && !localFailures.has(outcome.errorCode);
    default:
      return false;
  }
}

/** Failures of the proxy itself: no node can be reached through it, so they say nothing of any. */
const proxyFailures: ReadonlySet<string> = new Set(["ERR_PROXY_UNREACHABLE", "ERR_PROXY_AUTH", "ERR_PROXY_ANSWER"]);

/** Whether the code is that of a proxy which fails for every node alike. */
export function blamesProxy(code: string): boolean {
  return proxyFailures.has(code);
}

/**
 * Failures of a connection that say nothing of the node: we closed our own pool, this machine lacks a resource, or the
 * proxy fails.
 */
const localFailures: ReadonlySet<string> = new Set([
  ...proxyFailures,
  "ERR_CLOSED",
  "UND_ERR_CLOSED",
  "UND_ERR_DESTROYED",
  "EACCES",
  "EADDRINUSE",
  "EADDRNOTAVAIL",
  "EINVAL",
  "EMFILE",
  "ENFILE",
  "ENOBUFS",
  "ENOMEM",
  "EPERM",
]);

/** Failures of a connection whose code is not an errno. */
const socketCodes: ReadonlySet<string> = new Set([
  ...proxyFailures,
  "ERR_PROXY_NODE",
  "ERR_PROXY_REFUSED",
  "ERR_PROXY_TIMEOUT",
  "ERR_CLOSED",
  "UND_ERR_CLOSED",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_DESTROYED",
  "UND_ERR_INFO",
  "UND_ERR_SOCKET",
  // Our own connector will not connect to where the name leads: as good as unreachable, for this node.
  "ERR_HOST_REFUSED",
  "ERR_SOCKET_CLOSED",
  "ERR_SOCKET_CLOSED_BEFORE_CONNECTION",
  "ERR_SOCKET_CONNECTION_TIMEOUT",
  "ERR_STREAM_DESTROYED",
  "ERR_STREAM_PREMATURE_CLOSE",
  "ERR_STREAM_WRITE_AFTER_END",
]);

/** ECONNREFUSED, ENOTFOUND, EAI_AGAIN, EPIPE and the like; once the request is on the socket, TLS alerts too. */
function isSocketFailure(code: string): boolean {
  return socketCodes.has(code) || isTlsFailure(code) || /^E(?!RR_)[A-Z0-9_]+$/.test(code);
}

/** OpenSSL's names for what is wrong with a certificate; those Node lists under "X509 certificate error codes". */
const certificateCode =
  /^(?:CERT_|CRL_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERROR_IN_C|INVALID_CA$|INVALID_PURPOSE$|PATH_LENGTH_EXCEEDED$|HOSTNAME_MISMATCH$)/;

function isTlsFailure(code: string): boolean {
  if (code === "EPROTO") return true;
  return /^ERR_(?:TLS|SSL|OSSL)_/.test(code) || certificateCode.test(code);
}

const tooLargeCodes: ReadonlySet<string> = new Set([
  "UND_ERR_RES_EXCEEDED_MAX_SIZE",
  "UND_ERR_HEADERS_OVERFLOW",
  "HPE_HEADER_OVERFLOW",
]);

/** The answer's body could not be unpacked. */
const contentCodes: ReadonlySet<string> = new Set(["CONTENT_UNREADABLE", "CONTENT_DAMAGED", "CONTENT_CUT_SHORT"]);

/** undici 7.30 gives its parser's errors no code, so the name is used; other versions give `HPE_…`. */
function isBadResponse(code: string): boolean {
  if (contentCodes.has(code)) return true;
  return code.startsWith("HPE_") || code === "HTTPParserError" || code === "UND_ERR_RES_CONTENT_LENGTH_MISMATCH";
}

/** undici gives a broken answer the code of a broken socket; only the message differs. */
function isBadResponseMessage({ code, message }: FailureError): boolean {
  return code === "UND_ERR_SOCKET" && (message === "bad response" || message === "bad upgrade");
}

function cancelReason({ code, name }: FailureError): "timeout" | "abort" | undefined {
  if (code === "UND_ERR_HEADERS_TIMEOUT" || code === "UND_ERR_BODY_TIMEOUT" || name === "TimeoutError")
    return "timeout";
  if (code === "UND_ERR_ABORTED" || code === "UND_ERR_ABORT" || name === "AbortError") return "abort";
  return undefined;
}

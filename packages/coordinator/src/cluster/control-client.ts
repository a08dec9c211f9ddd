import { blamesProxy } from "@rollcall/core/request";
import type { Endpoint } from "./endpoint.js";

/** What came back, or why nothing did. */
export type ControlResponse =
  | {
      readonly kind: "answered";
      readonly status: number;
      readonly body: Buffer;
      /** The header of that name: the time at the other end, to the second. */
      readonly date?: string;
    }
  | { readonly kind: "failed"; readonly code: string; readonly reason: string };

export interface ControlRequest {
  /** Without the endpoint's path prefix. */
  readonly path: string;
  /** For everything together: connect, headers and body. */
  readonly timeoutMs: number;
  /** A longer body fails with {@link tooLarge}. */
  readonly maxBytes: number;
  /** On a connection opened for this request alone: shows whether the node still accepts any. */
  readonly fresh: boolean;
}

/** The code of a body that is longer than `maxBytes`. */
export const tooLarge = "ERR_TOO_LARGE";
/** The code of an answer that is not HTTP that we can read. */
export const brokenAnswer = "ERR_BROKEN_ANSWER";
/** The code of a deadline that passed while this process was hardly running: it says nothing about the node. */
export const notRunning = "ERR_NOT_RUNNING";
/** The code of a request that could not be signed, and so was not sent: it says nothing about the node. */
export const notSigned = "ERR_NOT_SIGNED";
/** The code of a request after `close`. */
export const clientClosed = "ERR_CLOSED";
/** How often a request is repeated because its deadline passed while this process was hardly running. */
export const repeatsMax = 2;

/**
 * Sends small requests to nodes, for probes and sniffs, apart from the connections that carry the application's
 * requests.
 *
 * Every request resolves, and none rejects. Redirects are not followed. A deadline that passes while this process is
 * not running (a blocked loop, a stopped process) does not count against the node: what arrived meanwhile is read
 * first, and the request is repeated.
 */
export interface ControlClient {
  request(endpoint: Endpoint, request: ControlRequest): Promise<ControlResponse>;
  /** Closes the kept connections to all other addresses. Requests in flight on them still end. */
  keepOnly(addresses: ReadonlySet<string>): void;
  /** Closes every connection. Requests in flight fail. */
  close(): Promise<void>;
}

/** Whether something answered all the same: then the node is reached. */
export function hasAnswered(response: ControlResponse): boolean {
  return response.kind === "answered" || response.code === tooLarge || response.code === brokenAnswer;
}

/** Whether it says nothing about the node: the proxy failed, or the request could not be signed. */
export function isVoid(response: ControlResponse): boolean {
  return response.kind === "failed" && (response.code === notSigned || blamesProxy(response.code));
}

export function failedResponse(code: string, reason: string): ControlResponse {
  return { kind: "failed", code, reason };
}

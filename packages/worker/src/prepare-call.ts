import { RollcallError } from "@rollcall/core";
import { bounds, type PoolConfig } from "@rollcall/core/config";
import { classify, type RequestClass } from "@rollcall/core/request";
import type { Dispatcher } from "undici";
import type { Call } from "./dispatch/dispatch.js";

/** One request. */
export interface PoolRequest {
  /** Upper or lower case. */
  readonly method: string;
  /** Begins with a slash; percent-encoded; may hold a query of its own. Never with a node's path prefix. */
  readonly path: string;
  /** Encoded and added to the path's own query. An array becomes a comma-separated list, as the cluster's API wants it. */
  readonly query?: Readonly<Record<string, QueryValue | readonly QueryValue[] | undefined>> | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** An object is sent as JSON, a string or bytes as they are. Not together with `ndjson`. */
  readonly body?: object | string | Uint8Array | undefined;
  /** Each item becomes one line of JSON; a string is taken as a line that is JSON already. */
  readonly ndjson?: Iterable<unknown> | undefined;
  /** Over everything: queue, connect, headers, body and every retry. Default: the pool's `timeoutMs`. */
  readonly timeoutMs?: number | undefined;
  /** What may be done when no answer comes; by default decided by method and path. */
  readonly class?: RequestClass | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Sent as `x-opaque-id`: names the request in the cluster's own logs and task list. */
  readonly opaqueId?: string | undefined;
}

export type QueryValue = string | number | boolean;

/** A call, and the time its owner gives it. */
export interface PreparedCall {
  readonly call: Call;
  readonly timeoutMs: number;
}

const methods: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]);
const classes: ReadonlySet<unknown> = new Set<RequestClass>(["read", "repeatable", "never"]);
/** What HTTP allows in a request target: visible ASCII. Anything else has to be percent-encoded. */
const cleanPath = /^\/[\x21\x22\x24-\x7e]*$/;
const headerName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const headerValue = /^[\t\x20-\x7e\x80-\xff]*$/;
/** What the connection decides, or the credentials. */
const ownHeaders: ReadonlySet<string> = new Set([
  "authorization",
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * Turns a request into what a thread can send, without asking anybody.
 *
 * @throws {RollcallError} `CONFIG`, naming the part of the request that cannot be sent; no node is to blame for it
 */
export function prepareCall(request: PoolRequest, config: PoolConfig, nowMs: number): PreparedCall {
  const method = typeof request.method === "string" ? request.method.toUpperCase() : "";
  if (!methods.has(method)) throw problem("method", `must be one of ${[...methods].join(", ")}`);
  const path = pathOf(request);
  const timeoutMs = timeoutOf(request, config);
  const [body, contentType] = bodyOf(request);
  const requestClass = request.class ?? classify(method, path).class;
  if (!classes.has(requestClass)) throw problem("class", 'must be "read", "repeatable" or "never"');

  return {
    timeoutMs,
    call: {
      method: method as Dispatcher.HttpMethod,
      path,
      headers: headersOf(request, contentType),
      body,
      class: requestClass,
      maxRetries: config.retry === false ? 0 : config.retry.max,
      deadlineMs: nowMs + timeoutMs,
    },
  };
}

function pathOf({ path, query }: PoolRequest): string {
  if (typeof path !== "string" || !cleanPath.test(path)) {
    throw problem(
      "path",
      "must begin with a slash and be percent-encoded: no spaces, no control characters, no fragment",
    );
  }
  if (query === undefined) return path;
  let full = path;
  let separator = path.includes("?") ? "&" : "?";
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    full += `${separator}${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`;
    separator = "&";
  }
  return full;
}

function timeoutOf({ timeoutMs }: PoolRequest, config: PoolConfig): number {
  if (timeoutMs === undefined) return config.timeoutMs;
  const { min, max } = bounds.timeoutMs;
  if (!Number.isInteger(timeoutMs) || timeoutMs < min || timeoutMs > max) {
    throw problem("timeoutMs", `must be a whole number from ${min} to ${max}`);
  }
  return timeoutMs;
}

function bodyOf({ body, ndjson }: PoolRequest): readonly [string | Uint8Array | undefined, string | undefined] {
  if (ndjson !== undefined) {
    if (body !== undefined) throw problem("ndjson", "cannot be given together with `body`");
    return [linesOf(ndjson), "application/x-ndjson"];
  }
  if (body === undefined) return [undefined, undefined];
  if (typeof body === "string" || body instanceof Uint8Array) return [body, "application/json"];
  return [jsonOf("body", body), "application/json"];
}

function linesOf(items: Iterable<unknown>): string {
  let lines = "";
  for (const item of items) lines += `${typeof item === "string" ? item : jsonOf("ndjson", item)}\n`;
  return lines;
}

function jsonOf(option: string, value: unknown): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch {
    // Falls through: what JSON.stringify says of a value may quote it.
  }
  if (json === undefined) throw problem(option, "must be something that JSON can express");
  return json;
}

function headersOf({ headers, opaqueId }: PoolRequest, contentType: string | undefined): string[] {
  const list: string[] = [];
  let typed = contentType === undefined;
  if (headers !== undefined) {
    for (const [name, value] of Object.entries(headers)) {
      const lower = name.toLowerCase();
      if (ownHeaders.has(lower)) throw problem(`headers.${lower}`, "is decided by the pool and its `auth`");
      if (!headerName.test(name) || typeof value !== "string" || !headerValue.test(value)) {
        throw problem("headers", "must hold names and values that HTTP allows");
      }
      if (lower === "content-type") typed = true;
      list.push(lower, value);
    }
  }
  if (!typed && contentType !== undefined) list.push("content-type", contentType);
  if (opaqueId !== undefined) {
    if (typeof opaqueId !== "string" || !headerValue.test(opaqueId)) {
      throw problem("opaqueId", "must be text that HTTP allows in a header");
    }
    list.push("x-opaque-id", opaqueId);
  }
  return list;
}

function problem(option: string, allowed: string): RollcallError {
  return new RollcallError("CONFIG", `request.${option} ${allowed}`);
}

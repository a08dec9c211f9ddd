import { RollcallError } from "@rollcall/core";
import { bounds, isHeaderName, isHeaderValue, type PoolConfig, reservedHeaders } from "@rollcall/core/config";
import { classify, type RequestClass } from "@rollcall/core/request";
import type { Dispatcher } from "undici";
import type { PreparedRequest } from "../dispatch/sender.js";

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

/** What a request takes where it says nothing. */
export type CallDefaults = Pick<PoolConfig, "timeoutMs" | "retry">;

/** A call, and the time its owner gives it. */
export interface PreparedCall {
  readonly call: PreparedRequest;
  readonly timeoutMs: number;
}

const methods: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]);
const classes: ReadonlySet<unknown> = new Set<RequestClass>(["read", "repeatable", "never"]);
/** What HTTP allows in a request target: visible ASCII. Anything else has to be percent-encoded. */
const cleanPath = /^\/[\x21\x22\x24-\x7e]*$/;

/**
 * Turns a request into what a thread can send, without asking anybody.
 *
 * @throws {RollcallError} `CONFIG`, naming the part of the request that cannot be sent; no node is to blame for it
 */
export function prepareCall(request: PoolRequest, config: CallDefaults, nowMs: number): PreparedCall {
  try {
    return prepare(request, config, nowMs);
  } catch (error) {
    if (error instanceof RollcallError) throw error;
    // A getter, an iterator or a `toJSON` of the caller's own threw.
    throw new RollcallError("CONFIG", "the request could not be read: what it holds threw an error", { cause: error });
  }
}

function prepare(request: PoolRequest, config: CallDefaults, nowMs: number): PreparedCall {
  if (!isObject(request)) throw new RollcallError("CONFIG", "the request must be an object");
  const { signal } = request;
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw problem("signal", "must be an AbortSignal");
  const method = typeof request.method === "string" ? request.method.toUpperCase() : "";
  if (!methods.has(method)) throw problem("method", `must be one of ${[...methods].join(", ")}`);
  const path = pathOf(request);
  const timeoutMs = timeoutOf(request, config);
  const [body, contentType] = bodyOf(request);
  const known = classify(method, path);
  const requestClass = request.class ?? known.class;
  if (!classes.has(requestClass)) throw problem("class", 'must be "read", "repeatable" or "never"');

  const maxRetries = config.retry === false ? 0 : config.retry.max;
  // A Read that opens something on a node stays there, whoever says that it is a Read.
  const isBound = known.class === "read" && !known.reroutable;

  return {
    timeoutMs,
    call: {
      method: method as Dispatcher.HttpMethod,
      path,
      headers: headersOf(request, contentType),
      body,
      class: requestClass,
      reroutable: requestClass === "read" && maxRetries > 0 && !isBound,
      maxRetries,
      deadlineMs: nowMs + timeoutMs,
      sentBefore: 0,
    },
  };
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function pathOf({ path, query }: PoolRequest): string {
  if (typeof path !== "string" || !cleanPath.test(path)) {
    throw problem(
      "path",
      "must begin with a slash and be percent-encoded: no spaces, no control characters, no fragment",
    );
  }
  if (query === undefined) return path;
  if (!isObject(query)) throw problem("query", "must be an object");
  let full = path;
  let separator = path.includes("?") ? "&" : "?";
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    const text = Array.isArray(value) ? value.map(queryText).join(",") : queryText(value);
    full += `${separator}${encode(name)}=${encode(text)}`;
    separator = "&";
  }
  return full;
}

function queryText(value: unknown): string {
  if (typeof value === "string" || typeof value === "boolean" || Number.isFinite(value)) return String(value);
  throw problem("query", "must hold text, finite numbers, booleans, or lists of them");
}

function encode(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    throw problem("query", "must hold well-formed text: half of a surrogate pair is none");
  }
}

function timeoutOf({ timeoutMs }: PoolRequest, config: CallDefaults): number {
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
  if (!isObject(body) || isOtherContent(body)) {
    throw problem("body", "must be an object or array that JSON can express, a string, or a Uint8Array");
  }
  return [jsonOf("body", body), "application/json"];
}

/** Streams, maps, forms, blobs and raw buffers: JSON would make `{}` of them without a word. */
function isOtherContent(body: object): boolean {
  if (Array.isArray(body)) return false;
  return (
    Symbol.iterator in body ||
    Symbol.asyncIterator in body ||
    ArrayBuffer.isView(body) ||
    body instanceof ArrayBuffer ||
    body instanceof SharedArrayBuffer ||
    body instanceof Blob ||
    ("then" in body && typeof body.then === "function")
  );
}

function linesOf(items: Iterable<unknown>): string {
  if (!isObject(items) || !(Symbol.iterator in items)) {
    throw problem("ndjson", "must be an array, or another iterable, of objects and strings");
  }
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
  if (headers !== undefined) {
    if (!isObject(headers)) throw problem("headers", "must be an object");
    for (const [written, value] of Object.entries(headers)) {
      const name = written.toLowerCase();
      const reserved = reservedHeaders.get(name);
      if (reserved !== undefined) throw problem(`headers.${name}`, reserved);
      if (!isHeaderName(name) || typeof value !== "string" || !isHeaderValue(value)) {
        throw problem("headers", "must hold names and values that HTTP allows");
      }
      if (has(list, name)) throw problem(`headers.${name}`, "is given twice; case makes no difference");
      list.push(name, value);
    }
  }
  if (opaqueId !== undefined) {
    if (typeof opaqueId !== "string" || !isHeaderValue(opaqueId)) {
      throw problem("opaqueId", "must be text that HTTP allows in a header");
    }
    if (has(list, "x-opaque-id")) throw problem("opaqueId", "is given as a header too");
    list.push("x-opaque-id", opaqueId);
  }
  if (contentType !== undefined && !has(list, "content-type")) list.push("content-type", contentType);
  return list;
}

function has(list: readonly string[], name: string): boolean {
  for (let at = 0; at < list.length; at += 2) if (list[at] === name) return true;
  return false;
}

function problem(option: string, allowed: string): RollcallError {
  return new RollcallError("CONFIG", `request.${option} ${allowed}`);
}

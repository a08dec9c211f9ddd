import { isUtf8 } from "node:buffer";
import { isBodyGiven } from "./given-body.js";
import type { PoolRequest } from "./pool-request.js";
import { requestProblem } from "./request-fields.js";
import { isStream, RequestStream } from "./request-stream.js";

export interface RequestBody {
  readonly content: string | Uint8Array | RequestStream | undefined;
  readonly contentType: string | undefined;
}

const noBody: RequestBody = { content: undefined, contentType: undefined };

/**
 * The bytes or text of a request's body, as they are now. A body that is given away is the caller's own still.
 *
 * @throws {RollcallError} `CONFIG` for what JSON cannot express, or would turn into something else without an error
 */
export function bodyOf(request: PoolRequest): RequestBody {
  const { body, ndjson } = request;
  const isGiven = isBodyGiven(request);
  if (ndjson !== undefined) {
    if (body !== undefined) throw requestProblem("ndjson", "cannot be given together with `body`");
    return { content: linesOf(ndjson), contentType: "application/x-ndjson" };
  }
  if (body === undefined) return noBody;
  return { content: contentOf(body, isGiven), contentType: "application/json" };
}

function contentOf(body: unknown, isGiven: boolean): string | Uint8Array | RequestStream {
  if (typeof body === "string") return body;
  if (isStream(body)) return new RequestStream(body);
  if (isGiven && body instanceof Uint8Array) return body;
  // A copy: the request may wait, or be sent again, after the caller has changed its own.
  if (body instanceof Uint8Array) return new Uint8Array(body);
  if (!isPlainData(body)) {
    throw requestProblem("body", "must be an object or array that JSON can express, a string, or a Uint8Array");
  }
  return jsonOf("body", body);
}

function linesOf(items: unknown): string {
  if (!isObject(items) || !(Symbol.iterator in items) || ArrayBuffer.isView(items) || items instanceof Map) {
    throw requestProblem("ndjson", "must be an array, or another iterable, of objects, strings and bytes");
  }
  let lines = "";
  let at = 0;
  for (const item of items as Iterable<unknown>) lines += `${lineOf(item, at++)}\n`;
  return lines;
}

function lineOf(item: unknown, at: number): string {
  if (typeof item === "string") return oneLine(item, at);
  if (item instanceof Uint8Array) {
    if (!isUtf8(item)) throw requestProblem(`ndjson[${at}]`, "must be text in UTF-8 if it is given as bytes");
    return oneLine(Buffer.from(item.buffer, item.byteOffset, item.byteLength).toString("utf8"), at);
  }
  if (isPlainData(item)) return jsonOf(`ndjson[${at}]`, item);
  throw requestProblem(`ndjson[${at}]`, "must be an object or array that JSON can express, a string, or a Uint8Array");
}

function oneLine(text: string, at: number): string {
  if (text !== "" && !text.includes("\n") && !text.includes("\r")) return text;
  throw requestProblem(`ndjson[${at}]`, "must be one line: not empty, and without a line break");
}

/**
 * Whether JSON expresses the value by its own fields, or by its `toJSON`. Not so for streams, maps, forms, promises,
 * blobs, buffers and classes that hide their state: JSON makes `{}` of most of them, without an error.
 */
function isPlainData(value: unknown): value is object {
  if (!isObject(value) || ("then" in value && typeof value.then === "function")) return false;
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  if (Symbol.iterator in value || Symbol.asyncIterator in value || ArrayBuffer.isView(value)) return false;
  if (value instanceof Date || value instanceof URL) return false;
  if ("toJSON" in value && typeof value.toJSON === "function") return true;
  return Object.prototype.toString.call(value) === "[object Object]" && Object.keys(value).length > 0;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function jsonOf(field: string, value: object): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch {
    // Falls through: the message of JSON.stringify may quote the value.
  }
  if (json === undefined) throw requestProblem(field, "must be something that JSON can express");
  return json;
}

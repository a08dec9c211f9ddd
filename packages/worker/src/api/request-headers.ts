import { RollcallError } from "@rollcall/core";
import { authorizationHeader } from "@rollcall/core/access";
import { isHeaderName, isHeaderValue, methodOverrides, parseAuth, reservedHeaders } from "@rollcall/core/config";
import { hasHeader, headerIn } from "../dispatch/header-list.js";
import { compatibleType } from "./compatible-type.js";
import type { PoolRequest } from "./pool-request.js";
import { requestProblem } from "./request-fields.js";
import { pairsOf } from "./request-path.js";

/** The headers that a child pool gives its requests. */
export interface OwnHeaders {
  /** Names in lower case. */
  readonly headers: readonly (readonly [string, string])[];
  readonly opaqueId: string | undefined;
  readonly authorization: string | undefined;
  /** One of them may be a secret. */
  readonly hasSecrets: boolean;
}

/**
 * Name, value, name, value; names in lower case, each once. `contentType`: of the body, where the request gives none.
 * `accept`: what the answer is asked for in, where the request does not say.
 */
export function headersOf(
  { headers, opaqueId, auth }: PoolRequest,
  contentType: string | undefined,
  own: OwnHeaders | undefined,
  accept: string | undefined,
): readonly string[] {
  if (headers === undefined && opaqueId === undefined && auth === undefined && own === undefined) {
    return contentType === undefined ? noHeaders : typedHeaders(compatibleType(contentType, accept));
  }
  const list: string[] = [];
  if (headers !== undefined) {
    for (const [written, value] of pairsOf("headers", headers)) addHeader(list, written, value);
  }
  if (opaqueId !== undefined) {
    if (typeof opaqueId !== "string" || !isHeaderValue(opaqueId)) {
      throw requestProblem("opaqueId", "must be text that HTTP allows in a header");
    }
    if (hasHeader(list, "x-opaque-id")) throw requestProblem("opaqueId", "is given as a header too");
    list.push("x-opaque-id", opaqueId);
  }
  if (auth !== undefined) list.push("authorization", credentialOf(auth));
  if (contentType !== undefined && !hasHeader(list, "content-type")) {
    list.push("content-type", compatibleType(contentType, headerIn(list, "accept") ?? accept));
  }
  if (own !== undefined) addOwn(list, own);
  return list;
}

// Most requests have these, and thousands may wait: they share them.
const noHeaders: readonly string[] = [];
const ofTypes = new Map<string, readonly string[]>();

/** Of a body alone; there are few types. */
function typedHeaders(contentType: string): readonly string[] {
  const known = ofTypes.get(contentType);
  if (known !== undefined) return known;
  const headers = ["content-type", contentType];
  ofTypes.set(contentType, headers);
  return headers;
}

/** Those that the request does not give itself. */
function addOwn(list: string[], { headers, opaqueId, authorization }: OwnHeaders): void {
  const add = (name: string, value: string) => {
    if (!hasHeader(list, name)) list.push(name, value);
  };
  if (authorization !== undefined) add("authorization", authorization);
  if (opaqueId !== undefined) add("x-opaque-id", opaqueId);
  for (const [name, value] of headers) add(name, value);
}

/** The header of a request's own credential: it takes the place of the pool's and of the node's. */
function credentialOf(auth: unknown): string {
  try {
    return authorizationHeader(parseAuth(auth));
  } catch (error) {
    // Its message names fields and no values.
    const problems = error instanceof RollcallError ? error.message.split("\n") : ["auth: could not be read"];
    throw new RollcallError("CONFIG", problems.map((problem) => `request.${problem}`).join("\n"));
  }
}

function addHeader(list: string[], written: unknown, value: unknown): void {
  const name = typeof written === "string" ? written.toLowerCase() : "";
  const reserved = reservedHeaders.get(name);
  if (reserved !== undefined) throw requestProblem(`headers.${name}`, reserved);
  if (!isHeaderName(name) || typeof value !== "string" || !isHeaderValue(value)) {
    throw requestProblem("headers", "must hold names and values that HTTP allows");
  }
  if (hasHeader(list, name)) throw requestProblem(`headers.${name}`, "is given twice; case makes no difference");
  list.push(name, value);
}

export function overridesMethod(headers: readonly string[]): boolean {
  for (let at = 0; at < headers.length; at += 2) if (methodOverrides.has(headers[at] ?? "")) return true;
  return false;
}

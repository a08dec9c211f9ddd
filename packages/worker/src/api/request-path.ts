import type { PoolRequest } from "./pool-request.js";
import { requestProblem } from "./request-fields.js";

/** What HTTP allows in a request target: visible ASCII. Anything else has to be percent-encoded. */
const cleanPath = /^\/[\x21\x22\x24-\x7e]*$/;

/** The path with its query, as it goes out. */
export function pathOf({ path, query }: PoolRequest): string {
  if (typeof path === "string" && path !== "" && path.charCodeAt(0) !== slash) {
    throw requestProblem("path", "must begin with a slash");
  }
  if (typeof path !== "string" || !cleanPath.test(path)) {
    const allowed = "no spaces, no control characters, no fragment";
    throw requestProblem("path", `must begin with a slash and be percent-encoded: ${allowed}`);
  }
  if (query === undefined) return path;
  let full = path;
  let separator = path.includes("?") ? "&" : "?";
  for (const [name, value] of pairsOf("query", query)) {
    if (value === undefined) continue;
    const text = Array.isArray(value) ? value.map(queryText).join(",") : queryText(value);
    full += `${separator}${encode(queryText(name))}=${encode(text)}`;
    separator = "&";
  }
  return full;
}

const slash = 0x2f;

/** The names and values of an object, or of an iterable of pairs such as `URLSearchParams`, `Headers` and `Map`. */
export function pairsOf(field: "query" | "headers", given: unknown): Iterable<readonly [unknown, unknown]> {
  if (typeof given !== "object" || given === null) throw requestProblem(field, "must be an object");
  if (Symbol.iterator in given) return listedPairs(field, given as Iterable<unknown>);
  const entries = Object.entries(given);
  const prototype: unknown = Object.getPrototypeOf(given);
  if (entries.length === 0 && prototype !== Object.prototype && prototype !== null) {
    throw requestProblem(field, "must be an object with fields of its own, or an iterable of pairs");
  }
  return entries;
}

function* listedPairs(field: "query" | "headers", given: Iterable<unknown>): Generator<readonly [unknown, unknown]> {
  for (const pair of given) {
    if (!Array.isArray(pair) || pair.length !== 2) {
      throw requestProblem(field, "must be an object, or an iterable of pairs of a name and a value");
    }
    yield [pair[0], pair[1]];
  }
}

function queryText(value: unknown): string {
  if (typeof value === "string" || typeof value === "boolean" || Number.isFinite(value)) return String(value);
  throw requestProblem("query", "must hold text, finite numbers, booleans, or lists of them");
}

function encode(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    throw requestProblem("query", "must hold well-formed text: half of a surrogate pair is none");
  }
}

import { bounds } from "./defaults.js";
import { type Place, type Problems, pathIn } from "./problems.js";
import { isObject } from "./read-options.js";

const byConnection = "is decided by the connection";
const byAuth = "is a credential, which belongs in `auth`";

/** Names that may stand in no options, by lower-case name, and why. */
export const reservedHeaders: ReadonlyMap<string, string> = new Map([
  ["authorization", byAuth],
  ["proxy-authorization", byAuth],
  ["host", byConnection],
  ["connection", byConnection],
  ["proxy-connection", byConnection],
  ["keep-alive", byConnection],
  ["transfer-encoding", byConnection],
  ["te", byConnection],
  ["trailer", byConnection],
  ["upgrade", byConnection],
  ["expect", byConnection],
  ["content-length", "is decided by each request's body"],
]);

/** Headers by which a proxy or a framework takes a request for one of another method. */
export const methodOverrides: ReadonlySet<string> = new Set([
  "x-http-method",
  "x-http-method-override",
  "x-method-override",
  "http-method-override",
]);

/** What a single request may say of its body cannot be said for all. */
const perRequest: ReadonlySet<string> = new Set(["content-type", "content-encoding"]);

const maxHeaders = bounds.headers.max;
const maxValueCharacters = bounds.headerCharacters.max;

/** Headers by lower-case name. A value is as secret as a credential, for some are. */
export function readHeaders(given: Place, problems: Problems): Readonly<Record<string, string>> {
  const { path, value } = given;
  if (value === undefined) return {};
  if (!isObject(value) || Object.keys(value).length > maxHeaders) {
    problems.add({ ...given, secret: true }, `must be an object of at most ${maxHeaders} names and values`);
    return {};
  }
  const headers = new Map<string, string>();
  for (const [written, text] of Object.entries(value)) {
    const place: Place = { path: pathIn(path, written), value: text, secret: true };
    const name = written.toLowerCase();
    const reason = reasonAgainst(name);
    if (reason !== undefined) {
      problems.remark(place.path, reason);
    } else if (!isHeaderName(name)) {
      problems.remark(place.path, "is not a header name");
    } else if (typeof text !== "string" || !isHeaderValue(text)) {
      problems.add(place, `must be text of at most ${maxValueCharacters} characters, of one byte each, on one line`);
    } else if (headers.has(name)) {
      problems.remark(place.path, "is given twice; case makes no difference");
    } else {
      headers.set(name, text);
    }
  }
  return Object.fromEntries(headers);
}

/** Why the header may not stand in the options, though a request may have it. */
function reasonAgainst(name: string): string | undefined {
  if (perRequest.has(name)) return "is decided by each request's body";
  if (methodOverrides.has(name)) return "would change the method of every request, those of discovery included";
  return reservedHeaders.get(name);
}

/** In lower case. */
export function isHeaderName(name: string): boolean {
  return /^[a-z0-9!#$%&'*+.^_`|~-]{1,256}$/.test(name);
}

export function isHeaderValue(text: string): boolean {
  return text.length <= maxValueCharacters && /^[\t\x20-\x7e\x80-\xff]*$/.test(text);
}

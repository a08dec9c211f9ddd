import { addressOf } from "../view/node-record.js";
import type { AuthConfig, Seed } from "./config.js";
import { bounds } from "./defaults.js";
import { parseHttpUrl, readUserinfo, refuseBesideUrl } from "./http-url.js";
import type { Place, Problems } from "./problems.js";
import { readAuthSource } from "./read-auth.js";
import { isObject, isWholeNumber, readFields, readList } from "./read-options.js";
import { readTls } from "./read-tls.js";

/** The configured nodes, each address once, in the order given. */
export function readNodes(place: Place, problems: Problems): readonly Seed[] {
  const entries = readList(place, bounds.nodes.max, "URLs or { url, auth, tls }", problems) ?? [];
  const firstAt = new Map<string, { readonly path: string; readonly seed: Seed }>();
  for (const entry of entries) {
    const seed = readNode(entry, problems);
    if (seed === undefined) continue;
    const first = firstAt.get(addressOf(seed));
    if (first === undefined) {
      firstAt.set(addressOf(seed), { path: entry.path, seed });
    } else if (!isSameSeed(seed, first.seed)) {
      problems.remark(entry.path, `has the host and port of ${first.path}, but other settings`);
    }
  }
  return [...firstAt.values()].map(({ seed }) => seed);
}

function isSameSeed(a: Seed, b: Seed): boolean {
  return isSameSource(a.auth, b.auth) && JSON.stringify(a) === JSON.stringify(b);
}

/** JSON has no functions. */
function isSameSource(a: AuthConfig | undefined, b: AuthConfig | undefined): boolean {
  return a === b || (typeof a !== "function" && typeof b !== "function");
}

function readNode(entry: Place, problems: Problems): Seed | undefined {
  if (typeof entry.value === "string" || entry.value instanceof URL) return readUrl(entry, problems);
  if (!isObject(entry.value)) {
    problems.add(entry, "must be a URL, or { url, auth, tls }");
    return undefined;
  }
  const fields = readFields(entry, ["url", "auth", "tls"], problems);
  if (fields === undefined) return undefined;

  const seed = readUrl(fields.url, problems);
  const auth = fields.auth.value === undefined ? undefined : readAuthSource(fields.auth, problems);
  const tls = fields.tls.value === undefined ? undefined : readTls(fields.tls, problems);
  if (seed === undefined) return undefined;
  refuseBesideUrl(entry.path, seed, fields, problems);
  return { ...seed, ...(auth === undefined ? {} : { auth }), ...(tls === undefined ? {} : { tls }) };
}

function readUrl(place: Place, problems: Problems): Seed | undefined {
  const parsed = parseHttpUrl(place);
  if (parsed === undefined) {
    problems.add(place, "must be a URL that begins with http:// or https://, without spaces or backslashes");
    return undefined;
  }
  const { url, text, scheme, host, port } = parsed;
  const faults = [
    ...(host === undefined ? ["must have a host name or an address"] : []),
    ...(isWholeNumber(port, bounds.port) ? [] : [`must have a port from ${bounds.port.min} to ${bounds.port.max}`]),
    ...(/[?#]/.test(text) ? ["must have no query and no fragment; in a password, ? is %3F and # is %23"] : []),
    // Where a password holds a slash, the parser takes its beginning for a port and its end for a path.
    ...(/@|%40/.test(url.pathname) ? ["must have no @ in its path; in a password, / is %2F and @ is %40"] : []),
  ];
  for (const fault of faults) problems.add(place, fault);

  // Most often it was forgotten.
  const lacksPassword = url.username !== "" && url.password === "";
  if (lacksPassword) problems.add(place, "must have a password beside its user; an empty one is given in `auth`");
  const userinfo = lacksPassword ? {} : readUserinfo(place, url, problems);
  if (host === undefined || faults.length > 0) return undefined;
  return { scheme, host, port, pathPrefix: url.pathname.replace(/\/+$/, ""), ...userinfo };
}

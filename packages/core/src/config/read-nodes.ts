import { addressOf } from "../view/node-record.js";
import type { AuthConfig, Seed } from "./config.js";
import { bounds } from "./defaults.js";
import { hostOf } from "./host-text.js";
import type { Auth } from "./options.js";
import { type Place, type Problems, placeIn } from "./problems.js";
import { readAuthSource, readBasic } from "./read-auth.js";
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
  if (seed.auth !== undefined && fields.auth.value !== undefined) {
    problems.remark(entry.path, "has two kinds of credential, in its URL and in `auth`; give one");
  }
  if (seed.scheme === "http" && fields.tls.value !== undefined) {
    problems.remark(entry.path, "has `tls`, but its URL is http:");
  }
  return { ...seed, ...(auth === undefined ? {} : { auth }), ...(tls === undefined ? {} : { tls }) };
}

function readUrl(place: Place, problems: Problems): Seed | undefined {
  const text = place.value instanceof URL ? place.value.href : place.value;
  if (
    typeof text !== "string" ||
    text.length > bounds.urlCharacters.max ||
    !/^https?:\/\/[^\s\\]+$/i.test(text) ||
    !URL.canParse(text)
  ) {
    problems.add(place, "must be a URL that begins with http:// or https://, without spaces or backslashes");
    return undefined;
  }
  const url = new URL(text);
  const host = hostOf(url);
  const scheme = url.protocol === "https:" ? "https" : "http";
  const port = url.port === "" ? { http: 80, https: 443 }[scheme] : Number(url.port);
  const faults = [
    ...(host === undefined ? ["must have a host name or an address"] : []),
    ...(isWholeNumber(port, bounds.port) ? [] : [`must have a port from ${bounds.port.min} to ${bounds.port.max}`]),
    ...(/[?#]/.test(text) ? ["must have no query and no fragment; in a password, ? is %3F and # is %23"] : []),
    // Where a password holds a slash, the parser takes its beginning for a port and its end for a path.
    ...(/@|%40/.test(url.pathname) ? ["must have no @ in its path; in a password, / is %2F and @ is %40"] : []),
  ];
  for (const fault of faults) problems.add(place, fault);

  const auth = url.username === "" && url.password === "" ? undefined : readUserinfo(place, url, problems);
  if (host === undefined || faults.length > 0) return undefined;
  return {
    scheme,
    host,
    port,
    pathPrefix: url.pathname.replace(/\/+$/, ""),
    ...(auth === undefined ? {} : { auth }),
  };
}

function readUserinfo(place: Place, { username, password }: URL, problems: Problems): Auth | undefined {
  if (password === "") {
    // Most often it was forgotten.
    problems.add(place, "must have a password beside its user; an empty one is given in `auth`");
    return undefined;
  }
  try {
    const within = { ...place, secret: true };
    return readBasic(
      placeIn(within, "username", decodeURIComponent(username)),
      placeIn(within, "password", decodeURIComponent(password)),
      problems,
    );
  } catch {
    problems.add(place, "must have its user and password percent-encoded; % itself is %25");
    return undefined;
  }
}

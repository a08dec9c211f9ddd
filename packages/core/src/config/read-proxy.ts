import { present } from "../present.js";
import type { ProxyConfig } from "./config.js";
import { bounds } from "./defaults.js";
import { hostOf } from "./host-text.js";
import type { Auth } from "./options.js";
import { type Place, type Problems, placeIn } from "./problems.js";
import { readAuth, readBasic } from "./read-auth.js";
import { isObject, isWholeNumber, readFields } from "./read-options.js";
import { readTls } from "./read-tls.js";

const urlForms = "must be a URL that begins with http:// or https://, of user, password, host and port alone";

/** The proxy, or undefined and at least one problem. */
export function readProxy(place: Place, problems: Problems): ProxyConfig | undefined {
  if (!isObject(place.value) || place.value instanceof URL) return readUrl(place, problems);
  const fields = readFields(place, ["url", "auth", "tls"], problems);
  if (fields === undefined) return undefined;
  const proxy = readUrl(fields.url, problems);
  const auth = fields.auth.value === undefined ? undefined : readProxyAuth(fields.auth, problems);
  const tls = fields.tls.value === undefined ? undefined : readTls(fields.tls, problems);
  if (proxy === undefined) return undefined;
  if (proxy.auth !== undefined && fields.auth.value !== undefined) {
    problems.remark(place.path, "has two kinds of credential, in its URL and in `auth`; give one");
  }
  if (tls?.caFile !== undefined || tls?.certFile !== undefined) {
    problems.remark(place.path, "has files in `tls`; give their content as `ca`, `cert` and `key`");
  }
  if (proxy.scheme === "http" && fields.tls.value !== undefined) {
    problems.remark(place.path, "has `tls`, but its URL is http:");
  }
  return { ...proxy, ...present({ auth: auth ?? proxy.auth, tls }) };
}

function readProxyAuth(place: Place, problems: Problems): Auth | undefined {
  const auth = readAuth(place, problems);
  if (auth === undefined || !("apiKey" in auth)) return auth;
  problems.remark(place.path, "must be { username, password } or { bearer }: no proxy takes an API key");
  return undefined;
}

function readUrl(place: Place, problems: Problems): ProxyConfig | undefined {
  const text = place.value instanceof URL ? place.value.href : place.value;
  const isUrl =
    typeof text === "string" && text.length <= bounds.urlCharacters.max && /^https?:\/\/[^\s\\]+$/i.test(text);
  const url = isUrl && URL.canParse(text) ? new URL(text) : undefined;
  const host = url === undefined ? undefined : hostOf(url);
  if (url === undefined || host === undefined || !/^\/?$/.test(url.pathname) || /[?#]/.test(String(text))) {
    problems.add(place, urlForms);
    return undefined;
  }
  const scheme = url.protocol === "https:" ? "https" : "http";
  const port = url.port === "" ? { http: 80, https: 443 }[scheme] : Number(url.port);
  if (!isWholeNumber(port, bounds.port)) {
    problems.add(place, `must have a port from ${bounds.port.min} to ${bounds.port.max}`);
    return undefined;
  }
  const auth = url.username === "" && url.password === "" ? undefined : readUserinfo(place, url, problems);
  return { scheme, host, port, ...present({ auth }) };
}

function readUserinfo(place: Place, { username, password }: URL, problems: Problems): Auth | undefined {
  const within = { ...place, secret: true };
  try {
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

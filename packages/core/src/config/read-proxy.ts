import { present } from "../present.js";
import type { ProxyConfig } from "./config.js";
import { bounds } from "./defaults.js";
import { parseHttpUrl, readUserinfo, refuseBesideUrl } from "./http-url.js";
import type { Auth } from "./options.js";
import type { Place, Problems } from "./problems.js";
import { readAuth } from "./read-auth.js";
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
  refuseBesideUrl(place.path, proxy, fields, problems);
  if (tls?.caFile !== undefined || tls?.certFile !== undefined) {
    problems.remark(place.path, "has files in `tls`; give their content as `ca`, `cert` and `key`");
  }
  if (tls?.unsafeSkipVerification === true) {
    problems.remark(place.path, "has `unsafeSkipVerification` in `tls`, which is for nodes alone; give `ca`");
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
  const parsed = parseHttpUrl(place);
  if (parsed?.host === undefined || !/^\/?$/.test(parsed.url.pathname) || /[?#]/.test(parsed.text)) {
    problems.add(place, urlForms);
    return undefined;
  }
  const { url, scheme, host, port } = parsed;
  if (!isWholeNumber(port, bounds.port)) {
    problems.add(place, `must have a port from ${bounds.port.min} to ${bounds.port.max}`);
    return undefined;
  }
  return { scheme, host, port, ...readUserinfo(place, url, problems) };
}

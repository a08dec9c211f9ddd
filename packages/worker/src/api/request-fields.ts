import { RollcallError } from "@rollcall/core";
import { nearestName } from "@rollcall/core/config";
import type { PoolRequest } from "./pool-request.js";

const fields: Readonly<Record<keyof PoolRequest, true>> = {
  method: true,
  path: true,
  query: true,
  headers: true,
  body: true,
  ndjson: true,
  transfer: true,
  timeoutMs: true,
  class: true,
  retry: true,
  hedge: true,
  hedgeKey: true,
  maxResponseBytes: true,
  signal: true,
  opaqueId: true,
  auth: true,
  node: true,
  priority: true,
};
const names: ReadonlySet<string> = new Set(Object.keys(fields));

const retries = "use `retry`, such as `{ max: 1 }` or `false`";

/** Fields of other clients, and what takes their place here. */
const elsewhere: ReadonlyMap<string, string> = new Map([
  ["querystring", "use `query`"],
  ["qs", "use `query`"],
  ["params", "use `query`"],
  ["searchParams", "use `query`"],
  ["timeout", "use `timeoutMs`"],
  ["requestTimeout", "use `timeoutMs`"],
  ["bulkBody", "use `ndjson`"],
  ["datasource", "use `ndjson`"],
  ["operations", "use `ndjson`"],
  ["url", "use `path`"],
  ["uri", "use `path`"],
  ["data", "use `body`"],
  ["json", "use `body`"],
  ["abortController", "use `signal`"],
  ["id", "use `opaqueId`, or make it part of `path`"],
  ["index", "make it part of `path`"],
  ["username", "use `auth`"],
  ["password", "use `auth`"],
  ["apiKey", "use `auth`"],
  ["bearer", "use `auth`"],
  ["maxRetries", retries],
  ["retries", retries],
  ["retryOnTimeout", retries],
  ["retryOnStatus", "use `retry: { statuses }` for those that are not to be retried"],
  ["maxResponseSize", "use `maxResponseBytes`"],
  ["ignore", "no status is an error by itself: read `response.status`"],
]);

/** The first field of the request that is not one of ours, in words. Called for every request. */
export function unknownField(request: object): string | undefined {
  for (const name in request) if (!names.has(name)) return `request.${shown(name)} is unknown: ${hintFor(name)}`;
  return undefined;
}

function hintFor(name: string): string {
  const hint = elsewhere.get(name);
  if (hint !== undefined) return hint;
  const near = nearestName(name, [...names]);
  return near === undefined ? `the fields are ${[...names].join(", ")}` : `did you mean \`${near}\`?`;
}

/** A name that a caller may have taken from elsewhere stays on one line. */
function shown(name: string): string {
  return /^[\w$]{1,40}$/.test(name) ? name : "[…]";
}

export function requestProblem(field: string, allowed: string): RollcallError {
  return new RollcallError("CONFIG", `request.${field} ${allowed}`);
}

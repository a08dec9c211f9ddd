import { parseHost } from "../address/host.js";
import type { RedisConfig } from "./config.js";
import { bounds } from "./defaults.js";
import { withoutBrackets } from "./host-text.js";
import { type Place, type Problems, pathIn, placeIn } from "./problems.js";
import { isObject, isWholeNumber, readFields, readList } from "./read-options.js";
import { isRedisClient, optionOfClient } from "./redis-client-option.js";
import { takeRedisPassword } from "./take-redis-password.js";

const anyForm = "must be a URL as text, an object of ioredis' options, { cluster, options }, or a client of ioredis";

/**
 * Where the shared view lives. Of a URL everything is checked here; of ioredis' own options only that they are a plain
 * object and what Rollcall adds to them, for what they may be is for ioredis to say. A client of ioredis is read like the
 * options that it was made with. Nothing of it is ever shown: each part may be a password.
 */
export function readRedis(given: Place, problems: Problems): RedisConfig | undefined {
  const place = { ...given, secret: true };
  if (typeof place.value === "string") {
    const url = readRedisUrl(place, problems);
    return url === undefined ? undefined : { kind: "url", url };
  }
  const value = isRedisClient(place.value) ? optionOfClient(place.value) : place.value;
  if (!isPlainObject(value)) {
    problems.add(place, anyForm);
    return undefined;
  }
  if ("cluster" in value) return readCluster({ ...place, value }, problems);
  if (value.role === "slave") {
    problems.remark(pathIn(place.path, "role"), 'must not be "slave": a view is written and read at the primary');
  }
  return { kind: "options", ...takeRedisPassword(place, value, problems) };
}

function readCluster(place: Place, problems: Problems): RedisConfig | undefined {
  const fields = readFields(place, ["cluster", "options"], problems);
  if (fields === undefined) return undefined;
  const entries = readList(fields.cluster, bounds.redisNodes.max, "URLs or { host, port }", problems);
  const nodes = (entries ?? []).map((entry) => readClusterNode(entry, problems)).filter((node) => node !== undefined);
  const { value: options = {} } = fields.options;
  if (!isPlainObject(options)) {
    problems.add(fields.options, "must be an object of ioredis' options for a cluster");
    return undefined;
  }
  if (!isPlainObject(options.redisOptions)) return { kind: "cluster", nodes, options: { ...options } };
  const of = placeIn(fields.options, "redisOptions", options.redisOptions);
  const { options: redisOptions, ...password } = takeRedisPassword(of, options.redisOptions, problems);
  return { kind: "cluster", nodes, options: { ...options, redisOptions }, ...password };
}

function readClusterNode(entry: Place, problems: Problems): string | Readonly<Record<string, unknown>> | undefined {
  if (typeof entry.value === "string") return readRedisUrl(entry, problems);
  if (!isPlainObject(entry.value)) {
    problems.add(entry, "must be a URL as text, or { host, port }");
    return undefined;
  }
  const fields = readFields(entry, ["host", "port"], problems);
  if (fields === undefined) return undefined;
  const { host, port } = fields;
  const { min, max } = bounds.port;
  const isHost = typeof host.value === "string" && parseHost(host.value) !== undefined;
  const isPort = port.value === undefined || isWholeNumber(port.value, bounds.port);
  if (!isHost) problems.add(host, "must be a host name or an address");
  if (!isPort) problems.add(port, `must be a whole number from ${min} to ${max}`);
  if (!isHost || !isPort) return undefined;
  return { host: host.value, ...(port.value === undefined ? {} : { port: port.value }) };
}

function readRedisUrl(place: Place, problems: Problems): string | undefined {
  const { value: text } = place;
  if (
    typeof text !== "string" ||
    text.length > bounds.urlCharacters.max ||
    !/^rediss?:\/\/[^\s\\]+$/i.test(text) ||
    !URL.canParse(text)
  ) {
    problems.add(place, "must be a URL that begins with redis:// or rediss://, without spaces or backslashes");
    return undefined;
  }
  const url = new URL(text);
  const { min, max } = bounds.port;
  // Where a password holds one of these, the parser takes its beginning for a host and a port.
  const isCutShort = /@|%40/i.test(url.pathname + url.search);
  const faults = [
    ...(parseHost(withoutBrackets(url.hostname)) === undefined ? ["must have a host name or an address"] : []),
    ...(url.port === "0" ? [`must have a port from ${min} to ${max}`] : []),
    ...(text.includes("#") ? ["must have no fragment; in a password, # is %23"] : []),
    ...(isCutShort ? ["must have no @ after its host; in a password, / is %2F, ? is %3F and @ is %40"] : []),
    ...(isCutShort || /^\/?\d{0,9}$/.test(url.pathname)
      ? []
      : ["must have nothing in its path but the number of a database"]),
    ...(isPercentEncoded(url) ? [] : ["must have its user and password percent-encoded; % itself is %25"]),
  ];
  for (const fault of faults) problems.add(place, fault);
  return faults.length === 0 ? text : undefined;
}

function isPercentEncoded({ username, password }: URL): boolean {
  try {
    decodeURIComponent(username + password);
    return true;
  } catch {
    return false;
  }
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (!isObject(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

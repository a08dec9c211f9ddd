import { RollcallError } from "../errors.js";
import { type Logger, silentLogger } from "../logger.js";
import { present } from "../present.js";
import type {
  ChildConfig,
  ClusterConfig,
  CoordinatorConfig,
  PoolConfig,
  ProvidedCredential,
  Seed,
  ViewPlace,
} from "./config.js";
import { bounds, defaultMaxBufferedResponseBytes, defaults, defaultThreads } from "./defaults.js";
import { discoveryOffFor } from "./one-address.js";
import type { Auth, ClusterOptions, CoordinatorOptions, PoolOptions } from "./options.js";
import { type Place, Problems } from "./problems.js";
import { readAuth, readAuthSource } from "./read-auth.js";
import { readCloudId } from "./read-cloud-id.js";
import { readCompression } from "./read-compression.js";
import { checkSource, readDiscovery } from "./read-discovery.js";
import { isHeaderValue, readHeaders } from "./read-headers.js";
import { readHedge } from "./read-hedge.js";
import { readNodes } from "./read-nodes.js";
import {
  isObject,
  isWholeNumber,
  readFields,
  readOptionalFields,
  readSwitch,
  readText,
  readWholeNumber,
} from "./read-options.js";
import { readProvidedAuth } from "./read-provided-auth.js";
import { readProxy } from "./read-proxy.js";
import { readRedis } from "./read-redis.js";
import { readSecrets } from "./read-secret.js";
import { readSelection } from "./read-selection.js";
import { readSign, refuseSignFunction, refuseSignWithAuth } from "./read-sign.js";
import { readTls } from "./read-tls.js";

const clusterNames = [
  "nodes",
  "cloudId",
  "auth",
  "sign",
  "tls",
  "headers",
  "discovery",
  "proxy",
  "logger",
] as const satisfies (keyof ClusterOptions)[];
const viewNames = ["redis", "name", "secret", "secretFile"] as const satisfies (keyof CoordinatorOptions)[];
const coordinatorNames = [...clusterNames, ...viewNames] as const satisfies (keyof CoordinatorOptions)[];
const poolNames = [
  ...clusterNames,
  ...viewNames,
  "coordinator",
  "threads",
  "threadEntry",
  "timeoutMs",
  "maxResponseBytes",
  "maxBufferedResponseBytes",
  "connections",
  "queue",
  "retry",
  "hedge",
  "compression",
  "selection",
] as const satisfies (keyof PoolOptions)[];

/** What a default depends on. Handed in, because core does not read it from the system. */
export interface Machine {
  /** As `os.availableParallelism()` says. */
  readonly cores: number;
  /** As `v8.getHeapStatistics().heap_size_limit` says. */
  readonly heapLimitBytes: number;
}

/**
 * Reads {@link PoolOptions}, once, at start. Nothing given is changed, and what is returned is frozen.
 *
 * @throws {RollcallError} `CONFIG`, and nothing else. Its message has one line for each problem: the option, its value,
 *   and what is allowed. It never holds a credential, a key or a header's value.
 */
export function parsePoolConfig(options: unknown, machine: Machine): PoolConfig {
  return parse(options, (place, problems) => {
    const fields = readFields(place, poolNames, problems);
    if (fields === undefined) return undefined;
    const cluster = readCluster(fields, problems);
    const pool = readPool(fields, machine, problems);
    refuseSignFunction(cluster.sign, pool.threads, problems);
    const selection = readSelection(fields.selection, cluster, problems);
    return { ...cluster, ...pool, ...present({ selection }) };
  });
}

/** As {@link parsePoolConfig}, for {@link CoordinatorOptions}. */
export function parseCoordinatorConfig(options: unknown): CoordinatorConfig {
  return parse(options, (place, problems) => {
    const fields = readFields(place, coordinatorNames, problems);
    if (fields === undefined) return undefined;
    const cluster = readCluster(fields, problems);
    const view = readViewPlace(fields, problems);
    return view === undefined ? undefined : { ...cluster, ...view };
  });
}

/** As {@link parsePoolConfig}, for a reader of a shared view: `redis`, `name` and the secrets of {@link CoordinatorOptions}. */
export function parseViewPlace(options: unknown): ViewPlace {
  return parse(options, (place, problems) => {
    const fields = readFields(place, viewNames, problems);
    return fields === undefined ? undefined : readViewPlace(fields, problems);
  });
}

/** As {@link parsePoolConfig}, for {@link ClusterOptions}. */
export function parseClusterConfig(options: unknown): ClusterConfig {
  return parse(options, (place, problems) => {
    const fields = readFields(place, clusterNames, problems);
    return fields === undefined ? undefined : readCluster(fields, problems);
  });
}

/** As {@link parsePoolConfig}, for what an {@link import("./options.js").AuthProvider} has returned. */
export function parseProvidedAuth(auth: unknown): ProvidedCredential {
  return parse({ auth }, ({ value }, problems) => {
    return readProvidedAuth({ path: "auth", value: isObject(value) ? value.auth : undefined, secret: true }, problems);
  });
}

/** As {@link parsePoolConfig}, for the credential of one request. */
export function parseAuth(auth: unknown): Auth {
  return parse({ auth }, ({ value }, problems) => {
    return readAuth({ path: "auth", value: isObject(value) ? value.auth : undefined, secret: true }, problems);
  });
}

/** As {@link parsePoolConfig}, for {@link ChildOptions}. */
export function parseChildConfig(options: unknown): ChildConfig {
  return parse(options, (place, problems) => {
    const fields = readFields(place, ["auth", "headers", "timeoutMs", "opaqueId"], problems);
    if (fields === undefined) return undefined;
    const { auth, headers, timeoutMs, opaqueId } = fields;
    return {
      headers: readHeaders(headers, problems),
      ...present({
        auth: auth.value === undefined ? undefined : readAuth(auth, problems),
        timeoutMs:
          timeoutMs.value === undefined ? undefined : readWholeNumber(timeoutMs, bounds.timeoutMs, 1, problems),
        opaqueId:
          opaqueId.value === undefined
            ? undefined
            : readText(opaqueId, isHeaderValue, "must be text that HTTP allows in a header", problems),
      }),
    };
  });
}

function parse<T>(options: unknown, read: (place: Place, problems: Problems) => T | undefined): T {
  const problems = new Problems();
  let config: T | undefined;
  try {
    config = read({ path: "", value: options, secret: false }, problems);
  } catch {
    // A getter or a proxy of the caller threw. Its error is dropped, because it may contain a secret.
    problems.remark("", "could not be read");
  }
  problems.throwIfAny();
  if (config === undefined) throw new RollcallError("CONFIG", "options: could not be read");
  return freeze(config);
}

type Fields<Name extends string> = Readonly<Record<Name, Place>>;

function readCluster(fields: Fields<keyof ClusterOptions>, problems: Problems): ClusterConfig {
  const seeds = readSeeds(fields, problems);
  const defaultAuth = fields.auth.value === undefined ? undefined : readAuthSource(fields.auth, problems);
  const sign = readSign(fields.sign, problems);
  if (sign !== undefined) refuseSignWithAuth(fields.auth, seeds, problems);
  const tls = fields.tls.value === undefined ? undefined : readTls(fields.tls, problems);
  const headers = readHeaders(fields.headers, problems);
  const discoveryGiven = fields.discovery.value === undefined ? undefined : (true as const);
  const isCloud = fields.cloudId.value !== undefined;
  const discoveryOff = discoveryGiven ? undefined : (discoveryOffFor(seeds) ?? (isCloud ? offByCloudId : undefined));
  const discovery = discoveryOff === undefined && readDiscovery(fields.discovery, problems);
  const proxy = fields.proxy.value === undefined ? undefined : readProxy(fields.proxy, problems);
  checkSource(discovery, { seeds, hasProxy: proxy !== undefined }, problems);
  const logger = readLogger(fields.logger, problems);
  return present({ seeds, defaultAuth, sign, tls, headers, discovery, discoveryOff, discoveryGiven, proxy, logger });
}

function readSeeds({ nodes, cloudId }: Fields<"nodes" | "cloudId">, problems: Problems): readonly Seed[] {
  if (cloudId.value === undefined) return readNodes(nodes, problems);
  if (nodes.value !== undefined) problems.remark("cloudId", "is given together with `nodes`; give one");
  const seed = readCloudId(cloudId, problems);
  return seed === undefined ? [] : [seed];
}

/** Nodes behind it are listed by addresses that its own proxy alone reaches. */
const offByCloudId = { kind: "managed", why: "a cloud id stands for one address" } as const;

function readPool(
  fields: Fields<keyof PoolOptions>,
  { cores, heapLimitBytes }: Machine,
  problems: Problems,
): Omit<PoolConfig, keyof ClusterConfig> {
  return {
    ...readSharing(fields, problems),
    ...readThreads(fields, cores, problems),
    timeoutMs: readWholeNumber(fields.timeoutMs, bounds.timeoutMs, defaults.timeoutMs, problems),
    maxResponseBytes: readWholeNumber(
      fields.maxResponseBytes,
      bounds.maxResponseBytes,
      defaults.maxResponseBytes,
      problems,
    ),
    maxBufferedResponseBytes: readWholeNumber(
      fields.maxBufferedResponseBytes,
      bounds.maxBufferedResponseBytes,
      defaultMaxBufferedResponseBytes(heapLimitBytes),
      problems,
    ),
    connections: readConnections(fields.connections, problems),
    queue: readQueue(fields.queue, problems),
    retry: readRetry(fields.retry, problems),
    hedge: readHedge(
      fields.hedge,
      { hasRetries: fields.retry.value !== false, isSigned: fields.sign.value !== undefined },
      problems,
    ),
    compression: readCompression(fields.compression, problems),
  };
}

function readThreads(
  { threads, threadEntry }: Fields<"threads" | "threadEntry">,
  cores: number,
  problems: Problems,
): Pick<PoolConfig, "threads" | "threadsGiven" | "threadEntry"> {
  return present({
    threads: readWholeNumber(threads, bounds.threads, defaultThreads(cores), problems),
    threadsGiven: threads.value !== undefined,
    threadEntry: threadEntry.value === undefined ? undefined : readFile(threadEntry, problems),
  });
}

/** A file URL as text, or an absolute path. */
function readFile(place: Place, problems: Problems): string | undefined {
  const text = place.value instanceof URL ? place.value.href : place.value;
  if (typeof text === "string" && /^(?:file:\/\/|\/|[A-Za-z]:[\\/])/.test(text)) return text;
  problems.add(place, "must be a file URL or an absolute path");
  return undefined;
}

function readViewPlace(fields: Fields<(typeof viewNames)[number]>, problems: Problems): ViewPlace | undefined {
  const redis = readRedis(fields.redis, problems);
  const name = readName(fields.name, problems);
  const secrets = readSecrets(fields.secret, fields.secretFile, true, problems);
  return redis === undefined || name === undefined ? undefined : { redis, name, ...secrets };
}

/** Options that belong together: a shared view needs Redis, a name, and a process that may lead. */
function readSharing(
  fields: Fields<(typeof viewNames)[number] | "coordinator">,
  problems: Problems,
): Pick<PoolConfig, (typeof viewNames)[number] | "coordinator"> {
  const isShared = fields.redis.value !== undefined;
  const redis = isShared ? readRedis(fields.redis, problems) : undefined;
  const name = isShared || fields.name.value !== undefined ? readName(fields.name, problems) : undefined;
  const secrets = readSecrets(fields.secret, fields.secretFile, isShared, problems);
  return present({ redis, name, ...secrets, coordinator: readRole(fields.coordinator, isShared, problems) });
}

function readRole(place: Place, isShared: boolean, problems: Problems): PoolConfig["coordinator"] {
  const { value } = place;
  if (value === undefined) return defaults.coordinator;
  if (value !== "candidate" && value !== "external") problems.add(place, 'must be "candidate" or "external"');
  else if (!isShared)
    problems.add(place, "must not be given without `redis`: a view that is not shared is published by its own process");
  else return value;
  return defaults.coordinator;
}

function readLogger(place: Place, problems: Problems): Logger | undefined {
  const { value } = place;
  if (value === undefined) return undefined;
  if (value === false) return silentLogger;
  if (isLogger(value)) return value;
  problems.add(place, "must be false, or have the functions debug, info, warn and error");
  return undefined;
}

function isLogger(value: unknown): value is Logger {
  return isObject(value) && ["debug", "info", "warn", "error"].every((name) => typeof value[name] === "function");
}

function readName(place: Place, problems: Problems): string | undefined {
  const allowed = "must be 1 to 64 letters, digits, dots, dashes and underscores, the first a letter or digit";
  // Without a default, which would mix the views of two clusters.
  return readText(place, (text) => /^[A-Za-z0-9][\w.-]{0,63}$/.test(text), allowed, problems);
}

function readConnections(place: Place, problems: Problems): PoolConfig["connections"] {
  const fields = readOptionalFields(place, ["perNode", "fleetPerNode", "opening", "idleMs", "maxAgeMs"], problems);
  const bound = bounds.connections;
  const initial = defaults.connections;
  const perNode = readWholeNumber(fields?.perNode, bound.perNode, initial.perNode, problems);
  const opening = readWholeNumber(fields?.opening, bound.opening, Math.min(initial.opening, perNode), problems);
  if (fields !== undefined && opening > perNode) {
    problems.add(fields.opening, `must be at most ${perNode}, which is connections.perNode`);
  }
  return {
    perNode,
    ...present({ fleetPerNode: readFleetPerNode(fields?.fleetPerNode, problems) }),
    opening,
    idleMs: readWholeNumber(fields?.idleMs, bound.idleMs, initial.idleMs, problems),
    maxAgeMs: readWholeNumber(fields?.maxAgeMs, bound.maxAgeMs, initial.maxAgeMs, problems),
  };
}

function readFleetPerNode(place: Place | undefined, problems: Problems): number | undefined {
  if (place?.value === undefined) return undefined;
  const { min, max } = bounds.connections.fleetPerNode;
  if (isWholeNumber(place.value, { min, max })) return place.value;
  problems.add(place, `must be a whole number from ${min} to ${max}`);
  return undefined;
}

function readQueue(place: Place, problems: Problems): PoolConfig["queue"] {
  const fields = readOptionalFields(place, ["perThread", "adaptive"], problems);
  return {
    perThread: readWholeNumber(fields?.perThread, bounds.queue.perThread, defaults.queue.perThread, problems),
    adaptive: readSwitch(fields?.adaptive, defaults.queue.adaptive, problems),
  };
}

function readRetry(place: Place, problems: Problems): PoolConfig["retry"] {
  if (place.value === false) return false;
  const fields = readOptionalFields(place, ["max"], problems);
  return { max: readWholeNumber(fields?.max, bounds.retry.max, defaults.retry.max, problems) };
}

/** Freezes the data that this module has made. Functions, the logger and ioredis' options belong to the caller. */
function freeze<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  for (const [name, part] of Object.entries(value)) {
    if (name === "redis") Object.freeze(part);
    else if (name !== "logger") freeze(part);
  }
  return Object.freeze(value);
}

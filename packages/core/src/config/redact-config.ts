import { parseHost } from "../address/host.js";
import { present } from "../present.js";
import { addressOf } from "../view/node-record.js";
import type {
  AuthConfig,
  ClusterConfig,
  CompressionConfig,
  ConnectionConfig,
  CoordinatorConfig,
  DiscoveryConfig,
  HedgeConfig,
  PoolConfig,
  QueueConfig,
  RedisConfig,
  RetryConfig,
  Seed,
  SelectionConfig,
  TlsConfig,
} from "./config.js";
import type { SecretConfig } from "./read-secret.js";
import { shownModule } from "./sign.js";

const redacted = "[redacted]";
const callable = "[function]";

/** The names show its kind, such as `{ bearer: "[redacted]" }`; of a file, its path is shown. */
export type RedactedAuth = Readonly<Record<string, string>> | typeof callable;

export interface RedactedTls {
  readonly ca?: typeof redacted;
  readonly cert?: typeof redacted;
  readonly key?: typeof redacted;
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  readonly caFingerprint?: string;
  readonly serverName?: string;
  readonly unsafeSkipVerification?: true;
}

/** A configured node, or the proxy. */
export interface RedactedSeed {
  /** Without user and password. */
  readonly url: string;
  readonly auth?: RedactedAuth;
  readonly tls?: RedactedTls;
}

/** Where Redis is, by the parts that cannot be a secret. The other options of ioredis are left out. */
export type RedactedRedis =
  | { readonly url: string }
  | { readonly host?: string; readonly port?: number; readonly db?: number; readonly tls?: true }
  | { readonly cluster: readonly RedactedRedis[] };

/** A configuration as JSON data without secrets: for people, logs and bug reports. */
export interface RedactedConfig {
  readonly name?: string;
  readonly coordinator?: "candidate" | "external";
  readonly threads?: number;
  readonly timeoutMs?: number;
  readonly maxResponseBytes?: number;
  readonly connections?: ConnectionConfig;
  readonly queue?: QueueConfig;
  readonly retry?: false | RetryConfig;
  readonly hedge?: false | HedgeConfig;
  readonly compression?: CompressionConfig;
  readonly selection?: SelectionConfig;
  readonly redis?: RedactedRedis;
  readonly secret?: typeof redacted;
  readonly secretFile?: string;
  readonly seeds: readonly RedactedSeed[];
  readonly defaultAuth?: RedactedAuth;
  /** Which module it is. */
  readonly sign?: string;
  readonly tls?: RedactedTls;
  readonly headers: Readonly<Record<string, typeof redacted>>;
  readonly discovery: false | DiscoveryConfig;
  readonly proxy?: RedactedSeed;
  readonly logger?: typeof callable;
}

/** Each field is copied by name, so that a new field stays hidden until it is added here. */
export function redactConfig(config: ClusterConfig | CoordinatorConfig | PoolConfig): RedactedConfig {
  const { seeds, defaultAuth, sign, tls, headers, discovery, proxy, logger } = config;
  return {
    ...("redis" in config && config.redis !== undefined ? { redis: redactRedis(config.redis) } : {}),
    ...("name" in config && config.name !== undefined ? { name: config.name } : {}),
    ...("redis" in config ? redactSecrets(config) : {}),
    ...("threads" in config ? poolPart(config) : {}),
    seeds: seeds.map(redactSeed),
    ...(defaultAuth === undefined ? {} : { defaultAuth: redactAuth(defaultAuth) }),
    ...(sign === undefined ? {} : { sign: sign.kind === "function" ? callable : shownModule(sign.module) }),
    ...(tls === undefined ? {} : { tls: redactTls(tls) }),
    headers: namesOnly(headers),
    discovery,
    ...(proxy === undefined ? {} : { proxy: redactSeed({ ...proxy, pathPrefix: "" }) }),
    ...(logger === undefined ? {} : { logger: callable }),
  };
}

function poolPart(config: PoolConfig) {
  const { coordinator, threads, threadEntry, timeoutMs, maxResponseBytes, maxBufferedResponseBytes } = config;
  const { connections, queue, retry, hedge, compression, selection } = config;
  const limits = { maxResponseBytes, maxBufferedResponseBytes };
  const parts = { connections, queue, retry, hedge, compression, ...present({ selection }) };
  return { coordinator, threads, ...present({ threadEntry }), timeoutMs, ...limits, ...parts };
}

function redactSeed(seed: Seed): RedactedSeed {
  const { scheme, pathPrefix, auth, tls } = seed;
  return {
    url: `${scheme}://${addressOf(seed)}${pathPrefix}`,
    ...(auth === undefined ? {} : { auth: redactAuth(auth) }),
    ...(tls === undefined ? {} : { tls: redactTls(tls) }),
  };
}

export function redactSecrets({ secret, secretFile }: SecretConfig): Pick<RedactedConfig, "secret" | "secretFile"> {
  return present({ secret: hide(secret), secretFile });
}

export function redactRedis(redis: RedisConfig): RedactedRedis {
  if (redis.kind === "url") return { url: redactRedisUrl(redis.url) };
  if (redis.kind === "options") return redactRedisOptions(redis.options);
  const nodes = redis.nodes.map((node) =>
    typeof node === "string" ? { url: redactRedisUrl(node) } : redactRedisOptions(node),
  );
  return { cluster: nodes };
}

/** Without user, password and query, because ioredis accepts a password in the query. */
function redactRedisUrl(text: string): string {
  const { protocol, host, pathname } = new URL(text);
  return `${protocol}//${host}${pathname}`;
}

/** The host is shown only if it can be one, because the user may have written anything there. */
function redactRedisOptions({ host, port, db, tls }: Readonly<Record<string, unknown>>): RedactedRedis {
  const shownHost = typeof host === "string" ? parseHost(host)?.text : undefined;
  return {
    ...(shownHost === undefined ? {} : { host: shownHost }),
    ...(typeof port === "number" ? { port } : {}),
    ...(typeof db === "number" ? { db } : {}),
    ...(typeof tls === "object" && tls !== null ? { tls: true } : {}),
  };
}

function redactAuth(auth: AuthConfig): RedactedAuth {
  if (typeof auth === "function") return callable;
  const shown = Object.entries(auth).map(([name, value]: [string, unknown]) => [
    name,
    typeof value === "string" && /^(?:password|apiKey|bearer)File$/.test(name) ? value : redacted,
  ]);
  return Object.fromEntries(shown);
}

function redactTls({ ca, cert, key, ...shown }: TlsConfig): RedactedTls {
  const { caFile, certFile, keyFile, caFingerprint, serverName, unsafeSkipVerification } = shown;
  const files = { caFile, certFile, keyFile };
  const trust = { caFingerprint, serverName, unsafeSkipVerification };
  return present({ ca: hide(ca), cert: hide(cert), key: hide(key), ...files, ...trust });
}

function hide(secret: unknown): typeof redacted | undefined {
  return secret === undefined ? undefined : redacted;
}

function namesOnly(secrets: object): Readonly<Record<string, typeof redacted>> {
  return Object.fromEntries(Object.keys(secrets).map((name) => [name, redacted]));
}

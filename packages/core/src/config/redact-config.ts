import { addressOf } from "../view/node-record.js";
import type { ClusterConfig, DiscoveryConfig, PoolConfig, Seed, TlsConfig } from "./config.js";
import type { Auth, AuthProvider } from "./options.js";

const redacted = "[redacted]";
const callable = "[function]";

/** Its kind is told by the names, such as `{ bearer: "[redacted]" }`. */
export type RedactedAuth = Readonly<Record<string, typeof redacted>> | typeof callable;

export interface RedactedTls {
  readonly ca?: typeof redacted;
  readonly cert?: typeof redacted;
  readonly key?: typeof redacted;
  readonly caFingerprint?: string;
  readonly serverName?: string;
}

export interface RedactedSeed {
  /** Without user and password. */
  readonly url: string;
  readonly auth?: RedactedAuth;
  readonly tls?: RedactedTls;
}

/** A configuration as JSON data without secrets: for people, logs and bug reports. */
export interface RedactedConfig extends Partial<Omit<PoolConfig, keyof ClusterConfig | "redis">> {
  readonly seeds: readonly RedactedSeed[];
  readonly defaultAuth?: RedactedAuth;
  readonly tls?: RedactedTls;
  readonly headers: Readonly<Record<string, typeof redacted>>;
  readonly discovery: false | DiscoveryConfig;
  readonly logger?: typeof callable;
}

/** Each field is let through by name, so that a new one is hidden until someone has judged it. */
export function redactConfig(config: ClusterConfig | PoolConfig): RedactedConfig {
  const { seeds, defaultAuth, tls, headers, discovery, logger } = config;
  return {
    ...("threads" in config ? poolPart(config) : {}),
    seeds: seeds.map(redactSeed),
    ...(defaultAuth === undefined ? {} : { defaultAuth: redactAuth(defaultAuth) }),
    ...(tls === undefined ? {} : { tls: redactTls(tls) }),
    headers: namesOnly(headers),
    discovery,
    ...(logger === undefined ? {} : { logger: callable }),
  };
}

function poolPart({ name, coordinator, threads, timeoutMs, connections, queue, retry }: PoolConfig) {
  return { ...(name === undefined ? {} : { name }), coordinator, threads, timeoutMs, connections, queue, retry };
}

function redactSeed(seed: Seed): RedactedSeed {
  const { scheme, pathPrefix, auth, tls } = seed;
  return {
    url: `${scheme}://${addressOf(seed)}${pathPrefix}`,
    ...(auth === undefined ? {} : { auth: redactAuth(auth) }),
    ...(tls === undefined ? {} : { tls: redactTls(tls) }),
  };
}

function redactAuth(auth: Auth | AuthProvider): RedactedAuth {
  return typeof auth === "function" ? callable : namesOnly(auth);
}

function redactTls({ ca, cert, key, caFingerprint, serverName }: TlsConfig): RedactedTls {
  return {
    ...(ca === undefined ? {} : { ca: redacted }),
    ...(cert === undefined ? {} : { cert: redacted }),
    ...(key === undefined ? {} : { key: redacted }),
    ...(caFingerprint === undefined ? {} : { caFingerprint }),
    ...(serverName === undefined ? {} : { serverName }),
  };
}

function namesOnly(secrets: object): Readonly<Record<string, typeof redacted>> {
  return Object.fromEntries(Object.keys(secrets).map((name) => [name, redacted]));
}

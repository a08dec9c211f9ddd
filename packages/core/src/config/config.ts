import type { Logger } from "../logger.js";
import type { Auth, AuthProvider } from "./options.js";
import type { SecretConfig } from "./read-secret.js";
import type { SignConfig } from "./sign.js";

/** {@link import("./options.js").AuthFile} with an absolute path. */
export type AuthFileConfig =
  | { readonly username: string; readonly passwordFile: string }
  | { readonly apiKeyFile: string }
  | { readonly bearerFile: string };

/** Where a credential comes from: it stands here, or in a file, or a function gives it. */
export type AuthConfig = Auth | AuthFileConfig | AuthProvider;

/** {@link import("./options.js").ProvidedAuth}, checked. */
export interface ProvidedCredential {
  readonly auth: Auth;
  /** On the wall clock. */
  readonly expiresAtMs?: number;
}

/** TLS options in the one form they have after parsing. */
export interface TlsConfig {
  /** PEM. */
  readonly ca?: readonly string[];
  /** PEM. */
  readonly cert?: string;
  /** PEM, unencrypted. */
  readonly key?: string;
  /** SHA-256, 32 upper-case hexadecimal pairs with colons between. */
  readonly caFingerprint?: string;
  readonly serverName?: string;
  /** Absolute paths, in place of `ca`, `cert` and `key`. */
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  /** Then there is no `ca`, `caFile` and `caFingerprint`. */
  readonly unsafeSkipVerification?: true;
}

/** A configured node. Always usable, never removed. */
export interface Seed {
  readonly scheme: "http" | "https";
  /** Lower-case host name (punycode), IPv4, or IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** `""`, or such as `/es`: a leading slash, none at the end. */
  readonly pathPrefix: string;
  /** This node's own; absent: the cluster's. */
  readonly auth?: AuthConfig;
  /** This node's own; absent: the cluster's. */
  readonly tls?: TlsConfig;
}

/** Through which every connection to a node is made, by CONNECT. It holds a secret. */
export interface ProxyConfig {
  readonly scheme: "http" | "https";
  /** Lower-case host name (punycode), IPv4, or IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** Never an API key. Absent: none is sent. */
  readonly auth?: Auth;
  /** For the connection to the proxy itself; of an https proxy alone. */
  readonly tls?: TlsConfig;
}

/** {@link import("./options.js").HostPolicy} with lower-case punycode hosts and canonical ranges. */
export interface AllowConfig {
  readonly hosts: readonly string[];
  /** Absent: every port. */
  readonly ports?: readonly number[];
}

export interface DiscoveryConfig {
  readonly source: "sniff" | "dns";
  readonly intervalMs: number;
  /** Keys and values: `host:port` or `host`, lower-case punycode, IPv6 in brackets. */
  readonly addressMap: Readonly<Record<string, string>>;
  readonly allow?: AllowConfig;
  readonly clusterUuid?: string;
}

/** Why the configured nodes alone are used, although no option says so. */
export interface DiscoveryOff {
  /** A managed offer, or a URL with a path. */
  readonly kind: "managed" | "path";
  /** For people. */
  readonly why: string;
}

/** Every option of a cluster, checked, normalised and frozen. It holds secrets: show {@link RedactedConfig} instead. */
export interface ClusterConfig {
  /** At least one; no two with the same host and port. */
  readonly seeds: readonly Seed[];
  readonly defaultAuth?: AuthConfig;
  /** Signs every request; then there is no other credential. */
  readonly sign?: SignConfig;
  readonly tls?: TlsConfig;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly discovery: false | DiscoveryConfig;
  /** Where `discovery` is false without the option. */
  readonly discoveryOff?: DiscoveryOff;
  /** The option was given, so that no detection overrides it. */
  readonly discoveryGiven?: true;
  /** Absent: nodes are connected to directly. */
  readonly proxy?: ProxyConfig;
  /** Absent: not configured, so the host process chooses. */
  readonly logger?: Logger;
}

/** {@link import("./options.js").RedisOption} as a tagged union. It may hold a password. */
export type RedisConfig =
  | { readonly kind: "url"; readonly url: string }
  | {
      readonly kind: "options";
      readonly options: Readonly<Record<string, unknown>>;
      readonly password?: RedisPasswordConfig;
    }
  | {
      readonly kind: "cluster";
      readonly nodes: readonly (string | Readonly<Record<string, unknown>>)[];
      readonly options: Readonly<Record<string, unknown>>;
      readonly password?: RedisPasswordConfig;
    };

/** Where the password of Redis comes from, if it may change; it is then in none of the options. */
export type RedisPasswordConfig =
  | { readonly kind: "file"; readonly path: string }
  /** What it returns is checked when it is called; undefined: Redis asks for none. */
  | { readonly kind: "function"; readonly give: () => unknown };

/** The Redis and the name of a shared view, and its secrets. */
export interface ViewPlace extends SecretConfig {
  readonly redis: RedisConfig;
  readonly name: string;
}

export interface CoordinatorConfig extends ClusterConfig, ViewPlace {}

/** {@link import("./options.js").NodeMatch} with lists. */
export interface NodeMatchConfig {
  readonly roles?: readonly string[];
  /** By name; at least one. */
  readonly attributes?: readonly (readonly [name: string, values: readonly string[]])[];
}

/** {@link import("./options.js").SelectionOptions} with lists; an empty one: not given. */
export interface SelectionConfig {
  readonly only: readonly NodeMatchConfig[];
  readonly except: readonly NodeMatchConfig[];
  readonly prefer: readonly NodeMatchConfig[];
}

export interface PoolConfig extends ClusterConfig, SecretConfig {
  /** Absent: everything in this process. */
  readonly redis?: RedisConfig;
  /** Present wherever `redis` is. */
  readonly name?: string;
  readonly coordinator: "candidate" | "external";
  readonly threads: number;
  /** Whether `threads` was given. If not, the calling thread sends where no worker thread can start. */
  readonly threadsGiven: boolean;
  /** An absolute path or a file URL; absent: the package's own module. */
  readonly threadEntry?: string;
  readonly timeoutMs: number;
  readonly maxResponseBytes: number;
  readonly maxBufferedResponseBytes: number;
  readonly connections: ConnectionConfig;
  readonly queue: QueueConfig;
  /** `false`: one attempt, whatever happens. */
  readonly retry: false | RetryConfig;
  /** `false`: no Read is hedged. */
  readonly hedge: false | HedgeConfig;
  readonly compression: CompressionConfig;
  /** Absent: every node. */
  readonly selection?: SelectionConfig;
}

/** {@link import("./options.js").ChildOptions}, checked. It holds secrets. */
export interface ChildConfig {
  readonly auth?: Auth;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  readonly opaqueId?: string;
}

export interface ConnectionConfig {
  readonly perNode: number;
  /** Absent: `perNode` alone is the limit. */
  readonly fleetPerNode?: number;
  readonly opening: number;
  readonly idleMs: number;
  readonly maxAgeMs: number;
}

export interface QueueConfig {
  readonly perThread: number;
  readonly adaptive: boolean;
}

export interface RetryConfig {
  readonly max: number;
}

export interface HedgeConfig {
  /** The part of the answers' time that lost hedges may cost. */
  readonly extraWork: number;
}

export interface CompressionConfig {
  readonly requests: boolean;
  readonly responses: boolean;
  readonly aboveBytes: number;
}

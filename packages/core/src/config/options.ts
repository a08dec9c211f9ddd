import type { Logger } from "../logger.js";

/**
 * Who we are to the cluster: one kind at a time.
 *
 * `username` and `password` are sent as HTTP Basic in UTF-8; a name may not hold a colon. `apiKey` is either the
 * encoded form that the cluster shows once (base64 of `id:key`), or its two halves. `bearer` is a token, without the
 * word "Bearer".
 */
export type Auth =
  | { readonly username: string; readonly password: string }
  | { readonly apiKey: string | { readonly id: string; readonly key: string } }
  | { readonly bearer: string };

/** Asked whenever a credential is needed, for secrets that change. Runs on the main thread, never in a worker thread. */
export type AuthProvider = () => Auth | Promise<Auth>;

/** PEM text, or its bytes. Never a file name. */
export type Pem = string | Uint8Array;

/** How a node's certificate is checked, and what we show of ourselves. A certificate is always checked. */
export interface TlsOptions {
  /** The authorities to trust, instead of the ones that come with Node. */
  readonly ca?: Pem | readonly Pem[] | undefined;
  /** Our own certificate, with its chain; together with `key`. */
  readonly cert?: Pem | undefined;
  /** The unencrypted private key of `cert`. */
  readonly key?: Pem | undefined;
  /** SHA-256 of the cluster's certificate authority, in hexadecimal, with or without colons. */
  readonly caFingerprint?: string | undefined;
  /** The name expected in the certificate and sent as SNI, where it is not the node's own host. */
  readonly serverName?: string | undefined;
}

/** One configured node. A user and password may also stand in the URL, percent-encoded. */
export interface NodeOption {
  /** `http:` or `https:`, with an optional path prefix; no query, no fragment. Without a port: 80 or 443. */
  readonly url: string | URL;
  /** Used for this node alone, instead of the cluster's. */
  readonly auth?: Auth | undefined;
  /** Used for this node alone, instead of the cluster's. */
  readonly tls?: TlsOptions | undefined;
}

/**
 * Which discovered nodes may be sent credentials, beyond those that belong to the configured ones by default.
 *
 * Never widened by it: link-local, multicast, wildcard and cloud metadata addresses.
 */
export interface HostPolicy {
  /** Host names (`es4.example.com`), suffixes with a leading dot (`.example.com`), addresses and CIDR ranges. */
  readonly hosts?: readonly string[] | undefined;
  /** If given, no discovered node on any other port is used, with credentials or without. */
  readonly ports?: readonly number[] | undefined;
}

export interface DiscoveryOptions {
  /** Time between two looks at the cluster's list of nodes. */
  readonly intervalMs?: number | undefined;
  /**
   * Where a published address cannot be reached (Docker, NAT): from what the cluster publishes, `host:port` or `host`,
   * to what to dial instead, `host:port` or `host`.
   */
  readonly addressMap?: Readonly<Record<string, string>> | undefined;
  readonly allow?: HostPolicy | undefined;
  /** The one cluster to talk to, by its `cluster_uuid`; without it, the first verified one. */
  readonly clusterUuid?: string | undefined;
}

/** What is needed to reach one cluster. Each default stands in `defaults`, each bound in `bounds`. */
export interface ClusterOptions {
  /** At least one. They stay usable whatever discovery finds. */
  readonly nodes: readonly (string | URL | NodeOption)[];
  readonly auth?: Auth | AuthProvider | undefined;
  readonly tls?: TlsOptions | undefined;
  /** Sent with every request. Not for credentials, and not for what the connection itself decides. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** `false`: only the configured nodes are used. */
  readonly discovery?: false | DiscoveryOptions | undefined;
  /** `false`: nothing is logged. */
  readonly logger?: Logger | false | undefined;
}

export interface ConnectionOptions {
  /** How many connections a thread may hold to one node. */
  readonly perNode?: number | undefined;
  /** How many of them may be under way of being opened at once. */
  readonly opening?: number | undefined;
  /** After this time without a request a connection is closed. */
  readonly idleMs?: number | undefined;
  /** After this time a connection is replaced, which also looks up the host again. */
  readonly maxAgeMs?: number | undefined;
}

export interface QueueOptions {
  /** How many calls may wait in one thread; beyond it a call fails at once with `QUEUE_FULL`. */
  readonly perThread?: number | undefined;
}

export interface RetryOptions {
  /** How often one request may be sent again. Connections that were never made do not count. */
  readonly max?: number | undefined;
}

/**
 * Where replicas share their view: a URL (`redis:`, `rediss:`), what ioredis takes as options for one server or for
 * Sentinel, or the nodes of a Redis Cluster. Options are handed to ioredis as they are; what the connection must do to
 * be safe is set over them.
 */
export type RedisOption =
  | string
  | object
  | { readonly cluster: readonly (string | object)[]; readonly options?: object | undefined };

/** What a coordinator of its own process is made of. */
export interface CoordinatorOptions extends ClusterOptions {
  readonly redis: RedisOption;
  /** Which view it keeps. */
  readonly name: string;
}

export interface PoolOptions extends ClusterOptions {
  /** Where this process finds the view that it shares with others. Absent: everything happens in this process. */
  readonly redis?: RedisOption | undefined;
  /** Which view this is, in Redis, logs and metrics. Required with `redis`: a default would mix clusters. */
  readonly name?: string | undefined;
  /** With `redis`: whether this process may lead ("candidate"), or leaves that to others ("external"). */
  readonly coordinator?: "candidate" | "external" | undefined;
  /** Worker threads that send the requests; 0 sends from the calling thread. */
  readonly threads?: number | undefined;
  /** The default for every request: covers queue, connection, headers, body and every retry. */
  readonly timeoutMs?: number | undefined;
  readonly connections?: ConnectionOptions | undefined;
  readonly queue?: QueueOptions | undefined;
  /** `false`: every request is sent to one node, once. */
  readonly retry?: false | RetryOptions | undefined;
}

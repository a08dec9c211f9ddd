import type { Logger } from "../logger.js";
import type { SignHook } from "./sign.js";

/**
 * A credential: exactly one of three kinds.
 *
 * `username` and `password` are sent as HTTP Basic in UTF-8; a name must not contain a colon. `apiKey` is either the
 * encoded form that the cluster shows once (base64 of `id:key`), or its two parts. `bearer` is a token, such as a
 * service token, without the word "Bearer". Each part has 1 to 16,384 characters; `password` may be empty.
 */
export type Auth =
  | { readonly username: string; readonly password: string }
  | { readonly apiKey: string | { readonly id: string; readonly key: string } }
  | { readonly bearer: string };

/**
 * A credential whose secret is the content of a file: an absolute path or a file URL. The file is read at start and
 * again when it changes. It has at most 65,536 bytes; a line break at its end is not part of the secret, and it must not
 * be empty. An API key is in its encoded form.
 */
export type AuthFile =
  | { readonly username: string; readonly passwordFile: string | URL }
  | { readonly apiKeyFile: string | URL }
  | { readonly bearerFile: string | URL };

/**
 * What a function gives: a credential, and until when it holds, as a `Date` or in milliseconds since 1970. Without
 * `expiresAt`, the function is called again every 30 s.
 */
export type ProvidedAuth = Auth & { readonly expiresAt?: Date | number | undefined };

/**
 * Called for the credential at start, ahead of `expiresAt` and after a 401, for secrets that change. Runs on the main
 * thread, never in a worker thread.
 */
export type AuthProvider = () => ProvidedAuth | Promise<ProvidedAuth>;

/** PEM text, or its bytes, of 1 to 1,048,576 characters. Never a file name. */
export type Pem = string | Uint8Array;

/** How the certificate of a node is checked, and the client certificate. A certificate is always checked. */
export interface TlsOptions {
  /** The certificate authorities to trust, 1 to 256. Default: those that come with Node. */
  readonly ca?: Pem | readonly Pem[] | undefined;
  /** The client certificate with its chain; requires `key`. Default: none. */
  readonly cert?: Pem | undefined;
  /** The unencrypted private key of `cert`; requires `cert`. Default: none. */
  readonly key?: Pem | undefined;
  /**
   * In place of `ca`, `cert` and `key`: PEM files, by absolute path or file URL. They are read at the start, and again when
   * they are renewed. Not for a proxy. Default: none.
   */
  readonly caFile?: string | URL | undefined;
  readonly certFile?: string | URL | undefined;
  readonly keyFile?: string | URL | undefined;
  /**
   * SHA-256 of the cluster's certificate authority: 64 hexadecimal digits, with or without colons. Default: none, so
   * `ca` or the authorities of Node decide.
   */
  readonly caFingerprint?: string | undefined;
  /** The host name expected in the certificate and sent as SNI. Default: the node's host. */
  readonly serverName?: string | undefined;
  /**
   * The certificates of nodes are not verified: neither authority nor name nor dates. Any machine on the way can answer in
   * a node's place, and read credentials and data; one warning says so at the start. Not together with `ca`, `caFile` and
   * `caFingerprint`, and not for a proxy. Default: false.
   */
  readonly unsafeSkipVerification?: boolean | undefined;
}

/** One configured node. The URL may contain a user and a password, percent-encoded, in place of `auth`. */
export interface NodeOption {
  /** `http:` or `https:`, with an optional path prefix, without query and fragment. Default port: 80 or 443. */
  readonly url: string | URL;
  /** The credential of this node alone. Default: that of the cluster. */
  readonly auth?: Auth | AuthFile | AuthProvider | undefined;
  /** The TLS options of this node alone, in place of all of the cluster's. Default: those of the cluster. */
  readonly tls?: TlsOptions | undefined;
}

/**
 * Which discovered nodes may be sent credentials, in addition to those that belong to the configured nodes.
 *
 * It cannot allow link-local, multicast, wildcard, reserved and cloud metadata addresses.
 */
export interface HostPolicy {
  /**
   * Host names (`es4.example.com`), suffixes with a leading dot (`.example.com`), addresses and CIDR ranges; 1 to 1,024
   * entries. Default: none.
   */
  readonly hosts?: readonly string[] | undefined;
  /**
   * The only ports of discovered nodes that are used, with credentials or without; 1 to 1,024 entries. Default: every
   * port.
   */
  readonly ports?: readonly number[] | undefined;
}

export interface DiscoveryOptions {
  /**
   * "sniff": the cluster's own list of nodes. "dns": the nodes are the addresses of the configured names, each a node with
   * the name's port, credential and certificate; for clusters whose list may not be read. Default: "sniff".
   */
  readonly source?: "sniff" | "dns" | undefined;
  /** Time between two sniffs, in milliseconds. Default: 30,000. Range: 1,000 to 86,400,000. */
  readonly intervalMs?: number | undefined;
  /**
   * From an address that the cluster publishes to the address to connect to, each `host:port` or `host`: for Docker,
   * NAT and tunnels. Default: empty. At most 4,096 entries.
   */
  readonly addressMap?: Readonly<Record<string, string>> | undefined;
  /** Default: only nodes that belong to the configured ones are sent credentials. */
  readonly allow?: HostPolicy | undefined;
  /** The only cluster to use, by its `cluster_uuid`. Default: the cluster of the first node that answers. */
  readonly clusterUuid?: string | undefined;
}

/** An HTTP proxy. Its URL may contain a user and a password, percent-encoded, in place of `auth`. */
export interface ProxyOptions {
  /** `http:` or `https:`, without a path. Default port: 80 or 443. */
  readonly url: string | URL;
  /** The credential for the proxy: user and password, or a bearer token. Default: none. */
  readonly auth?: Auth | undefined;
  /** TLS to the proxy itself, for an https URL. Default: certificates are checked against those that come with Node. */
  readonly tls?: TlsOptions | undefined;
}

/** Nodes, by what the cluster's list says of them. Each field that is given must hold. */
export interface NodeMatch {
  /**
   * The node has one of these roles; 1 to 64. `master` and `cluster_manager` are the same, `data` is also any `data_…`,
   * and `coordinating_only` is a node without roles. Default: any.
   */
  readonly roles?: string | readonly string[] | undefined;
  /**
   * The node has each of these attributes (`node.attr.zone` is `zone`), with one of the values; 1 to 64 attributes, and
   * of each 1 to 64 values. Default: any.
   */
  readonly attributes?: Readonly<Record<string, string | readonly string[]>> | undefined;
}

/**
 * Which of the cluster's nodes this pool sends requests to. Each field is a match, or a list of 1 to 16 of which one must
 * hold. Not with `discovery: false`: only the cluster's list says what a node is.
 */
export interface SelectionOptions {
  /** Only these nodes get requests. Default: all. */
  readonly only?: NodeMatch | readonly NodeMatch[] | undefined;
  /** These nodes get no requests. Default: none. */
  readonly except?: NodeMatch | readonly NodeMatch[] | undefined;
  /**
   * These nodes get the requests while more than half of them are in use; otherwise all nodes share them. Default: none.
   */
  readonly prefer?: NodeMatch | readonly NodeMatch[] | undefined;
}

/** How one cluster is reached. */
export interface ClusterOptions {
  /** The seeds, 1 to 1,024. They stay in use whatever discovery finds. Required, unless `cloudId` is given. */
  readonly nodes?: readonly (string | URL | NodeOption)[] | undefined;
  /**
   * In place of `nodes`: a deployment of Elastic Cloud, by the id that its console shows. Its one address is the only
   * node, and `discovery` is off by default. Default: none.
   */
  readonly cloudId?: string | undefined;
  /** The credential of the cluster. Default: none. */
  readonly auth?: Auth | AuthFile | AuthProvider | undefined;
  /**
   * Signs every attempt of every request, in place of a credential: the URL or the absolute path of a module whose
   * default export is a {@link SignHook}, which each thread that sends loads once; or the function itself, where the
   * calling thread sends. Not together with a credential of the pool, of a node or of a request. Default: none.
   */
  readonly sign?: SignHook | URL | string | undefined;
  /** Default: certificates are checked against the authorities that come with Node. */
  readonly tls?: TlsOptions | undefined;
  /**
   * Sent with every request; at most 64, each of at most 8,192 characters. Default: none. Credentials and headers that
   * the connection sets are refused.
   */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /**
   * `false`: only the configured nodes are used. Default: as `{}`, discovery with its own defaults; but as `false` where
   * every URL has a path, or is that of a managed cluster at one address.
   */
  readonly discovery?: false | DiscoveryOptions | undefined;
  /**
   * An HTTP proxy for every connection to a node, http and https alike, each through a tunnel of its own (CONNECT). The
   * proxy looks up the names of nodes. Default: none; `HTTP_PROXY` in the environment is ignored.
   */
  readonly proxy?: string | URL | ProxyOptions | undefined;
  /** `false`: nothing is logged. Default: lines on standard error: JSON, by pino; text where that is a terminal. */
  readonly logger?: Logger | false | undefined;
}

export interface ConnectionOptions {
  /** The most connections of one thread to one node. Default: 64. Range: 1 to 4,096. */
  readonly perNode?: number | undefined;
  /**
   * The most connections to one node of all threads of all processes that share the view and have this option; without
   * `redis`, of all threads of this pool. The leader shares it out over the threads, evenly and at least one to each:
   * with more threads than that, the number of threads is the limit. `perNode` stays the limit of one thread. Not
   * counted: one connection of each process for probes, and those of processes without the option. Default: none.
   * Range: 1 to 1,000,000.
   */
  readonly fleetPerNode?: number | undefined;
  /**
   * The most connections of one thread to one node that are being opened at once. Default: 16, or `perNode` if that is
   * less. Range: 1 to 4,096, and at most `perNode`.
   */
  readonly opening?: number | undefined;
  /**
   * After this time without a request a connection is closed, in milliseconds. Default: 20,000. Range: 100 to 600,000.
   * Keep it below the idle timeout of every proxy on the way.
   */
  readonly idleMs?: number | undefined;
  /**
   * After this time a connection is replaced, in milliseconds; the new one resolves the host again. Default: 1,800,000.
   * Range: 1,000 to 86,400,000.
   */
  readonly maxAgeMs?: number | undefined;
}

export interface QueueOptions {
  /**
   * The most requests that wait in one thread; the next one fails at once with `QUEUE_FULL`. Those of a lower priority do
   * not count. Default: 1,024. Range: 0 to 1,048,576.
   */
  readonly perThread?: number | undefined;
  /**
   * `true`: each thread limits the attempts in flight by how long nodes take, and refuses requests with `QUEUE_FULL` as
   * they arrive, where more come than nodes can answer: for loads of many calls of a like kind. Default: false.
   */
  readonly adaptive?: boolean | undefined;
}

export interface HedgeOptions {
  /**
   * What hedges that are of no use may cost, as a part of the time that answers take. Default: 0.02. Range: 0.001 to
   * 0.2.
   */
  readonly extraWork?: number | undefined;
}

export interface RetryOptions {
  /** The most retries of one request; failed connection attempts do not count. Default: 3. Range: 1 to 20. */
  readonly max?: number | undefined;
}

/** What is compressed between pool and nodes. A field that is not given has its default. */
export interface CompressionOptions {
  /**
   * Bodies of requests are sent as gzip, by the thread that sends them. Not those whose request has a `content-encoding`.
   * Default: false.
   */
  readonly requests?: boolean | undefined;
  /**
   * Answers are asked for in gzip, deflate, br and, where Node reads it, zstd, and unpacked in the thread that receives
   * them. An answer to a request with an `accept-encoding` of its own is passed on as it came. Default: false.
   */
  readonly responses?: boolean | undefined;
  /**
   * Bodies of requests of more bytes are compressed; one that is a stream always is. Only where `requests` is true.
   * Default: 32,768. Range: 0 to 1,073,741,824.
   */
  readonly aboveBytes?: number | undefined;
}

/** What the requests of a child pool have; a request's own fields come before it. */
export interface ChildOptions {
  /** In place of the pool's credential and the node's. Default: those. */
  readonly auth?: Auth | undefined;
  /** Beside the pool's headers, in place of those of the same name; as the pool's `headers`. Default: none. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** As the pool's `timeoutMs`. Default: that. */
  readonly timeoutMs?: number | undefined;
  /** As that of a request. Default: none. */
  readonly opaqueId?: string | undefined;
}

/**
 * Where replicas share their view: a URL (`redis:`, `rediss:`), the options of ioredis for one server or for Sentinel,
 * the nodes of a Redis Cluster (1 to 64), or a client of ioredis, `Redis` or `Cluster`. Options are passed to ioredis;
 * settings that the view relies on override them. Of a client only its options are read: connections are made beside its
 * own, and it is never closed.
 *
 * Where ioredis takes `password`, `passwordFile` may stand in its place: the absolute path of a file, which is read again
 * for each connection; or a function may, which returns the password, or undefined for none, or a promise of either.
 */
export type RedisOption =
  | string
  | object
  | { readonly cluster: readonly (string | object)[]; readonly options?: object | undefined };

/** The options of a coordinator in a process of its own. */
export interface CoordinatorOptions extends ClusterOptions {
  /** Required. */
  readonly redis: RedisOption;
  /** The name of the view that it publishes, 1 to 64 characters. Required. */
  readonly name: string;
  /** As that of a pool. Default: none. */
  readonly secret?: string | readonly string[] | undefined;
  /** As that of a pool. Default: none. */
  readonly secretFile?: string | URL | undefined;
}

export interface PoolOptions extends ClusterOptions {
  /** Where this process shares its view with others. Default: the view stays in this process. */
  readonly redis?: RedisOption | undefined;
  /**
   * The name of the view in Redis, logs and metrics, 1 to 64 characters. Required with `redis`, because a default would
   * mix the views of two clusters.
   */
  readonly name?: string | undefined;
  /**
   * Proves to the processes that share the view what others of them have written: one secret, or a list of 1 to 8, each
   * of 16 to 1,024 bytes and without white space at its ends. The first seals, all verify. With it, nothing of the view is
   * believed that was not written with one of these. Default: none, so every client that may write to Redis is believed.
   */
  readonly secret?: string | readonly string[] | undefined;
  /**
   * In place of `secret`: a file with a secret a line, by absolute path or file URL. It is read at the start, and again
   * when it changes. Default: none.
   */
  readonly secretFile?: string | URL | undefined;
  /** With `redis`: whether this process may lead ("candidate") or never does ("external"). Default: "candidate". */
  readonly coordinator?: "candidate" | "external" | undefined;
  /**
   * Worker threads that send the requests; 0 sends from the calling thread. Default: 2, or the number of cores less one
   * if that is less; without the option, the calling thread sends where no worker thread can start. Range: 0 to 64.
   */
  readonly threads?: number | undefined;
  /**
   * Where a bundler has put `rollcall/thread`, the module that a worker thread runs: a file URL or an absolute path.
   * Default: the package's own file; in a bundle, `rollcall-thread.js` beside it.
   */
  readonly threadEntry?: URL | string | undefined;
  /**
   * The time limit of a request that sets none, in milliseconds: queue, connection, headers, body and every retry.
   * Default: 30,000. Range: 1 to 86,400,000.
   */
  readonly timeoutMs?: number | undefined;
  /**
   * The most bytes of one answer's body; a larger one ends its request with `BAD_RESPONSE`. Default: 536,870,888, the
   * longest string of JavaScript. Range: 1,024 to 536,870,888.
   */
  readonly maxResponseBytes?: number | undefined;
  /**
   * The most bytes of answers that the pool holds while it reads them, all threads together. At the bound, large answers
   * wait for one another on their connections, within the time limit of their requests; none fails. Not counted: one
   * answer more in each thread, and the first 65,536 bytes of each. Default: 268,435,456, or a quarter of the limit of
   * the JavaScript heap if that is less. Range: 1,048,576 to 1,099,511,627,776.
   */
  readonly maxBufferedResponseBytes?: number | undefined;
  /** Default: the default of each field. */
  readonly connections?: ConnectionOptions | undefined;
  /** Default: the default of each field. */
  readonly queue?: QueueOptions | undefined;
  /** `false`: every request is sent to one node, once. Default: the default of each field. */
  readonly retry?: false | RetryOptions | undefined;
  /**
   * `true`: a Read that waits much longer than usual is sent to a second node as well, and the first answer counts. `false`:
   * never. Not together with `sign`, nor with `retry: false`. Default: false.
   */
  readonly hedge?: boolean | HedgeOptions | undefined;
  /** Default: every node that discovery finds gets requests. */
  readonly selection?: SelectionOptions | undefined;
  /** `true`: bodies of requests and answers; `false`: neither. Default: the default of each field. */
  readonly compression?: boolean | CompressionOptions | undefined;
}

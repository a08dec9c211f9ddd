import type { AuthConfig, Seed, TlsConfig } from "../config/config.js";
import type { Auth } from "../config/options.js";
import { isSameHost } from "./host-policy.js";

/** The address of a node; a `NodeRecord` fits. */
export interface NodeAddress {
  readonly host: string;
  readonly port: number;
}

export type CredentialChoice =
  /** The entry's own: `seed.auth` is set. */
  | { readonly kind: "seed"; readonly seed: Seed & { readonly auth: AuthConfig } }
  /** The cluster's. */
  | { readonly kind: "default" }
  /** Requests carry no credential. */
  | { readonly kind: "none" }
  /** The node must not be used; the reason is a sentence. */
  | { readonly kind: "refused"; readonly reason: string };

/**
 * Which credential a node gets: that of its entry in `nodes`, the cluster's, none, or the node is refused.
 *
 * Its entry is the one with the same host and port, or else the only one with the same host.
 */
export function chooseCredential(
  node: NodeAddress,
  seeds: readonly Seed[],
  defaultAuth: AuthConfig | undefined,
): CredentialChoice {
  const entry = entryOf(node, seeds);
  if (entry !== undefined && hasAuth(entry)) return { kind: "seed", seed: entry };
  if (defaultAuth !== undefined) return { kind: "default" };
  if (entry !== undefined || !seeds.some(hasAuth)) return { kind: "none" };
  return { kind: "refused", reason: "no entry of `nodes` has this host, and there is no `auth` for the whole cluster" };
}

/** The TLS options of a node: its entry's, else the cluster's. The two are never combined. */
export function chooseTls(
  node: NodeAddress,
  seeds: readonly Seed[],
  defaultTls: TlsConfig | undefined,
): TlsConfig | undefined {
  return entryOf(node, seeds)?.tls ?? defaultTls;
}

/**
 * The scheme of a node. A configured node keeps its own; any other is `https` if at least one configured node is, or if
 * the node published an `https` address.
 */
export function chooseScheme(node: NodeAddress & { readonly tls?: true }, seeds: readonly Seed[]): "http" | "https" {
  const seed = seedAt(node, seeds);
  if (seed !== undefined) return seed.scheme;
  return node.tls === true || seeds.some(({ scheme }) => scheme === "https") ? "https" : "http";
}

/** The entry with exactly this host and port. */
export function seedAt<T extends Seed>(node: NodeAddress, seeds: readonly T[]): T | undefined {
  return seeds.find(({ host, port }) => port === node.port && isSameHost(host, node.host));
}

function entryOf(node: NodeAddress, seeds: readonly Seed[]): Seed | undefined {
  const exact = seedAt(node, seeds);
  if (exact !== undefined) return exact;
  const [first, second] = seeds.filter(({ host }) => isSameHost(host, node.host));
  return second === undefined ? first : undefined;
}

function hasAuth(seed: Seed): seed is Seed & { readonly auth: AuthConfig } {
  return seed.auth !== undefined;
}

/** The value of the `authorization` header. */
export function authorizationHeader(auth: Auth): string {
  if ("bearer" in auth) return `Bearer ${auth.bearer}`;
  if ("username" in auth) return `Basic ${base64(`${auth.username}:${auth.password}`)}`;
  const { apiKey } = auth;
  return `ApiKey ${typeof apiKey === "string" ? apiKey : base64(`${apiKey.id}:${apiKey.key}`)}`;
}

/**
 * Whether a header holds no secret. Any other may: a cookie, the token of a proxy, the header of an API gateway.
 *
 * @param name in lower case
 */
export function isPlainHeader(name: string): boolean {
  return plainHeaders.test(name);
}

const plainHeaders =
  /^(?:accept(?:-.*)?|cache-control|user-agent|x-opaque-id|x-elastic-.*|traceparent|tracestate|baggage)$/;

function base64(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}

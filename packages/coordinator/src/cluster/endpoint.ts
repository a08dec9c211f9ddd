import type { CompiledHostPolicy } from "@rollcall/core/access";
import type { ProxyConfig, TlsConfig } from "@rollcall/core/config";

/**
 * All that is needed to talk to one node, as plain data. Made from the view and the local configuration together; it
 * holds the node's credential, so it is never logged, published or shown.
 */
export interface Endpoint {
  /** `host:port` of the node; of one that was looked up, with its number. */
  readonly address: string;
  /** The node's name, where it has one: for its certificate, and to be looked up. */
  readonly host: string;
  readonly port: number;
  readonly scheme: "http" | "https";
  /** `scheme://host:port`. */
  readonly origin: string;
  /** "" or such as `/es`. */
  readonly pathPrefix: string;
  /** The configured headers and this node's own `authorization`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsConfig;
  /** After a 401 there may be another credential for it: from a function, or a file. */
  readonly renewable?: true;
  /** Connections are made through it; absent: directly. */
  readonly proxy?: ProxyConfig;
  /** Dialled instead of looking `host` up. */
  readonly onlyAddress?: string;
  /** What the name of a configured host resolved to last: dialled while the resolver is slow or away. */
  readonly lastAddresses?: readonly string[];
  /** The number that a list gives for the name, where it may be dialled when the name does not resolve. */
  readonly fallbackAddress?: string;
  /** Asked for every resolved address, at connect. */
  readonly policy: CompiledHostPolicy;
}

/**
 * Whether the connections of the one may carry the requests of the other. All else may differ: headers and path are
 * read for every request, policy and addresses for every connection. A connection that was opened before there were
 * credentials may lead anywhere, so it carries none.
 */
export function sameConnection(a: Endpoint, b: Endpoint): boolean {
  if (a.origin !== b.origin || a.address !== b.address || a.tls !== b.tls || a.proxy !== b.proxy) return false;
  return a.policy.unrestricted === b.policy.unrestricted;
}

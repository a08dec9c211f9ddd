/**
 * One member of the cluster as the view names it.
 *
 * It never holds a scheme, a path or a credential: those come from the local configuration alone. So write access to a
 * view is not enough to have a password sent elsewhere, or in clear text.
 */
export interface NodeRecord {
  /** The cluster's own id of the node; "" for a configured address whose node has not answered yet. */
  readonly id: string;
  /** The node's name in the cluster. */
  readonly name?: string;
  /** Lower-case host name (punycode), IPv4, or IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** The numeric address published beside a host name; used when the name does not resolve. IPv6 without brackets. */
  readonly ip?: string;
  /**
   * `host` is one of the addresses of this configured name: the name has the node's credential, and its certificate is for
   * the name. Without a final dot.
   */
  readonly dnsName?: string;
  /** Absent: unknown. Empty: coordinating only. */
  readonly roles?: readonly string[];
  readonly attributes?: Readonly<Record<string, string | readonly string[]>>;
  readonly version?: string;
  /** Other node ids that publish this same address (port forwarding, NAT). */
  readonly aliases?: readonly string[];
  /** The node itself published an `https` address. May raise a node to TLS where the seeds are plain; never lowers. */
  readonly tls?: true;
}

/**
 * `host:port`, with IPv6 in brackets. A seed and a sniffed node are matched by it: so without the dot that marks a name
 * as complete.
 */
export function addressOf({ host, port }: { readonly host: string; readonly port: number }): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host.endsWith(".") ? host.slice(0, -1) : host}:${port}`;
}

/** The parts of what {@link addressOf} gives; a host of IPv6 without brackets. */
export function partsOfAddress(address: string): { readonly host: string; readonly port: number } {
  const colon = address.lastIndexOf(":");
  return { host: address.slice(0, colon).replace(/^\[(.*)\]$/, "$1"), port: Number(address.slice(colon + 1)) };
}

/** `id@host:port`: identifies a node across views. If either part changes, it is another node. */
export function nodeKey(node: NodeRecord): string {
  return `${node.id}@${addressOf(node)}`;
}

import { type Host, type HostKind, parseHost } from "../address/host.js";
import { sniffLimits } from "./limits.js";
import { sanitizeForLog } from "./sanitize-for-log.js";

export type Scheme = "http" | "https";

export type ParsedAddress =
  | {
      readonly ok: true;
      /** Lower-case name (punycode), IPv4, or IPv6 without brackets. */
      readonly host: string;
      readonly port: number;
      /** The numeric address that stood beside a host name. */
      readonly ip?: string;
      /** Servers send none; proxies that rewrite answers do. */
      readonly scheme?: Scheme;
    }
  | { readonly ok: false; readonly reason: string };

/**
 * Reads a node's `publish_address`, in every form that Elasticsearch 1 to 9 and OpenSearch 1 to 3 write:
 * `ip:port`, `host/ip:port`, `host:port`, `[ipv6]:port`, `/ip:port`, `inet[host/ip:port]`, and any of these after
 * `http://` or `https://`.
 *
 * Total: takes anything, never throws. Refuses what cannot be connected to (wildcards, link-local and multicast
 * addresses, no port) with a sentence for people. A loopback address is accepted: whether it can be used depends on
 * the machine that reads it. An address beside a name that cannot be connected to is left out; the name stays.
 */
export function parsePublishAddress(text: unknown): ParsedAddress {
  if (typeof text !== "string") return { ok: false, reason: "publish_address is not text" };
  const published = readPublished(text);
  const fault = "fault" in published ? published.fault : unroutable(published.host);
  if ("fault" in published || fault !== undefined) {
    return { ok: false, reason: `publish_address ${sanitizeForLog(text)} ${fault}` };
  }
  const { host, port, ip, scheme } = published;
  return {
    ok: true,
    host: host.text,
    port,
    ...(ip === undefined || unroutable(ip) !== undefined ? {} : { ip: ip.text }),
    ...(scheme === undefined ? {} : { scheme }),
  };
}

/** What an address says, whether or not it can be used. */
export interface PublishedAddress {
  readonly host: Host;
  readonly port: number;
  /** Beside a name only. */
  readonly ip?: Host;
  readonly scheme?: Scheme;
}

/** What is wrong with a text, as the end of a sentence that begins with the text. */
export interface Fault {
  readonly fault: string;
}

export function readPublished(text: string): PublishedAddress | Fault {
  if (text.length > sniffLimits.addressMaxLength) return { fault: "is too long for an address" };
  if (text.includes("@")) return { fault: "holds an @, which no address does" };

  // Only what ends in `://` is a scheme: `httpd-1:9200` and `https-gw/10.0.0.1:9200` are names.
  const prefix = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text);
  const scheme = prefix?.[1]?.toLowerCase();
  if (scheme !== undefined && scheme !== "http" && scheme !== "https") return { fault: "is neither http nor https" };
  const withScheme: { readonly scheme?: Scheme } = scheme === undefined ? {} : { scheme };
  const afterScheme = text.slice(prefix?.[0].length ?? 0);
  const bare = /^inet\[(.*)\]$/.exec(afterScheme)?.[1] ?? afterScheme;

  const slash = bare.indexOf("/");
  const name = slash < 0 ? "" : bare.slice(0, slash);
  const endpoint = readHostPort(bare.slice(slash + 1));
  if ("fault" in endpoint) return endpoint;
  const { host: beside, port } = endpoint;
  if (slash >= 0 && !beside.numeric) return { fault: "has something else than a numeric address after its slash" };
  if (port === undefined) return { fault: "names no port" };
  if (name === "") return { host: beside, port, ...withScheme };

  const host = parseHost(name);
  if (host === undefined) return { fault: "is not a host name or an address" };
  return { host, port, ...(host.numeric ? {} : { ip: beside }), ...withScheme };
}

export interface HostPort {
  readonly host: Host;
  readonly port?: number;
}

/** Reads `host`, `host:port`, `[ipv6]`, `[ipv6]:port`, or IPv6 without brackets and port. */
export function readHostPort(text: string): HostPort | Fault {
  const [hostText, portText] = splitPort(text);
  if (hostText === "") return { fault: "names no host" };
  const host = parseHost(hostText);
  if (host === undefined) return { fault: "is not a host name or an address" };
  if (portText === undefined) return { host };
  const port = /^[1-9]\d{0,4}$/.test(portText) ? Number(portText) : Number.NaN;
  return port <= 65_535 ? { host, port } : { fault: "has no port from 1 to 65535" };
}

function splitPort(text: string): readonly [host: string, port?: string] {
  const [, inBrackets, afterBrackets] = /^\[([^[\]]*:[^[\]]*)\](?::(.*))?$/.exec(text) ?? [];
  if (inBrackets !== undefined) return afterBrackets === undefined ? [inBrackets] : [inBrackets, afterBrackets];
  const colon = text.indexOf(":");
  // With a second colon it is IPv6 or nothing: a port has no certain beginning.
  const hasPort = colon >= 0 && text.indexOf(":", colon + 1) < 0;
  return hasPort ? [text.slice(0, colon), text.slice(colon + 1)] : [text];
}

const unroutableKinds: Readonly<Partial<Record<HostKind, string>>> = {
  wildcard: "is a wildcard, not an address",
  "link-local": "is link-local: it means something on its own network segment only",
  scoped: "is scoped to an interface of the node's own machine",
  multicast: "is a multicast group, not one machine",
  reserved: "is in a range reserved for no machine",
  metadata: "is a cloud metadata address, where no node can be",
};

/** Why no machine can connect to this host; undefined if some can. */
export function unroutable(host: Host): string | undefined {
  return unroutableKinds[host.kind];
}

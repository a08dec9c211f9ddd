import { formatIp, parseIp } from "./ip-range.js";
import { type IpKind, ipKind } from "./special-ranges.js";

/** The most characters a host may have (RFC 1035, as text without the final dot). */
const hostMaxLength = 253;

/** What a host is good for. A scoped address names an interface of one machine (`fe80::1%eth0`). */
export type HostKind = "name" | "scoped" | IpKind;

/** A host in the one spelling that is compared and stored. */
export interface Host {
  /** Lower-case name (punycode), IPv4, or IPv6 compressed and without brackets or zone. */
  readonly text: string;
  readonly kind: HostKind;
  /** An IPv4 or IPv6 address, not a name. */
  readonly numeric: boolean;
}

/**
 * Reads a host name, an IPv4 address or an IPv6 address without brackets; undefined for anything else.
 *
 * Equal hosts get equal text: names are lower-cased and written in punycode, IPv6 is compressed, and an IPv4 address
 * inside IPv6 (`::ffff:10.0.0.1`) becomes IPv4. Underscores, which Docker Compose puts into names, are allowed. Short
 * and octal IPv4 (`10.1`, `010.0.0.1`) is refused, because programs disagree on what it means.
 */
export function parseHost(text: string): Host | undefined {
  if (text.length === 0 || text.length > hostMaxLength) return undefined;
  const address = parseIp(text);
  if (address === undefined) return parseName(text);
  const kind = text.includes("%") ? "scoped" : ipKind(address);
  return { text: formatIp(address), kind, numeric: true };
}

function parseName(text: string): Host | undefined {
  // Checked before the URL parser, which would cut off a path or a user and drop invisible characters.
  if (/[^\w.\-\u{80}-\u{10ffff}]/u.test(text) || /[\p{C}\p{Z}]/u.test(text)) return undefined;
  const name = hostOfUrl(text);
  if (name === undefined || name.length > hostMaxLength) return undefined;
  // A name whose last label is a number, such as `10.1` or full-width digits, is IPv4 to the URL parser.
  if (parseIp(name) !== undefined) return undefined;
  if (!/^[\w-]{1,63}(\.[\w-]{1,63})*\.?$/.test(name)) return undefined;
  return { text: name, kind: /(^|\.)localhost\.?$/.test(name) ? "loopback" : "name", numeric: false };
}

/** By the platform's URL parser, which implements IDN mapping and punycode (WHATWG URL, "host parsing"). */
function hostOfUrl(host: string): string | undefined {
  try {
    return new URL(`http://${host}/`).hostname;
  } catch {
    return undefined;
  }
}

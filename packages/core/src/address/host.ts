/** The most characters a host may have (RFC 1035, as text without the final dot). */
const hostMaxLength = 253;

/** What a host is good for. "name" and "address" can be connected to; of the rest, "loopback" from one machine only. */
export type HostKind =
  | "name"
  | "address"
  | "loopback"
  | "wildcard"
  | "link-local"
  | "scoped"
  | "multicast"
  | "reserved";

/** A host in the one spelling that we compare and store. */
export interface Host {
  /** Lower-case name (punycode), IPv4, or IPv6 compressed and without brackets or zone. */
  readonly text: string;
  readonly kind: HostKind;
  /** An IPv4 or IPv6 address, not a name. */
  readonly numeric: boolean;
}

/**
 * Reads a host name, an IPv4 address or an IPv6 address without brackets; undefined where it is none of them.
 *
 * Equal hosts get equal text: names are lower-cased and written in punycode, IPv6 is compressed, and an IPv4 address
 * inside IPv6 (`::ffff:10.0.0.1`) becomes IPv4. Underscores, which Docker Compose puts into names, are allowed. Short
 * and octal IPv4 (`10.1`, `010.0.0.1`) is refused: programs disagree on what it means.
 */
export function parseHost(text: string): Host | undefined {
  if (text.length === 0 || text.length > hostMaxLength) return undefined;
  return text.includes(":") ? parseIpv6(text) : (parseIpv4(text) ?? parseName(text));
}

function parseIpv4(text: string): Host | undefined {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return undefined;
  const bytes = text.split(".").map(Number);
  if (bytes.join(".") !== text || bytes.some((byte) => byte > 255)) return undefined;
  return { text, kind: ipv4Kind(bytes), numeric: true };
}

// IANA's special-purpose registry (RFC 6890), as far as it names what no cluster node can be reached by.
function ipv4Kind([first = 0, second = 0]: readonly number[]): HostKind {
  if (first === 0) return "wildcard";
  if (first === 127) return "loopback";
  if (first === 169 && second === 254) return "link-local";
  if (first >= 224 && first <= 239) return "multicast";
  return first >= 240 ? "reserved" : "address";
}

function parseIpv6(text: string): Host | undefined {
  const [bare = "", zone] = text.split("%", 2);
  if (!/^[0-9a-f:.]+$/i.test(bare)) return undefined;
  const compressed = hostOfUrl(`[${bare}]`)?.slice(1, -1);
  if (compressed === undefined) return undefined;
  if (zone !== undefined) return { text: compressed, kind: "scoped", numeric: true };

  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(compressed);
  if (mapped !== null) return parseIpv4(dottedQuad(mapped.slice(1)));
  return { text: compressed, kind: ipv6Kind(compressed), numeric: true };
}

function dottedQuad(words: readonly string[]): string {
  return words
    .map((word) => Number.parseInt(word, 16))
    .map((word) => `${word >> 8}.${word & 0xff}`)
    .join(".");
}

function ipv6Kind(compressed: string): HostKind {
  if (compressed === "::") return "wildcard";
  if (compressed === "::1") return "loopback";
  if (/^fe[89ab][0-9a-f]:/.test(compressed)) return "link-local";
  if (/^ff[0-9a-f]{2}:/.test(compressed)) return "multicast";
  // What is left of ::/96: IPv4 in the deprecated, unmapped way. It would smuggle 127.0.0.1 past the rules above.
  if (/^::[0-9a-f]{1,4}(:[0-9a-f]{1,4})?$/.test(compressed)) return "reserved";
  return "address";
}

function parseName(text: string): Host | undefined {
  // Checked before the URL parser sees it: that one would cut a path or a user off, and drop invisible characters.
  if (/[^\w.\-\u{80}-\u{10ffff}]/u.test(text) || /[\p{C}\p{Z}]/u.test(text)) return undefined;
  const name = hostOfUrl(text);
  if (name === undefined || name.length > hostMaxLength) return undefined;
  // A name whose last label is a number ends as IPv4 here, such as `10.1` or full-width digits.
  if (parseIpv4(name) !== undefined) return undefined;
  if (!/^[\w-]{1,63}(\.[\w-]{1,63})*\.?$/.test(name)) return undefined;
  return { text: name, kind: /(^|\.)localhost\.?$/.test(name) ? "loopback" : "name", numeric: false };
}

// The platform's URL parser knows IDN mapping, punycode and IPv6 compression (WHATWG URL, "host parsing").
function hostOfUrl(host: string): string | undefined {
  try {
    return new URL(`http://${host}/`).hostname;
  } catch {
    return undefined;
  }
}

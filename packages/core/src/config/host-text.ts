import { isIPv6 } from "node:net";
import { parseIp } from "../access/ip-range.js";
import { bounds } from "./defaults.js";
import { isWholeNumber } from "./read-options.js";

/**
 * A host in the one form that is compared everywhere: lower case, punycode, canonical addresses, IPv6 without brackets,
 * and an IPv4 address written as IPv6 as IPv4. Undefined if the text is no host.
 */
export function normaliseHost(text: string): string | undefined {
  if (/[\s/?#@%\\]/.test(text)) return undefined;
  const url = `http://${isIPv6(text) ? `[${text}]` : text}`;
  if (/:\d*$/.test(url) && !isIPv6(text)) return undefined; // a port, or what is left of one
  return URL.canParse(url) ? hostOf(new URL(url)) : undefined;
}

/** The host of an `http:` or `https:` URL, normalised. Undefined for what the URL standard lets pass, such as `*`. */
export function hostOf(url: URL): string | undefined {
  const bracketed = /^\[(.*)\]$/.exec(url.hostname)?.[1];
  if (bracketed === undefined) return /^[a-z0-9_][a-z0-9_.-]{0,252}$/.test(url.hostname) ? url.hostname : undefined;
  const address = parseIp(bracketed);
  return address?.family === 4 ? ipv4Text(address.value) : bracketed;
}

/** `host:port` or `host`, normalised: IPv6 in brackets before a port, and without them alone. */
export function normaliseHostAndPort(text: string): string | undefined {
  const [, hostText = text, portText] = /^(.*[^:]):(\d{1,5})$/.exec(isIPv6(text) ? "" : text) ?? [];
  const host = normaliseHost(hostText);
  if (host === undefined || portText === undefined) return host;
  const port = Number(portText);
  if (!isWholeNumber(port, bounds.port)) return undefined;
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

function ipv4Text(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join(".");
}

import { isIPv6 } from "node:net";
import { parseHost } from "../address/host.js";
import { bounds } from "./defaults.js";
import { isWholeNumber } from "./read-options.js";

/** The host of an `http:` or `https:` URL in the one spelling that is compared everywhere. */
export function hostOf(url: URL): string | undefined {
  return parseHost(withoutBrackets(url.hostname))?.text;
}

/** `host:port` or `host`, normalised: IPv6 in brackets before a port, and without them alone. */
export function normaliseHostAndPort(text: string): string | undefined {
  const [, hostText = text, portText] = /^(.*[^:]):(\d{1,5})$/.exec(isIPv6(text) ? "" : text) ?? [];
  const host = parseHost(withoutBrackets(hostText))?.text;
  if (host === undefined || portText === undefined) return host;
  const port = Number(portText);
  if (!isWholeNumber(port, bounds.port)) return undefined;
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Removes the brackets that an IPv6 address has in a URL. */
export function withoutBrackets(host: string): string {
  return /^\[(.*:.*)\]$/.exec(host)?.[1] ?? host;
}

import { isIPv4 } from "node:net";

/** Where a server listens. */
export interface HttpAddress {
  /** A name or an address; an IPv6 address without brackets. */
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  /** Whether only this machine can connect. */
  readonly isLoopback: boolean;
}

const portMax = 65_535;

/** `host:port` or `[::1]:port`; undefined for anything else. */
export function parseHttpAddress(text: string): HttpAddress | undefined {
  const [, six, named, digits = ""] = /^(?:\[([\da-fA-F:.]+)\]|([\w.-]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = six ?? named;
  const port = Number(digits);
  if (host === undefined || port > portMax) return undefined;
  return { host, port, isLoopback: isLoopbackHost(host) };
}

/** Whether a name or address, without port and brackets, means this machine itself. */
export function isLoopbackHost(host: string): boolean {
  return host.toLowerCase() === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));
}

/** The name or address in a `Host` header, without port and brackets. */
export function hostOfHeader(header: string): string {
  return header.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
}

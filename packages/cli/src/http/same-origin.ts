import type { IncomingHttpHeaders } from "node:http";

/**
 * Whether a request that changes something comes from the page itself, or from a program that is no browser. A browser
 * says with `Sec-Fetch-Site`, older ones with `Origin`, which page a request comes from.
 */
export function isFromHere(headers: IncomingHttpHeaders): boolean {
  const { origin, host } = headers;
  const site = headers["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin") return false;
  return origin === undefined || /^https?:\/\/([^/]+)$/.exec(origin)?.[1] === host;
}

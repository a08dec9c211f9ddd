import type { IncomingHttpHeaders } from "node:http";
import { hostOfHeader, isLoopbackHost } from "./http-address.js";

/**
 * Whether the `Host` header names this machine. A page of the web can make its own name mean 127.0.0.1 (DNS rebinding):
 * its requests then carry that name.
 */
export function namesThisMachine({ host }: IncomingHttpHeaders): boolean {
  return host !== undefined && isLoopbackHost(hostOfHeader(host));
}

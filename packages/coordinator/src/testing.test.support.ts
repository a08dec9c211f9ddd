import type { TlsConfig } from "@rollcall/core/config";
import { createHostPolicy } from "@rollcall/core/policy";
import { addressOf } from "@rollcall/core/view";
import type { Endpoint } from "./cluster/endpoint.js";

/** An endpoint as a configured node without credentials has it. */
export function endpointAt(
  port: number,
  given: { readonly scheme?: "http" | "https"; readonly host?: string; readonly tls?: TlsConfig } & Partial<
    Pick<Endpoint, "policy" | "proxy" | "lastAddresses" | "fallbackAddress" | "headers" | "pathPrefix">
  > = {},
): Endpoint {
  const { scheme = "http", host = "127.0.0.1", tls = {}, headers = {}, pathPrefix = "", ...rest } = given;
  const seeds = [{ scheme, host, port, pathPrefix, addresses: [] }];
  const policy = createHostPolicy({ seeds, hasCredentials: false });
  const address = addressOf({ host, port });
  return { address, host, port, scheme, origin: `${scheme}://${address}`, pathPrefix, headers, tls, policy, ...rest };
}

import type { LookupAddress } from "node:dns";
import { isIP } from "node:net";
import { judgeAddress, securityOf } from "@rollcall/core/access";
import type { Endpoint } from "./endpoint.js";
import type { NameCache } from "./name-cache.js";
import { hostRefused, RefusedConnection } from "./refused-connection.js";

/** The addresses of a host that the host policy allows. */
export function resolveAllowed(
  endpoint: Endpoint,
  names: NameCache,
  done: (error: Error | null, addresses: readonly LookupAddress[]) => void,
): void {
  const { host, port, scheme, tls, policy, onlyAddress, fallbackAddress, lastAddresses } = endpoint;
  // It was judged when its endpoint was made.
  if (onlyAddress !== undefined) return done(null, [addressed(onlyAddress)]);
  if (isIP(host) !== 0) return done(null, [addressed(host)]);

  const listed = fallbackAddress === undefined ? [] : [addressed(fallbackAddress)];
  const known = lastAddresses === undefined || lastAddresses.length === 0 ? listed : lastAddresses.map(addressed);
  names.resolve(host, known, (error, resolved) => {
    const addresses = error === null ? resolved : listed;
    if (error !== null && addresses.length === 0) return done(error, []);

    let reason = `${host} has no address`;
    const allowed = addresses.filter(({ address }) => {
      const verdict = judgeAddress(policy, { host, port, address, ...securityOf(scheme, tls) });
      if (verdict.verdict === "refused") reason = verdict.reason;
      return verdict.verdict === "allowed";
    });
    if (allowed.length === 0) return done(new RefusedConnection(hostRefused, reason), []);
    done(null, allowed);
  });
}

function addressed(address: string): LookupAddress {
  return { address, family: isIP(address) };
}

import { getDomain } from "tldts";
import { providerSuffixes } from "./provider-suffixes.js";

/**
 * The domain whose other names have the same owner as `host`: all but the first label. Undefined if that is uncertain:
 * for addresses, single labels, public suffixes, and names in a provider's domain.
 *
 * Loads the public suffix list, which takes 40 ms. That is why `core/suffixes` is a stage of its own: a pool loads it
 * only where a name and a credential are configured, and a worker thread never.
 *
 * @param host lower-case, punycode, without a final dot
 */
export function parentDomain(host: string): string | undefined {
  const parent = host.slice(host.indexOf(".") + 1);
  const registrable = getDomain(host, { allowPrivateDomains: true, extractHostname: false, validateHostname: false });
  if (registrable === null || !isAtOrBelow(parent, registrable)) return undefined;
  return providerSuffixes.some((suffix) => isAtOrBelow(parent, suffix)) ? undefined : parent;
}

function isAtOrBelow(name: string, domain: string): boolean {
  return name === domain || name.endsWith(`.${domain}`);
}

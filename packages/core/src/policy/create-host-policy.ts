import {
  type CompiledHostPolicy,
  type HostPolicyInput,
  isUnverified,
  originOf,
  plainName,
  type SchemeRules,
} from "../access/host-policy.js";
import { type IpAddress, type IpRange, isInRange, parseIp, parseIpRange } from "../address/ip-range.js";
import { loopbackRanges, privateRanges } from "../address/special-ranges.js";

type SeedInput = HostPolicyInput["seeds"][number];

/**
 * Where requests with credentials may go, so that write access to a view, or a forged sniff answer, cannot redirect
 * them to a foreign host.
 *
 * Always: the configured nodes, the same hosts on other ports, and what `allow.hosts` names.
 * Over `https`, if the certificate is verified, also: one label below the parent domain of a configured name,
 * unless that is a public or provider suffix; for a configured address, the private or loopback range that contains it;
 * and everything that may be reached over `http`.
 * Over `http`, if `http` nodes are configured, also: private addresses, if all of those nodes are known to be at
 * private or loopback addresses; and loopback addresses, if one of them is at one. Without `http` nodes, nothing.
 * Over `https` without verification: as over `http`, with the nodes that are configured so among the `http` ones.
 * Never: addresses that no node can have, such as link-local ones, and ports that `allow.ports`, if given, leaves out.
 *
 * Without credentials, every address is allowed except those.
 */
export function createHostPolicy(input: HostPolicyInput): CompiledHostPolicy {
  const { seeds, defaultTls, allow, hasCredentials, parentDomain } = input;
  const httpSeeds = seeds.filter(({ scheme }) => scheme === "http");
  const allowedHosts = (allow?.hosts ?? []).map(plainName);
  const http = httpSeeds.length === 0 ? nothing : httpRules(httpSeeds, allowedHosts);
  const unproven = seeds.filter(({ scheme, tls = defaultTls }) => scheme === "http" || isUnverified(tls));
  const https = httpsRules(seeds, allowedHosts, parentDomain);
  return {
    seeds: new Set(seeds.map(originOf)),
    ...(allow?.ports === undefined ? {} : { ports: new Set(allow.ports) }),
    unrestricted: !hasCredentials,
    http,
    // What is allowed over http is allowed over https.
    https: { ...https, ranges: [...https.ranges, ...http.ranges] },
    unverified: httpRules(unproven, allowedHosts),
  };
}

const nothing: SchemeRules = { hosts: new Set(), suffixes: [], parents: new Set(), ranges: [] };

function httpRules(seeds: readonly SeedInput[], allowedHosts: readonly string[]): SchemeRules {
  const named = rulesFor([...seeds.map(nameOf), ...allowedHosts]);
  return { ...named, ranges: [...named.ranges, ...sharedPrivateRanges(seeds)] };
}

function httpsRules(
  seeds: readonly SeedInput[],
  allowedHosts: readonly string[],
  parentDomain: HostPolicyInput["parentDomain"] = () => undefined,
): SchemeRules {
  const names = seeds.map(nameOf);
  const named = rulesFor([...names, ...allowedHosts]);
  return {
    ...named,
    parents: new Set(names.map(parentDomain).filter(isDefined)),
    ranges: [...named.ranges, ...rangesAround(names)],
  };
}

/** What the texts name literally: hosts, suffixes with a leading dot, addresses and ranges. */
function rulesFor(texts: readonly string[]): SchemeRules {
  return {
    hosts: new Set(texts.filter((text) => !text.startsWith(".") && parseIpRange(text) === undefined)),
    suffixes: texts.filter((text) => text.startsWith(".")),
    parents: new Set(),
    ranges: texts.map(parseIpRange).filter(isDefined),
  };
}

function nameOf({ host }: SeedInput): string {
  return plainName(host);
}

/** For http. A host that does not resolve at the moment is ignored. */
function sharedPrivateRanges(seeds: HostPolicyInput["seeds"]): readonly IpRange[] {
  const known = seeds.flatMap(({ host, addresses }) => [
    ...literalAddresses(host),
    ...addresses.map(parseIp).filter(isDefined),
  ]);
  const some = (ranges: readonly IpRange[]) => known.some((address) => rangeOf(address, ranges) !== undefined);
  const everyIsLocal = known.every((address) => rangeOf(address, [...privateRanges, ...loopbackRanges]) !== undefined);
  if (known.length === 0 || !everyIsLocal) return [];
  return some(loopbackRanges) ? [...privateRanges, ...loopbackRanges] : privateRanges;
}

/** For https: the ranges around seeds that are given as addresses. */
function rangesAround(seedHosts: readonly string[]): readonly IpRange[] {
  return seedHosts
    .flatMap(literalAddresses)
    .flatMap((address) =>
      rangeOf(address, loopbackRanges) === undefined ? (rangeOf(address, privateRanges) ?? []) : loopbackRanges,
    );
}

/** The addresses of a host that need no resolution; `localhost` is loopback by RFC 6761. */
function literalAddresses(host: string): readonly IpAddress[] {
  const literals = plainName(host) === "localhost" ? ["127.0.0.1", "::1"] : [host];
  return literals.map(parseIp).filter(isDefined);
}

function rangeOf(address: IpAddress, ranges: readonly IpRange[]): IpRange | undefined {
  return ranges.find((range) => isInRange(address, range));
}

function isDefined<T>(value: T | undefined): value is T {
  return value !== undefined;
}

import { type IpAddress, type IpRange, isInRange, parseIp } from "../address/ip-range.js";
import { neverNodeKind } from "../address/special-ranges.js";
import type { AllowConfig, Seed, TlsConfig } from "../config/config.js";
import { addressOf } from "../view/node-record.js";

/** What a host policy is compiled from. */
export interface HostPolicyInput {
  /** `addresses`: what the host resolves to now; empty if unknown. */
  readonly seeds: readonly (Seed & { readonly addresses: readonly string[] })[];
  /** Of the nodes whose entry has no TLS settings of its own. */
  readonly defaultTls?: TlsConfig;
  readonly allow?: AllowConfig;
  /** Whether any request may carry a credential. Without one there is little to protect. */
  readonly hasCredentials: boolean;
  /** That of `core/suffixes`. Absent, as before it is loaded: no name beside a configured one is allowed. */
  readonly parentDomain?: (host: string) => string | undefined;
}

/** Which nodes may be used. Plain data: a worker thread receives it and judges by this file alone. */
export interface CompiledHostPolicy {
  /** `scheme://host:port` of the configured nodes: always allowed. */
  readonly seeds: ReadonlySet<string>;
  /** Absent: every port. */
  readonly ports?: ReadonlySet<number>;
  /** Without credentials: every address that a node can have. */
  readonly unrestricted: boolean;
  readonly http: SchemeRules;
  readonly https: SchemeRules;
  /** Over https without verification, where a name proves as little as over http. */
  readonly unverified: SchemeRules;
}

/** What is allowed over one scheme. */
export interface SchemeRules {
  readonly hosts: ReadonlySet<string>;
  /** With the leading dot; names of any depth below are allowed. */
  readonly suffixes: readonly string[];
  /** Exactly one label below is allowed. */
  readonly parents: ReadonlySet<string>;
  readonly ranges: readonly IpRange[];
}

/** One node as a connection would address it. */
export interface Destination {
  /** A host name (punycode), IPv4, or IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  readonly scheme: "http" | "https";
  /** Over https, and the certificate is not verified: see {@link isUnverified}. */
  readonly unverified?: true;
}

/** `reason` is a sentence for people, and names the option that decides. */
export type AddressVerdict = { readonly verdict: "allowed" } | { readonly verdict: "refused"; readonly reason: string };

/** `allowed-if-address`: the address that the name resolves to decides, by {@link judgeAddress}. */
export type HostVerdict = AddressVerdict | { readonly verdict: "allowed-if-address" };

const allowed = { verdict: "allowed" } as const;

/** Whether a node may be used, by its host, port and scheme. */
export function judgeHost(policy: CompiledHostPolicy, destination: Destination): HostVerdict {
  const { host, port } = destination;
  if (isSeed(policy, destination)) return allowed;
  if (policy.ports !== undefined && !policy.ports.has(port)) {
    return refused(`port ${port} of ${host} is not in \`discovery.allow.ports\``);
  }

  const address = parseIp(host);
  if (address !== undefined) return judgeIp(policy, destination, address, host);

  const rules = rulesOf(policy, destination);
  if (policy.unrestricted || isNamed(rules, plainName(host))) return allowed;
  if (rules.ranges.length > 0) return { verdict: "allowed-if-address" };
  return refused(outside(host, destination));
}

/**
 * Whether a connection may go to `address`, to which the host has just been resolved. To be called for every new
 * connection, because a name may resolve to another address each time. Refuses everything that {@link judgeHost}
 * refuses.
 */
export function judgeAddress(
  policy: CompiledHostPolicy,
  destination: Destination & { readonly address: string },
): AddressVerdict {
  if (isSeed(policy, destination)) return allowed;
  const byHost = judgeHost(policy, destination);
  if (byHost.verdict === "refused") return byHost;

  const { host } = destination;
  const address = parseIp(destination.address);
  if (address === undefined) return refused(`${host} resolves to something that is not an address`);
  const byAddress = judgeIp(policy, destination, address, `${host}, now at ${destination.address},`);
  const trustsName = byHost.verdict === "allowed" && parseIp(host) === undefined;
  return trustsName && neverNodeKind(address) === undefined ? allowed : byAddress;
}

function judgeIp(
  policy: CompiledHostPolicy,
  over: Pick<Destination, "scheme" | "unverified">,
  address: IpAddress,
  shown: string,
): AddressVerdict {
  const kind = neverNodeKind(address);
  if (kind !== undefined) return refused(`${shown} is ${kind}, which \`discovery.allow\` cannot permit`);
  const isAllowed = policy.unrestricted || rulesOf(policy, over).ranges.some((range) => isInRange(address, range));
  return isAllowed ? allowed : refused(outside(shown, over));
}

function rulesOf(policy: CompiledHostPolicy, over: Pick<Destination, "scheme" | "unverified">): SchemeRules {
  return over.unverified === true ? policy.unverified : policy[over.scheme];
}

/** Whether TLS settings let any certificate pass. */
export function isUnverified(tls: TlsConfig | undefined): boolean {
  return tls?.unsafeSkipVerification === true;
}

/** How a connection with these settings is secured, as a {@link Destination} says it. */
export function securityOf(
  scheme: "http" | "https",
  tls: TlsConfig | undefined,
): Pick<Destination, "scheme" | "unverified"> {
  return scheme === "https" && isUnverified(tls) ? { scheme, unverified: true } : { scheme };
}

/** Whether a certificate proves the name of a node. */
export function isProven({ scheme, unverified }: Pick<Destination, "scheme" | "unverified">): boolean {
  return scheme === "https" && unverified !== true;
}

function isSeed(policy: CompiledHostPolicy, destination: Destination): boolean {
  return policy.seeds.has(originOf(destination));
}

/** `scheme://host:port`. With the scheme, so that a seed configured as https is not allowed over http. */
export function originOf(destination: Destination): string {
  return `${destination.scheme}://${addressOf(destination)}`;
}

function isNamed({ hosts, suffixes, parents }: SchemeRules, name: string): boolean {
  if (hosts.has(name) || suffixes.some((suffix) => name.endsWith(suffix) && name !== suffix)) return true;
  const dot = name.indexOf(".");
  return dot > 0 && parents.has(name.slice(dot + 1));
}

/**
 * The number that a list gives for this host, if it may be dialled in place of the name when that does not resolve.
 *
 * Over https the certificate proves the name. Over http, and where it is not verified, nothing does: there a name that the configuration trusts is
 * never replaced by a number that a list gives, and any other name only by a number that is allowed for itself.
 */
export function fallbackFor(
  policy: CompiledHostPolicy,
  destination: Destination,
  listed: string | undefined,
): string | undefined {
  if (isProven(destination) || policy.unrestricted) return listed;
  // Its verdict is `allowed-if-address`: `judgeAddress` decides by the number alone.
  return judgeHost(policy, destination).verdict === "allowed-if-address" ? listed : undefined;
}

/** Whether both name the same host, whatever their case and final dot. */
export function isSameHost(a: string, b: string): boolean {
  return a === b || plainName(a) === plainName(b);
}

/** Lower case, and without the dot that marks a name as complete. */
export function plainName(host: string): string {
  return host.toLowerCase().replace(/\.$/, "");
}

function outside(shown: string, { scheme, unverified }: Pick<Destination, "scheme" | "unverified">): string {
  const over = unverified === true ? "https whose certificates are not verified" : scheme;
  return `${shown} may not be sent credentials over ${over}; if it is yours, add it to \`discovery.allow.hosts\``;
}

function refused(reason: string): { readonly verdict: "refused"; readonly reason: string } {
  return { verdict: "refused", reason };
}

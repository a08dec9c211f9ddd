import { type IpAddress, type IpRange, isInRange, parseIpRange } from "./ip-range.js";

/** Addresses inside one's own network. */
export const privateRanges = ranges("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7");

export const loopbackRanges = ranges("127.0.0.0/8", "::1");

/**
 * What an address is good for. No node can have an address of a kind other than "address" and "loopback", but a
 * credential sent there could be stolen: it reaches no one machine, or a cloud's metadata service.
 */
export type IpKind = "address" | "loopback" | "wildcard" | "link-local" | "multicast" | "reserved" | "metadata";

/**
 * From the special-purpose registries of IANA (RFC 6890) and the documentation of the clouds. The first match counts.
 */
const specialRanges: readonly { readonly kind: IpKind; readonly ranges: readonly IpRange[] }[] = [
  { kind: "wildcard", ranges: ranges("0.0.0.0/8", "::") },
  { kind: "loopback", ranges: loopbackRanges },
  { kind: "link-local", ranges: ranges("169.254.0.0/16", "fe80::/10") },
  { kind: "multicast", ranges: ranges("224.0.0.0/4", "ff00::/8") },
  // ::/96 is IPv4 in the deprecated form `::127.0.0.1`, which would bypass the rules for IPv4.
  { kind: "reserved", ranges: ranges("240.0.0.0/4", "::/96") },
  {
    kind: "metadata",
    ranges: ranges(
      "168.63.129.16", // Azure
      "192.0.0.192", // Oracle
      "100.100.100.200", // Alibaba
      "fd00:ec2::/32", // AWS
      "fd20:ce::/32", // Google
      "fd00:42::42", // Scaleway
    ),
  },
];

/** A NAT64 gateway translates these into IPv4, so the rules for IPv4 apply (RFC 6052). */
const nat64 = range("64:ff9b::/96");

export function ipKind(address: IpAddress): IpKind {
  const reached: IpAddress = isInRange(address, nat64) ? { family: 4, value: address.value & 0xffff_ffffn } : address;
  return specialRanges.find(({ ranges }) => ranges.some((range) => isInRange(reached, range)))?.kind ?? "address";
}

const phrases: Readonly<Partial<Record<IpKind, string>>> = {
  wildcard: "a wildcard address",
  "link-local": "a link-local address",
  multicast: "a multicast address",
  reserved: "a broadcast or reserved address",
  metadata: "a cloud metadata address",
};

/** The kind of an address that no node can have, as a phrase such as "a multicast address"; undefined for any other. */
export function neverNodeKind(address: IpAddress): string | undefined {
  return phrases[ipKind(address)];
}

function ranges(...texts: readonly string[]): readonly IpRange[] {
  return texts.map(range);
}

function range(text: string): IpRange {
  const parsed = parseIpRange(text);
  if (parsed === undefined) throw new TypeError(`${text} is not a range`);
  return parsed;
}

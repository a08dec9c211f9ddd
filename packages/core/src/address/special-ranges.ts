import { type IpAddress, type IpRange, isInRange, parseIpRange } from "./ip-range.js";

/** Where only machines of one's own network can be. */
export const privateRanges = ranges("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7");

export const loopbackRanges = ranges("127.0.0.0/8", "::1");

/**
 * Where no search node ever is, but where a credential could be stolen: what reaches nobody in particular, and the
 * addresses at which clouds answer their machines' questions. From the special-purpose registries of IANA and the
 * documentation of the clouds.
 */
const neverNodes: readonly { readonly kind: string; readonly ranges: readonly IpRange[] }[] = [
  { kind: "a wildcard address", ranges: ranges("0.0.0.0/8", "::") },
  { kind: "a link-local address", ranges: ranges("169.254.0.0/16", "fe80::/10") },
  { kind: "a multicast address", ranges: ranges("224.0.0.0/4", "ff00::/8") },
  { kind: "a broadcast or reserved address", ranges: ranges("240.0.0.0/4") },
  {
    kind: "a cloud metadata address",
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

// A gateway turns these into IPv4, whose rules then hold (RFC 6052).
const translated = range("64:ff9b::/96");

/** What kind of address this is, if no node can be there: a phrase such as "a multicast address". */
export function neverNodeKind(address: IpAddress): string | undefined {
  const reached: IpAddress = isInRange(address, translated)
    ? { family: 4, value: address.value & 0xffff_ffffn }
    : address;
  return neverNodes.find(({ ranges }) => ranges.some((range) => isInRange(reached, range)))?.kind;
}

function ranges(...texts: readonly string[]): readonly IpRange[] {
  return texts.map(range);
}

function range(text: string): IpRange {
  const parsed = parseIpRange(text);
  if (parsed === undefined) throw new TypeError(`${text} is not a range`);
  return parsed;
}

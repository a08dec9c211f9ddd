import { isIP } from "node:net";

/** An address as a number. An IPv4 address written as IPv6 (`::ffff:10.0.0.1`) is the IPv4 address. */
export interface IpAddress {
  readonly family: 4 | 6;
  readonly value: bigint;
}

/** All addresses of one family from `first` to `last`. Plain data: it may be posted to a thread. */
export interface IpRange {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
}

const mappedPrefix = 0xffffn; // the upper 96 bits of ::ffff:0:0/96

/** Reads IPv4, or IPv6 without brackets; a zone (`%eth0`) is dropped. Anything else: undefined. */
export function parseIp(text: string): IpAddress | undefined {
  switch (isIP(text)) {
    case 4:
      return { family: 4, value: ipv4Value(text) };
    case 6: {
      const value = ipv6Value(text);
      return value >> 32n === mappedPrefix ? { family: 4, value: value & 0xffff_ffffn } : { family: 6, value };
    }
    default:
      return undefined;
  }
}

/**
 * Reads an address, or a CIDR range such as `10.0.0.0/8` or `fd00::/8`. Undefined for anything else, also where bits
 * are set behind the prefix (`10.1.2.3/8`), because it is unclear which of the two parts is the slip.
 */
export function parseIpRange(text: string): IpRange | undefined {
  const [addressText = "", prefixText, ...rest] = text.split("/");
  const address = parseIp(addressText);
  if (address === undefined || rest.length > 0 || addressText.includes("%")) return undefined;
  const { family, value } = address;
  if (prefixText === undefined) return { family, first: value, last: value };

  if (!/^\d{1,3}$/.test(prefixText)) return undefined;
  const writtenBits = isIP(addressText) === 4 ? 32 : 128;
  const hostBits = writtenBits - Number(prefixText);
  const familyBits = family === 4 ? 32 : 128;
  if (hostBits < 0 || hostBits > familyBits) return undefined;
  const span = (1n << BigInt(hostBits)) - 1n;
  return (value & span) === 0n ? { family, first: value, last: value | span } : undefined;
}

export function isInRange({ family, value }: IpAddress, range: IpRange): boolean {
  return family === range.family && value >= range.first && value <= range.last;
}

function ipv4Value(text: string): bigint {
  return text.split(".").reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}

function ipv6Value(text: string): bigint {
  const [withoutZone = ""] = text.split("%");
  const [head = "", tail] = withoutZone.split("::");
  const left = ipv6Groups(head);
  const right = tail === undefined ? [] : ipv6Groups(tail);
  const zeros = Array<bigint>(8 - left.length - right.length).fill(0n);
  return [...left, ...zeros, ...right].reduce((value, group) => (value << 16n) | group, 0n);
}

/** The last two groups may be written as an IPv4 address. */
function ipv6Groups(text: string): bigint[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (!group.includes(".")) return [BigInt(`0x${group}`)];
    const value = ipv4Value(group);
    return [value >> 16n, value & 0xffffn];
  });
}

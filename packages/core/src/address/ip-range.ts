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

/** The upper 96 bits of `::ffff:0:0/96`, in which an IPv4 address is written as IPv6. */
const mappedPrefix = 0xffffn;

/** Reads IPv4, or IPv6 without brackets; a zone (`%eth0`) is dropped. Anything else: undefined. */
export function parseIp(text: string): IpAddress | undefined {
  switch (isIP(text)) {
    case 4:
      return { family: 4, value: text.split(".").reduce((value, byte) => (value << 8n) | BigInt(byte), 0n) };
    case 6: {
      const value = ipv6Value(compressed(text.split("%")[0] ?? ""));
      return value >> 32n === mappedPrefix ? { family: 4, value: value & 0xffff_ffffn } : { family: 6, value };
    }
    default:
      return undefined;
  }
}

/** The one spelling that is compared and stored: IPv4, or IPv6 compressed and without a zone. */
export function formatIp({ family, value }: IpAddress): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join(".");
  return compressed(
    value
      .toString(16)
      .padStart(32, "0")
      .replace(/.{4}(?!$)/g, "$&:"),
  );
}

/**
 * Reads an address, or a CIDR range such as `10.0.0.0/8` or `fd00::/8`. Undefined for anything else, also if bits are
 * set behind the prefix (`10.1.2.3/8`), because it is unclear which of the two parts is wrong.
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

/** By the platform's URL parser: lower-case hexadecimal groups, the longest run of zeros as `::`, no IPv4 part. */
function compressed(ipv6: string): string {
  return new URL(`http://[${ipv6}]/`).hostname.slice(1, -1);
}

function ipv6Value(text: string): bigint {
  const [left = [], right = []] = text.split("::").map((part) => part.split(":").filter((group) => group !== ""));
  const zeros = Array<string>(8 - left.length - right.length).fill("0");
  return [...left, ...zeros, ...right].reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}

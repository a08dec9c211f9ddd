import { addressOf } from "../view/node-record.js";
import { type Fault, type HostPort, type PublishedAddress, readHostPort, unroutable } from "./parse-address.js";
import { sanitizeForLog } from "./sanitize-for-log.js";

/** `discovery.addressMap` with its keys in the one spelling that addresses are compared in. */
export type AddressMap = ReadonlyMap<string, string>;

/** Reads the option. A key that is no address matches no node, and is left out. */
export function readAddressMap(option: Readonly<Record<string, string>> | undefined): AddressMap {
  const map = new Map<string, string>();
  for (const [key, value] of Object.entries(option ?? {})) {
    const hostPort = readHostPort(key);
    if (!("fault" in hostPort)) map.set(keyOf(hostPort), value);
  }
  return map;
}

/**
 * Where a published address is reached, by the operator's map; undefined if the map does not name it.
 *
 * The nearest match wins: first host and port, by name and then by number, then the host alone. A value without a
 * port keeps the published one.
 */
export function mapAddress(map: AddressMap, published: PublishedAddress): Required<HostPort> | Fault | undefined {
  const { host, ip = host, port } = published;
  const candidates = [{ host, port }, { host: ip, port }, { host }, { host: ip }];
  const key = candidates.map(keyOf).find((candidate) => map.has(candidate));
  const value = key === undefined ? undefined : map.get(key);
  if (key === undefined || value === undefined) return undefined;

  const target = readHostPort(value);
  const fault = "fault" in target ? target.fault : unroutable(target.host);
  if ("fault" in target || fault !== undefined) {
    return { fault: `is mapped by discovery.addressMap (${key}) to ${sanitizeForLog(value)}, which ${fault}` };
  }
  return { host: target.host, port: target.port ?? port };
}

function keyOf({ host, port }: HostPort): string {
  return port === undefined ? host.text : addressOf({ host: host.text, port });
}

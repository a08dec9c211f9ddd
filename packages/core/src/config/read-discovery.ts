import { isIP } from "node:net";
import { parseHost } from "../address/host.js";
import { parseIpRange } from "../address/ip-range.js";
import type { AllowConfig, DiscoveryConfig, Seed } from "./config.js";
import { bounds, defaults } from "./defaults.js";
import { normaliseHostAndPort } from "./host-text.js";
import { type Place, type Problems, pathIn } from "./problems.js";
import { isObject, isWholeNumber, readList, readOptionalFields, readText, readWholeNumber } from "./read-options.js";

export function readDiscovery(place: Place, problems: Problems): false | DiscoveryConfig {
  if (place.value === false) return false;
  const fields = readOptionalFields(place, ["source", "intervalMs", "addressMap", "allow", "clusterUuid"], problems);
  const bound = bounds.discovery.intervalMs;
  const intervalMs = readWholeNumber(fields?.intervalMs, bound, defaults.discovery.intervalMs, problems);
  const addressMap = fields === undefined ? {} : readAddressMap(fields.addressMap, problems);
  const allow = fields?.allow.value === undefined ? undefined : readAllow(fields.allow, problems);
  const clusterUuid = fields?.clusterUuid.value === undefined ? undefined : readUuid(fields.clusterUuid, problems);
  const source = fields === undefined ? defaults.discovery.source : readSource(fields.source, problems);
  if (source === "dns" && Object.keys(addressMap).length > 0)
    problems.remark(pathIn(place.path, "addressMap"), 'must not be given with `source: "dns"`: no list is read');
  return {
    source,
    intervalMs,
    addressMap,
    ...(allow === undefined ? {} : { allow }),
    ...(clusterUuid === undefined ? {} : { clusterUuid }),
  };
}

function readSource(place: Place, problems: Problems): DiscoveryConfig["source"] {
  const { value } = place;
  if (value === "sniff" || value === "dns") return value;
  if (value !== undefined) problems.add(place, 'must be "sniff" or "dns"');
  return defaults.discovery.source;
}

/** Whether the configured names can be looked up, where they are the source. */
export function checkSource(discovery: false | DiscoveryConfig, given: SourceGiven, problems: Problems): void {
  if (discovery === false || discovery.source !== "dns") return;
  const { seeds, hasProxy } = given;
  const path = "discovery.source";
  if (hasProxy) problems.remark(path, 'must not be "dns" with `proxy`, which looks names up itself');
  if (seeds.length > 0 && seeds.every(({ host }) => isIP(host) !== 0))
    problems.remark(path, 'must not be "dns" where `nodes` has addresses alone: there is no name to look up');
}

interface SourceGiven {
  readonly seeds: readonly Seed[];
  readonly hasProxy: boolean;
}

function readAddressMap(place: Place, problems: Problems): Readonly<Record<string, string>> {
  const { path, value } = place;
  const { max } = bounds.discovery.addressMap;
  if (value === undefined) return {};
  if (!isObject(value) || Object.keys(value).length > max) {
    problems.add(place, `must be an object of at most ${max} published addresses and what to dial instead`);
    return {};
  }
  const mapped = new Map<string, string>();
  for (const [written, text] of Object.entries(value)) {
    const entry: Place = { path: pathIn(path, written), value: text, secret: false };
    const published = normaliseHostAndPort(written);
    const dialled = typeof text === "string" ? normaliseHostAndPort(text) : undefined;
    if (published === undefined) problems.remark(entry.path, "the name must be host:port or host");
    else if (mapped.has(published)) problems.remark(entry.path, "is given twice");
    if (dialled === undefined) problems.add(entry, "must be host:port or host");
    if (published !== undefined && dialled !== undefined) mapped.set(published, dialled);
  }
  return Object.fromEntries(mapped);
}

function readAllow(place: Place, problems: Problems): AllowConfig {
  const fields = readOptionalFields(place, ["hosts", "ports"], problems);
  const { max } = bounds.discovery.allow;
  const hosts = fields?.hosts.value === undefined ? [] : readList(fields.hosts, max, "hosts", problems);
  const ports = fields?.ports.value === undefined ? undefined : readList(fields.ports, max, "ports", problems);
  return {
    hosts: (hosts ?? []).map((host) => readAllowedHost(host, problems)).filter((host) => host !== undefined),
    ...(ports === undefined
      ? {}
      : { ports: ports.map((port) => readPort(port, problems)).filter((port) => port !== undefined) }),
  };
}

function readPort(place: Place, problems: Problems): number | undefined {
  const { min, max } = bounds.port;
  if (isWholeNumber(place.value, bounds.port)) return place.value;
  problems.add(place, `must be a whole number from ${min} to ${max}`);
  return undefined;
}

function readAllowedHost(place: Place, problems: Problems): string | undefined {
  const { value } = place;
  const normalised = typeof value === "string" ? normaliseAllowedHost(value) : undefined;
  if (normalised === undefined) {
    problems.add(
      place,
      'must be a host name, a suffix such as ".example.com", an address, or a range such as "10.0.0.0/8"',
    );
  }
  return normalised;
}

function normaliseAllowedHost(text: string): string | undefined {
  if (text.includes("/")) return parseIpRange(text) === undefined ? undefined : text.toLowerCase();
  if (!text.startsWith(".")) return parseHost(text)?.text;
  const domain = parseHost(text.slice(1))?.text;
  return domain === undefined ? undefined : `.${domain}`;
}

function readUuid(place: Place, problems: Problems): string | undefined {
  const isUuid = (text: string) => /^[\w-]{1,64}$/.test(text) && text !== "_na_";
  return readText(place, isUuid, "must be a cluster_uuid, as GET / shows it", problems);
}

import { parseHost } from "../address/host.js";
import { addressOf, type NodeRecord } from "../view/node-record.js";
import { type AddressMap, mapAddress, readAddressMap } from "./address-map.js";
import { asObject } from "./foreign-json.js";
import { sniffLimits } from "./limits.js";
import { readPublished, type Scheme, unroutable } from "./parse-address.js";
import { sanitizeForLog } from "./sanitize-for-log.js";

export interface SniffContext {
  /** The configured address that answered. `pathPrefix` is "" or starts with a slash. */
  readonly seed: {
    readonly scheme: Scheme;
    readonly host: string;
    readonly port: number;
    readonly pathPrefix: string;
  };
  /**
   * From a published `host:port` or `host` to the one that this machine can reach. Applied before an address is judged,
   * so that even a wildcard can be mapped; what it names is used even where it is a loopback address.
   */
  readonly addressMap?: Readonly<Record<string, string>>;
  /** False where the seeds have a path prefix and nothing was allowed: then no published address is used. */
  readonly allowDirect: boolean;
}

export interface ReadContext extends SniffContext {
  readonly map: AddressMap;
  readonly seedIsLoopback: boolean;
}

/** Whether every list says the same in both contexts; false if that is not certain. */
export function readsAlike(a: SniffContext, b: SniffContext): boolean {
  // Without direct addresses, reasons name the seed.
  if (a.addressMap !== b.addressMap || !a.allowDirect || !b.allowDirect) return false;
  return a.seed.scheme === b.seed.scheme && isLoopback(a.seed) === isLoopback(b.seed);
}

/** A context that is read once for all nodes of an answer. */
export function readContext(context: SniffContext): ReadContext {
  return {
    ...context,
    map: readAddressMap(context.addressMap),
    seedIsLoopback: isLoopback(context.seed),
  };
}

function isLoopback({ host }: SniffContext["seed"]): boolean {
  return parseHost(host)?.kind === "loopback";
}

export type Location = Pick<NodeRecord, "host" | "port" | "ip" | "tls"> | { readonly reason: string };

/** Where the node is reached, seen from this context. */
export function locate(httpValue: unknown, context: ReadContext): Location {
  const { scheme, host, port, pathPrefix } = context.seed;
  if (!context.allowDirect) {
    const seed = `${scheme}://${addressOf({ host, port })}${pathPrefix}`;
    return { reason: `${seed} looks like a proxy: nodes are asked directly only if discovery.allow names them` };
  }
  const http = asObject(httpValue);
  if (http === undefined) return { reason: "it names no http address" };
  const published = http.publish_address ?? "";
  if (published !== "") return locateAddress("publish_address", published, context);

  for (const bound of [http.bound_address].flat().slice(0, sniffLimits.boundAddressesMax)) {
    const location = locateAddress("bound_address", bound, context);
    if (!("reason" in location)) return location;
  }
  return { reason: "it names no publish_address, and no bound_address that can be used from here" };
}

function locateAddress(field: string, text: unknown, context: ReadContext): Location {
  if (typeof text !== "string") return { reason: `${field} is not text` };
  const skipFor = (why: string) => ({ reason: `${field} ${sanitizeForLog(text)} ${why}` });

  const published = readPublished(text);
  if ("fault" in published) return skipFor(published.fault);
  const { host, port, ip, scheme } = published;
  if (scheme === "http" && context.seed.scheme === "https") return skipFor("is plain http, and the seed is https");
  const tls = scheme === "https" ? { tls: true as const } : {};

  const mapped = mapAddress(context.map, published);
  if (mapped !== undefined) {
    return "fault" in mapped ? skipFor(mapped.fault) : { host: mapped.host.text, port: mapped.port, ...tls };
  }
  const fault = unroutable(host);
  if (fault !== undefined) return skipFor(fault);
  if (host.kind === "loopback" && !context.seedIsLoopback) {
    return skipFor("is the node's own loopback address, and the seed is another machine; see discovery.addressMap");
  }
  const ipIsOfUse = ip !== undefined && (ip.kind === "address" || (ip.kind === "loopback" && context.seedIsLoopback));
  return { host: host.text, port, ...(ipIsOfUse ? { ip: ip.text } : {}), ...tls };
}

/** The address that a node publishes, for people. */
export function publishedBy(http: unknown): string | undefined {
  const published = asObject(http)?.publish_address;
  return typeof published === "string" ? sanitizeForLog(published) : undefined;
}

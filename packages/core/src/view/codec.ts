import { gzipSync } from "node:zlib";
import { parseHost } from "../address/host.js";
import {
  type Decoded,
  decoded,
  type Fields,
  fieldsOf,
  gunzipped,
  jsonOf,
  listOf,
  moment,
  named,
  oneOf,
  optional,
  refuse,
  text,
  wholeNumber,
} from "./json-fields.js";
import { viewLimits } from "./limits.js";
import type { NodeRecord } from "./node-record.js";
import type { Version } from "./version.js";
import { type Head, type Mark, type Marks, markKinds, type Topology } from "./view.js";

/**
 * The documents of a view as bytes, for a store that is another process.
 *
 * Writing: what `encode…` gives, `decode…` reads again to an equal document, but for texts that are cut and details of
 * nodes that are left out where they would not fit.
 *
 * Reading: whoever can write to the store may have written anything. Every field is checked, unknown ones are dropped,
 * and a document with one bad field is refused whole, with the reason. Nothing is thrown. A host is only a host here:
 * which hosts may be used is for the host policy.
 */

/** What this version writes. Readers take this format and the next, so that a fleet can be updated one by one. */
export const viewFormat = 1;
const newestFormatRead = viewFormat + 1;

/** Gzip over JSON. @throws RangeError where the list of nodes is too long for any reader, even without its details */
export function encodeTopology(topology: Topology): Uint8Array {
  const whole = Buffer.from(JSON.stringify(topology));
  if (whole.byteLength <= viewLimits.documentMaxBytes) return gzipSync(whole);
  // Nothing that is needed to reach a node, or to choose one.
  const nodes = topology.nodes.map(({ attributes, ...node }) => node);
  const plain = Buffer.from(JSON.stringify({ ...topology, nodes }));
  if (plain.byteLength <= viewLimits.documentMaxBytes) return gzipSync(plain);
  throw new RangeError(`a list of ${nodes.length} nodes is larger than ${viewLimits.documentMaxBytes} bytes`);
}

export function decodeTopology(bytes: Uint8Array): Decoded<Topology> {
  return decoded(() => readTopology(jsonOf(gunzipped(bytes), viewLimits.documentMaxBytes)));
}

/** JSON. @throws RangeError where the marks are too many for any reader */
export function encodeMarks(marks: Marks): Uint8Array {
  const nodes = Object.entries(marks.nodes).map(([key, mark]) => [key, { ...mark, reason: cutReason(mark.reason) }]);
  const bytes = Buffer.from(JSON.stringify({ ...marks, nodes: Object.fromEntries(nodes) }));
  if (bytes.byteLength <= viewLimits.documentMaxBytes) return bytes;
  throw new RangeError(`marks on ${nodes.length} nodes are larger than ${viewLimits.documentMaxBytes} bytes`);
}

export function decodeMarks(bytes: Uint8Array): Decoded<Marks> {
  return decoded(() => readMarks(jsonOf(bytes, viewLimits.documentMaxBytes)));
}

/** JSON without the time, which only the store knows: it is added there, before the last brace, as `atMs`. */
export function encodeHead({ topology, marks, beat, replicas }: Omit<Head, "atMs">): string {
  return JSON.stringify({ format: viewFormat, topology, marks, beat, replicas });
}

export function decodeHead(bytes: Uint8Array): Decoded<Head> {
  return decoded(() => readHead(jsonOf(bytes, viewLimits.headMaxBytes)));
}

export function cutReason(reason: string): string {
  return reason.slice(0, viewLimits.reasonMaxLength);
}

/** @throws through `refuse`; for use inside `decoded` alone, like the readers below */
export function checkFormat(fields: Fields): void {
  const format = wholeNumber(fields.get("format"), "format", 1, Number.MAX_SAFE_INTEGER);
  if (format > newestFormatRead) refuse(`has format ${format}; this version reads up to ${newestFormatRead}`);
}

export function readHead(value: unknown): Head {
  const fields = fieldsOf(value, "head");
  checkFormat(fields);
  return {
    topology: readVersion(fields.get("topology")),
    marks: readVersion(fields.get("marks")),
    beat: wholeNumber(fields.get("beat"), "beat", 0, Number.MAX_SAFE_INTEGER),
    atMs: moment(fields.get("atMs"), "atMs"),
    replicas: wholeNumber(fields.get("replicas"), "replicas", 0, viewLimits.countMax),
  };
}

export function readMarks(value: unknown): Marks {
  const fields = fieldsOf(value, "marks");
  const marked = [...fieldsOf(fields.get("nodes"), "nodes")];
  if (marked.length > viewLimits.nodesMax) refuse(`marks more than ${viewLimits.nodesMax} nodes`);
  // `fromEntries` defines own properties, whatever they are called.
  const nodes = Object.fromEntries(marked.map(([key, mark]) => [readKey(key), readMark(mark)]));
  return { version: readVersion(fields.get("version")), nodes };
}

/** A node's key. Its `@` also keeps out whatever means something to an object, such as `__proto__`. */
export function readKey(value: unknown): string {
  const key = text(value, "a node's key", viewLimits.keyMaxLength);
  return key.includes("@") ? key : refuse("a node's key has no @");
}

export function readVersion(value: unknown): Version {
  const fields = fieldsOf(value, "version");
  return {
    epoch: wholeNumber(fields.get("epoch"), "epoch", 0, Number.MAX_SAFE_INTEGER),
    leader: named(fields.get("leader"), "leader", viewLimits.processNameMaxLength),
    sequence: wholeNumber(fields.get("sequence"), "sequence", 0, Number.MAX_SAFE_INTEGER),
  };
}

function readMark(value: unknown): Mark {
  const fields = fieldsOf(value, "mark");
  return {
    kind: oneOf(fields.get("kind"), "kind", markKinds),
    sinceMs: moment(fields.get("sinceMs"), "sinceMs"),
    reason: text(fields.get("reason"), "reason", viewLimits.reasonMaxLength),
    ...optional(fields, "down", readDown),
  };
}

function readDown(value: unknown): NonNullable<Mark["down"]> {
  const fields = fieldsOf(value, "down");
  const count = (name: string) => wholeNumber(fields.get(name), name, 0, viewLimits.countMax);
  return {
    flaps: count("flaps"),
    holdUntilMs: moment(fields.get("holdUntilMs"), "holdUntilMs"),
    failedProbes: count("failedProbes"),
    reporters: count("reporters"),
  };
}

function readTopology(value: unknown): Topology {
  const fields = fieldsOf(value, "topology");
  return {
    version: readVersion(fields.get("version")),
    ...optional(fields, "clusterUuid", (uuid, what) => text(uuid, what, viewLimits.idMaxLength)),
    ...optional(fields, "clusterName", (name, what) => text(name, what, viewLimits.nameMaxLength)),
    source: oneOf(fields.get("source"), "source", ["sniff", "seeds"]),
    nodes: listOf(fields.get("nodes"), "nodes", viewLimits.nodesMax, readNode),
  };
}

/** Field by field, so that a scheme, a path or a credential has nowhere to go. */
function readNode(value: unknown): NodeRecord {
  const fields = fieldsOf(value, "node");
  return {
    id: text(fields.get("id"), "id", viewLimits.idMaxLength),
    ...optional(fields, "name", (name, what) => text(name, what, viewLimits.nameMaxLength)),
    host: readHost(fields.get("host")),
    port: wholeNumber(fields.get("port"), "port", 1, 65_535),
    ...optional(fields, "ip", readIp),
    ...optional(fields, "roles", (roles, what) =>
      listOf(roles, what, viewLimits.rolesMax, (role) => text(role, "role", viewLimits.roleMaxLength)),
    ),
    ...optional(fields, "attributes", readAttributes),
    ...optional(fields, "version", (version, what) => text(version, what, viewLimits.versionMaxLength)),
    ...optional(fields, "aliases", (aliases, what) =>
      listOf(aliases, what, viewLimits.nodesMax, (alias) => text(alias, "alias", viewLimits.idMaxLength)),
    ),
    ...optional(fields, "tls", (tls) => (tls === true ? tls : refuse("tls is not true"))),
  };
}

/** In the one spelling that is compared everywhere: no brackets, no zone, nothing around it. */
function readHost(value: unknown): string {
  const host = typeof value === "string" ? parseHost(value) : undefined;
  return host !== undefined && host.text === value ? host.text : refuse("host is no host name or address");
}

function readIp(value: unknown): string {
  const ip = typeof value === "string" ? parseHost(value) : undefined;
  return ip?.numeric === true && ip.text === value ? ip.text : refuse("ip is no address");
}

function readAttributes(value: unknown): NonNullable<NodeRecord["attributes"]> {
  const entries = [...fieldsOf(value, "attributes")];
  if (entries.length > viewLimits.attributesMax) refuse(`has more than ${viewLimits.attributesMax} attributes`);
  return Object.fromEntries(
    entries.map(([key, item]) => {
      const name = text(key, "attribute", viewLimits.attributeKeyMaxLength);
      if (!Array.isArray(item)) return [name, readAttribute(item)];
      return [name, listOf(item, "attribute", viewLimits.attributesMax, readAttribute)];
    }),
  );
}

function readAttribute(value: unknown): string {
  return text(value, "attribute", viewLimits.attributeValueMaxLength);
}

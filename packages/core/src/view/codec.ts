import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { parseHost } from "../address/host.js";
import { runAtOnce, type Steps } from "../steps.js";
import {
  type Decoded,
  decodeInSteps,
  decodeWith,
  type Fields,
  gunzip,
  parseJson,
  readArray,
  readInteger,
  readName,
  readObject,
  readOneOf,
  readOptional,
  readString,
  readTime,
  refuse,
} from "./json-fields.js";
import { viewLimits } from "./limits.js";
import { longDocumentIn, longJson, readNodeList, readNodeMembers } from "./long-document.js";
import type { NodeRecord } from "./node-record.js";
import type { Version } from "./version.js";
import {
  type ConnectionShares,
  type Digests,
  type Drain,
  type Head,
  listSources,
  type Mark,
  type Marks,
  markKinds,
  type Pause,
  type Topology,
} from "./view.js";

/**
 * The documents of a view as bytes, for a store that is another process.
 *
 * Writing: `decode…` reads what `encode…` returns to an equal document, except that texts are cut, and attributes left
 * out, where they do not fit.
 *
 * Reading: the store may hold anything, because other clients can write to it. Every field is checked, unknown fields
 * and marks of an unknown kind are dropped, and a document with one bad field is refused whole, with the reason. Nothing is thrown. A host is
 * checked to be a host; whether it may be used is for the host policy.
 */

/** The format this version writes. Readers accept this and the next, so that a fleet can be updated one by one. */
export const viewFormat = 1;
const newestFormatRead = viewFormat + 1;
/** So much is inflated and parsed within a millisecond. */
const smallBytes = 65_536;

/** Why a process without the secret of a view refuses its head. */
export const sealedWithoutSecret = "it is sealed, and this process has no `secret`";

/** Gzip over JSON. @throws RangeError if no reader would accept the list, even without attributes */
export function encodeTopology(topology: Topology): Uint8Array {
  return gzipSync(runAtOnce(topologyJsonInSteps(topology)));
}

/** The JSON alone, in steps: a list may name thousands of nodes. @throws RangeError as {@link encodeTopology} does */
export function* topologyJsonInSteps(topology: Topology): Steps<Uint8Array> {
  const whole = Buffer.from(yield* listJson(topology, (node) => node));
  if (whole.byteLength <= viewLimits.documentMaxBytes) return whole;
  // Attributes are not needed to reach a node: without them, a `selection` by attributes finds none.
  const plain = Buffer.from(yield* listJson(topology, ({ attributes, ...node }) => node));
  if (plain.byteLength <= viewLimits.documentMaxBytes) return plain;
  const { length } = topology.nodes;
  throw new RangeError(`a list of ${length} nodes is larger than ${viewLimits.documentMaxBytes} bytes`);
}

function listJson({ nodes, ...rest }: Topology, shown: (node: NodeRecord) => NodeRecord): Steps<string> {
  const items = function* () {
    for (const node of nodes) yield JSON.stringify(shown(node));
  };
  return longJson(rest, items(), ["[", "]"]);
}

export function decodeTopology(bytes: Uint8Array): Decoded<Topology> {
  return runAtOnce(decodeTopologyInSteps(bytes));
}

/** In steps of a few milliseconds each: a list may name thousands of nodes. */
export function decodeTopologyInSteps(bytes: Uint8Array): Steps<Decoded<Topology>> {
  return decodeInSteps(function* () {
    const { documentMaxBytes } = viewLimits;
    const json = gunzip(bytes, documentMaxBytes);
    if (json.byteLength <= smallBytes) return topologyIn(parseJson(json, documentMaxBytes));
    yield;
    const { rest, nodes } = yield* longDocumentIn(json);
    return topologyOf(readObject(rest, "topology"), yield* readNodeList(json, nodes, readNode));
  });
}

/** JSON. @throws RangeError if no reader would accept so many marks */
export function encodeMarks(marks: Marks): Uint8Array {
  return runAtOnce(encodeMarksInSteps(marks));
}

/** In steps: thousands of nodes may be marked. @throws RangeError as {@link encodeMarks} does */
export function* encodeMarksInSteps({ nodes, ...rest }: Marks): Steps<Uint8Array> {
  const marked = Object.entries(nodes);
  const items = function* () {
    for (const [key, mark] of marked) {
      yield `${JSON.stringify(key)}:${JSON.stringify({ ...mark, reason: cutReason(mark.reason) })}`;
    }
  };
  const bytes = Buffer.from(yield* longJson(rest, items(), ["{", "}"]));
  if (bytes.byteLength <= viewLimits.documentMaxBytes) return bytes;
  throw new RangeError(`marks on ${marked.length} nodes are larger than ${viewLimits.documentMaxBytes} bytes`);
}

export function decodeMarks(bytes: Uint8Array): Decoded<Marks> {
  return runAtOnce(decodeMarksInSteps(bytes));
}

/** In steps of a few milliseconds each: thousands of nodes may be marked. */
export function decodeMarksInSteps(bytes: Uint8Array): Steps<Decoded<Marks>> {
  return decodeInSteps(function* () {
    if (bytes.byteLength <= smallBytes) return readMarks(parseJson(bytes, viewLimits.documentMaxBytes));
    if (bytes.byteLength > viewLimits.documentMaxBytes) refuse(`is larger than ${viewLimits.documentMaxBytes} bytes`);
    const { rest, nodes } = yield* longDocumentIn(bytes);
    return marksOf(readObject(rest, "marks"), yield* readNodeMembers(bytes, nodes, readMarkOf));
  });
}

/** JSON without the time: the store adds `atMs` before the last brace, because its clock counts. */
export function encodeHead(head: Omit<Head, "atMs">): string {
  const { topology, marks, beat, replicas, released, digests, sharded } = head;
  return JSON.stringify({ format: viewFormat, topology, marks, beat, replicas, released, digests, sharded });
}

/** Of the bytes of an encoded document. */
export function digestOf(document: Uint8Array): string {
  return createHash("sha256").update(document).digest("base64url");
}

export function decodeHead(bytes: Uint8Array): Decoded<Head> {
  return decodeWith(() => readHead(parseJson(bytes, viewLimits.headMaxBytes)));
}

export function cutReason(reason: string): string {
  return reason.slice(0, viewLimits.reasonMaxLength);
}

/** @throws through `refuse`; for use inside `decodeWith` alone, like the readers below */
export function checkFormat(fields: Fields): void {
  const format = readInteger(fields.get("format"), "format", 1, Number.MAX_SAFE_INTEGER);
  if (format > newestFormatRead) refuse(`has format ${format}; this version reads up to ${newestFormatRead}`);
}

export function readHead(value: unknown): Head {
  const fields = readObject(value, "head");
  checkFormat(fields);
  // Who has the secret takes the seal off before: see `openHead`.
  if (fields.has("seal")) refuse(sealedWithoutSecret);
  return {
    topology: readVersion(fields.get("topology")),
    marks: readVersion(fields.get("marks")),
    beat: readInteger(fields.get("beat"), "beat", 0, viewLimits.counterMax),
    atMs: readTime(fields.get("atMs"), "atMs"),
    replicas: readInteger(fields.get("replicas"), "replicas", 0, viewLimits.countMax),
    ...(fields.get("released") === true ? { released: true } : {}),
    ...readOptional(fields, "digests", readDigests),
    ...(fields.get("sharded") === true ? { sharded: true } : {}),
  };
}

function readDigests(value: unknown): Digests {
  const fields = readObject(value, "digests");
  const digest = (name: keyof Digests) => readName(fields.get(name), "digest", viewLimits.digestLength);
  return { topology: digest("topology"), marks: digest("marks") };
}

export function readMarks(value: unknown): Marks {
  const fields = readObject(value, "marks");
  const marked = [...readObject(fields.get("nodes"), "nodes")];
  if (marked.length > viewLimits.nodesMax) refuse(`marks more than ${viewLimits.nodesMax} nodes`);
  return marksOf(
    fields,
    marked.map(([key, item]) => readMarkOf(key, item)),
  );
}

function readMarkOf(key: string, value: unknown): readonly [string, Mark | undefined] {
  return [readNodeKey(key), readMark(value)];
}

function marksOf(fields: Fields, read: readonly (readonly [string, Mark | undefined])[]): Marks {
  // `fromEntries` defines own properties, whatever they are called.
  const nodes = Object.fromEntries(read.flatMap(([node, mark]) => (mark === undefined ? [] : [[node, mark]])));
  return {
    version: readVersion(fields.get("version")),
    nodes,
    ...readOptional(fields, "drains", (drains, what) => readArray(drains, what, viewLimits.drainsMax, readDrain)),
    ...readOptional(fields, "pause", readPause),
    ...readOptional(fields, "connections", readConnectionShares),
  };
}

/** A node key. Its `@` also excludes names that mean something to an object, such as `__proto__`. */
export function readNodeKey(value: unknown): string {
  const key = readString(value, "a node key", viewLimits.keyMaxLength);
  return key.includes("@") ? key : refuse("a node key has no @");
}

export function readVersion(value: unknown): Version {
  const fields = readObject(value, "version");
  return {
    epoch: readInteger(fields.get("epoch"), "epoch", 0, Number.MAX_SAFE_INTEGER),
    leader: readName(fields.get("leader"), "leader", viewLimits.processNameMaxLength),
    sequence: readInteger(fields.get("sequence"), "sequence", 0, viewLimits.counterMax),
  };
}

export function readReplica(value: unknown): string {
  return readName(value, "replica", viewLimits.processNameMaxLength);
}

/** Undefined: a mark of a kind that only a newer version has. */
function readMark(value: unknown): Mark | undefined {
  const fields = readObject(value, "mark");
  const name = readName(fields.get("kind"), "kind", viewLimits.kindMaxLength);
  const kind = markKinds.find((known) => known === name);
  if (kind === undefined) return undefined;
  return {
    kind,
    sinceMs: readTime(fields.get("sinceMs"), "sinceMs"),
    reason: readString(fields.get("reason"), "reason", viewLimits.reasonMaxLength),
    ...readOptional(fields, "down", readDown),
  };
}

function readDown(value: unknown): NonNullable<Mark["down"]> {
  const fields = readObject(value, "down");
  const count = (name: string) => readInteger(fields.get(name), name, 0, viewLimits.countMax);
  return {
    flaps: count("flaps"),
    holdUntilMs: readTime(fields.get("holdUntilMs"), "holdUntilMs"),
    failedProbes: count("failedProbes"),
    reporters: count("reporters"),
  };
}

function readDrain(value: unknown): Drain {
  const fields = readObject(value, "drain");
  return {
    id: readString(fields.get("id"), "id", viewLimits.idMaxLength),
    address: readName(fields.get("address"), "address", viewLimits.keyMaxLength),
    ...readOptional(fields, "name", (name, what) => readString(name, what, viewLimits.nameMaxLength)),
    ...readPause(value),
  };
}

function readPause(value: unknown): Pause {
  const fields = readObject(value, "pause");
  return {
    sinceMs: readTime(fields.get("sinceMs"), "sinceMs"),
    untilMs: readTime(fields.get("untilMs"), "untilMs"),
    by: readString(fields.get("by"), "by", viewLimits.operatorMaxLength),
    reason: readString(fields.get("reason"), "reason", viewLimits.operationReasonMaxLength),
  };
}

function readConnectionShares(value: unknown): ConnectionShares {
  const fields = readObject(value, "connections");
  const count = (name: string, min: number) => readInteger(fields.get(name), name, min, viewLimits.counterMax);
  return {
    ...{ fleetPerNode: count("fleetPerNode", 1), perThread: count("perThread", 1), starting: count("starting", 1) },
    ...{ threads: count("threads", 0), round: count("round", 0) },
    admitted: readArray(fields.get("admitted"), "admitted", viewLimits.admittedMax, readReplica),
  };
}

function topologyIn(value: unknown): Topology {
  const fields = readObject(value, "topology");
  return topologyOf(fields, readArray(fields.get("nodes"), "nodes", viewLimits.nodesMax, readNode));
}

function topologyOf(fields: Fields, nodes: readonly NodeRecord[]): Topology {
  return {
    version: readVersion(fields.get("version")),
    ...readOptional(fields, "clusterUuid", (uuid, what) => readString(uuid, what, viewLimits.idMaxLength)),
    ...readOptional(fields, "clusterName", (name, what) => readString(name, what, viewLimits.nameMaxLength)),
    source: readOneOf(fields.get("source"), "source", listSources),
    nodes,
  };
}

/** Field by field, so that no scheme, path or credential gets in. */
function readNode(value: unknown): NodeRecord {
  const fields = readObject(value, "node");
  return {
    id: readString(fields.get("id"), "id", viewLimits.idMaxLength),
    ...readOptional(fields, "name", (name, what) => readString(name, what, viewLimits.nameMaxLength)),
    host: readHost(fields.get("host")),
    port: readInteger(fields.get("port"), "port", 1, 65_535),
    ...readOptional(fields, "ip", readIp),
    ...readOptional(fields, "dnsName", readHost),
    ...readOptional(fields, "roles", (roles, what) =>
      readArray(roles, what, viewLimits.rolesMax, (role) => readString(role, "role", viewLimits.roleMaxLength)),
    ),
    ...readOptional(fields, "attributes", readAttributes),
    ...readOptional(fields, "version", (version, what) => readString(version, what, viewLimits.versionMaxLength)),
    ...readOptional(fields, "aliases", (aliases, what) =>
      readArray(aliases, what, viewLimits.nodesMax, (alias) => readString(alias, "alias", viewLimits.idMaxLength)),
    ),
    ...readOptional(fields, "tls", (tls) => (tls === true ? tls : refuse("tls is not true"))),
  };
}

/** In the one spelling that is compared everywhere: no brackets, no zone. */
function readHost(value: unknown): string {
  const host = typeof value === "string" ? parseHost(value) : undefined;
  return host !== undefined && host.text === value ? host.text : refuse("host is not a host name or address");
}

function readIp(value: unknown): string {
  const ip = typeof value === "string" ? parseHost(value) : undefined;
  return ip?.numeric === true && ip.text === value ? ip.text : refuse("ip is not an address");
}

function readAttributes(value: unknown): NonNullable<NodeRecord["attributes"]> {
  const entries = [...readObject(value, "attributes")];
  if (entries.length > viewLimits.attributesMax) refuse(`has more than ${viewLimits.attributesMax} attributes`);
  return Object.fromEntries(
    entries.map(([key, item]) => {
      const name = readString(key, "attribute", viewLimits.attributeKeyMaxLength);
      if (!Array.isArray(item)) return [name, readAttribute(item)];
      return [name, readArray(item, "attribute", viewLimits.attributesMax, readAttribute)];
    }),
  );
}

function readAttribute(value: unknown): string {
  return readString(value, "attribute", viewLimits.attributeValueMaxLength);
}

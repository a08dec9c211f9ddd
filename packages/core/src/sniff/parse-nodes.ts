import { type ByteRange, membersOf, parseMember } from "../json-members.js";
import { present } from "../present.js";
import type { Steps } from "../steps.js";
import { addressOf, type NodeRecord } from "../view/node-record.js";
import { parseAttributes } from "./attributes.js";
import { asObject, boundedText } from "./foreign-json.js";
import { sniffLimits } from "./limits.js";
import type { ListMemory } from "./list-memory.js";
import { locate, publishedBy, readContext, type SniffContext } from "./locate-node.js";
import { servesRequests } from "./roles.js";
import { sanitizeForLog } from "./sanitize-for-log.js";

/** The answer to `GET /_nodes/http`, as it came. Text in bytes is UTF-8. */
export interface SniffAnswer {
  readonly status: number;
  readonly body: string | Uint8Array;
}

/** A node that was listed and is not used. All texts are fit for a log line. */
export interface SkippedNode {
  readonly id: string;
  readonly name?: string;
  /** The `publish_address`, if there is one. */
  readonly published?: string;
  /** A sentence for the reader of `rollcall sniff`. */
  readonly reason: string;
}

/**
 * A list of nodes, or why there is none. A refused answer says nothing about which nodes belong to the cluster.
 *
 * - `denied`: 401 or 403. The cluster is alive; the user may not ask.
 * - `overloaded`: 429 or 5xx. Ask again later, with backoff.
 * - `unserved`: 404, 405, 410 or 501. This address serves no list, as managed offers do not.
 * - `malformed`: not the answer of a cluster node, or beyond our limits.
 * - `empty`: a well-formed answer that lists no node.
 */
export type ParsedSniff =
  | {
      readonly ok: true;
      /** Ordered by address; no two share one. Empty if every node was skipped. */
      readonly nodes: readonly NodeRecord[];
      /**
       * The `publish_address` of each of them, by id, fit for a log line: before `addressMap`, as the node wrote it.
       */
      readonly published: ReadonlyMap<string, string>;
      /** Ordered by id. */
      readonly skipped: readonly SkippedNode[];
      /** Every node of the cluster was asked, answered, and is listed. False if the answer does not say so. */
      readonly complete: boolean;
      /** How many nodes were asked, answered and failed to; absent if the answer does not say. */
      readonly total?: number;
      readonly successful?: number;
      readonly failed?: number;
      readonly clusterName?: string;
      /** Every listed node is a dedicated cluster manager, so they are used after all. */
      readonly filterIgnored: boolean;
    }
  | {
      readonly ok: false;
      readonly kind: "denied" | "overloaded" | "unserved" | "malformed" | "empty";
      readonly reason: string;
    };

/**
 * Reads the nodes of the cluster from an answer to `GET /_nodes/http`.
 *
 * With a `memory`, a list that says what the last one said is the same object.
 *
 * In steps, of a millisecond or a few each: an answer may have megabytes and thousands of nodes. What nothing here reads
 * takes no memory, and need not be JSON.
 *
 * Total: never throws, whatever the body. A node that cannot be used is skipped with a reason and harms no other; a
 * document that cannot be used refuses the whole answer. Every address returned can be connected to from some machine.
 * Not promised: that this machine can reach it, or that it is the node it claims to be. Only a probe shows that.
 */
export function* parseNodes(
  answer: SniffAnswer,
  context: SniffContext,
  memory?: ListMemory<ParsedSniff>,
): Steps<ParsedSniff> {
  const refusal = refusedByStatus(answer.status);
  if (refusal !== undefined) return refusal;
  if (answer.body.length > sniffLimits.bodyMaxLength) return malformed("the answer is too long for a node list");
  const bytes = typeof answer.body === "string" ? new TextEncoder().encode(answer.body) : answer.body;
  const same = memory?.recallWhole(bytes, context);
  if (same !== undefined) return same;
  const document = yield* membersOf(bytes, { from: 0, to: bytes.length }, sniffLimits.nodesMax);
  if (document === undefined) return malformed("the answer is not a JSON object, or not that of a cluster node");
  const partOf = (name: string) => parseMember(bytes, document.get(name) ?? nowhere);

  const entries = yield* membersOf(bytes, document.get("nodes") ?? nowhere, sniffLimits.nodesMax);
  if (entries === undefined) {
    return malformed(`the answer has no object named nodes, or one with more than ${sniffLimits.nodesMax} nodes`);
  }
  const list = { bytes, document, entries };
  const known = memory === undefined ? undefined : yield* memory.recall(list, context);
  if (known !== undefined) return known;
  const ids = [...entries.keys()].sort();
  if (ids.length === 0) return { ok: false, kind: "empty", reason: "the answer lists no node" };

  const skipped: SkippedNode[] = [];
  const listed: NodeEntry[] = [];
  const pace = new Pace();
  for (const id of ids) {
    const range = entries.get(id) ?? nowhere;
    if (pace.isStepDone(range)) yield;
    const node = readEntry(id, bytes, range);
    if (node === undefined) return malformed("the answer is not JSON");
    if ("reason" in node) skipped.push(node);
    else listed.push(node);
  }

  const filterIgnored = listed.length > 0 && !listed.some(({ roles }) => servesRequests(roles));
  const located = readContext(context);
  const records: NodeRecord[] = [];
  const published = new Map<string, string>();
  for (const node of listed) {
    if (pace.isStepDone(nowhere)) yield;
    const location = filterIgnored || servesRequests(node.roles) ? locate(node.http, located) : managerReason(node);
    if ("reason" in location) skipped.push(skip(node, location.reason));
    else {
      records.push({ ...recordOf(node), ...location });
      const text = publishedBy(node.http);
      if (text !== undefined) published.set(node.id, text);
    }
  }

  const counts = readCounts(partOf("_nodes"));
  const clusterName = boundedText(partOf("cluster_name"), sniffLimits.nameMaxLength);
  const parsed: ParsedSniff = {
    ok: true,
    nodes: mergeByAddress(records),
    published,
    skipped: skipped.sort((a, b) => (a.id < b.id ? -1 : 1)),
    complete: counts !== undefined && isComplete(counts, ids.length),
    ...counts,
    ...present({ clusterName }),
    filterIgnored,
  };
  memory?.keep(list, context, parsed);
  return parsed;
}

function refusedByStatus(status: number): ParsedSniff | undefined {
  if (status === 200) return undefined;
  if (status === 401) {
    return { ok: false, kind: "denied", reason: "status 401: the cluster does not accept the credentials" };
  }
  if (status === 403) {
    const privilege = "the cluster privilege monitor (Elasticsearch) or cluster:monitor/nodes/info (OpenSearch)";
    return { ok: false, kind: "denied", reason: `status 403: the user needs ${privilege} to see the nodes` };
  }
  if (status === 429 || status >= 500) {
    return { ok: false, kind: "overloaded", reason: `status ${status}: the node cannot answer now` };
  }
  if (isUnserved(status)) return { ok: false, kind: "unserved", reason: `status ${status}: it is not served there` };
  return malformed(`status ${status} is not the answer of a cluster node`);
}

/** Whether an answer of that status says that there is no such thing at its address. */
export function isUnserved(status: number): boolean {
  return status === 404 || status === 405 || status === 410 || status === 501;
}

function malformed(reason: string): ParsedSniff {
  return { ok: false, kind: "malformed", reason };
}

const nowhere: ByteRange = { from: 0, to: 0 };

/** Bounds what is read in one step: so many nodes, and about so many bytes. */
class Pace {
  private nodes = 0;
  private bytes = 0;

  /** Called before each node. */
  isStepDone({ from, to }: ByteRange): boolean {
    const isDone = this.nodes >= nodesPerStep || this.bytes >= bytesPerStep;
    if (isDone) this.nodes = this.bytes = 0;
    this.nodes++;
    this.bytes += to - from;
    return isDone;
  }
}

const nodesPerStep = 128;
const bytesPerStep = 65_536;

/** Undefined: the entry is no JSON. */
function readEntry(id: string, bytes: Uint8Array, range: ByteRange): NodeEntry | SkippedNode | undefined {
  if (range.to - range.from > sniffLimits.entryMaxBytes) {
    return { id: sanitizeForLog(id), reason: `its entry is longer than ${sniffLimits.entryMaxBytes} bytes` };
  }
  const value = parseMember(bytes, range);
  return value === undefined ? undefined : readNode(id, value);
}

interface NodeEntry {
  readonly id: string;
  readonly name?: string;
  readonly version?: string;
  readonly roles?: readonly string[];
  readonly attributes?: NonNullable<NodeRecord["attributes"]>;
  readonly http: unknown;
}

function readNode(givenId: string, value: unknown): NodeEntry | SkippedNode {
  const entry = asObject(value);
  if (entry === undefined) return { id: sanitizeForLog(givenId), reason: "its entry is not an object" };
  const id = boundedText(givenId, sniffLimits.idMaxLength);
  if (id === undefined) {
    return {
      id: sanitizeForLog(givenId),
      reason: `its id is empty or longer than ${sniffLimits.idMaxLength} characters`,
    };
  }
  const name = boundedText(entry.name, sniffLimits.nameMaxLength);
  const version = boundedText(entry.version, sniffLimits.versionMaxLength);
  const roles = readRoles(entry.roles);
  const attributes = parseAttributes(Object.entries(asObject(entry.attributes) ?? {}));
  return {
    id,
    ...present({ name, version, roles, attributes: Object.keys(attributes).length === 0 ? undefined : attributes }),
    http: readHttp(entry.http),
  };
}

/** The addresses in it and no more: the rest may take any memory. What is not text stays so. */
function readHttp(value: unknown): unknown {
  const http = asObject(value);
  if (http === undefined) return undefined;
  const textOrNot = (part: unknown) => (typeof part === "string" || part === undefined || part === null ? part : false);
  const bound = [http.bound_address].flat().slice(0, sniffLimits.boundAddressesMax).map(textOrNot);
  return { publish_address: textOrNot(http.publish_address), bound_address: bound };
}

// All or nothing: half a list of roles could make a data node look like a dedicated manager.
function readRoles(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value) || value.length > sniffLimits.rolesMax) return undefined;
  const roles = value.map((role) => boundedText(role, sniffLimits.roleMaxLength));
  return roles.every((role) => role !== undefined) ? [...new Set(roles)].sort() : undefined;
}

function managerReason({ roles = [] }: NodeEntry): { readonly reason: string } {
  return { reason: `it is a dedicated cluster manager (${roles.join(", ")})` };
}

function skip({ id, name, http }: NodeEntry, reason: string): SkippedNode {
  const published = publishedBy(http);
  return {
    id: sanitizeForLog(id),
    ...present({ name: name === undefined ? undefined : sanitizeForLog(name), published }),
    reason,
  };
}

function recordOf({ http: _, ...known }: NodeEntry): Omit<NodeEntry, "http"> {
  return known;
}

/**
 * Nodes that publish one address, behind NAT or a forwarded port, are one target. The smallest id stands for all, so
 * that the answer's order changes nothing; `records` come ordered by id.
 */
function mergeByAddress(records: readonly NodeRecord[]): readonly NodeRecord[] {
  const merged = new Map<string, NodeRecord>();
  for (const record of records) {
    const address = addressOf(record);
    const first = merged.get(address);
    merged.set(address, first === undefined ? record : withAlias(first, record));
  }
  return [...merged].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, record]) => record);
}

function withAlias(first: NodeRecord, { id, tls }: NodeRecord): NodeRecord {
  return { ...first, aliases: [...(first.aliases ?? []), id], ...(tls === undefined ? {} : { tls }) };
}

interface Counts {
  readonly total: number;
  readonly successful: number;
  readonly failed: number;
}

function readCounts(value: unknown): Counts | undefined {
  const { total, successful, failed } = asObject(value) ?? {};
  return isCount(total) && isCount(successful) && isCount(failed) ? { total, successful, failed } : undefined;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isComplete({ total, successful, failed }: Counts, listed: number): boolean {
  return failed === 0 && successful === total && total === listed;
}

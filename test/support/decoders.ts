import { gzipSync } from "node:zlib";
import { RollcallError } from "@rollcall/core";
import { parsePoolConfig } from "@rollcall/core/config";
import { parseRetryAfter } from "@rollcall/core/request";
import { judgeIdentity, parseNodes, parsePublishAddress } from "@rollcall/core/sniff";
import {
  type ChannelName,
  type Decoded,
  decodeHead,
  decodeHistory,
  decodeMarks,
  decodeMessage,
  decodeTopology,
  digestOf,
  encodeHead,
  encodeMarks,
  type HistoryEntry,
  type Marks,
  opened,
  openHead,
  openHeadEvent,
  type SealKind,
  sealed,
  sealKeys,
  viewLimits,
} from "@rollcall/core/view";
import { canary } from "@rollcall/testing";
import fc from "fast-check";
import { anyHead, anyHeartbeat, anyMarks, anyTopology } from "#any-view";
import { parseObject } from "#cli/foreign-object";
import { readRequestedOperation } from "#cli/http/requested-operation";
import { readServerFacts } from "#coordinator/store/redis-server-facts";
import { BrokenReplies, RespFrames } from "#coordinator/store/resp-frames";
import { idInBody } from "#worker/bindings/answer-id";

/** One function of the product that reads what another program has written. */
export interface Decoder {
  /** What it is made to read: JSON values, or texts. */
  readonly good: { readonly json: fc.Arbitrary<unknown> } | { readonly text: fc.Arbitrary<string> };
  /** Gives what was read, or undefined where it was refused. Must not throw. */
  readonly read: (bytes: Uint8Array) => unknown;
  /** The longest that is read, where it is shorter than a long document of these tests. */
  readonly maxBytes?: number;
  /** What was read, written again. */
  readonly write?: (value: unknown) => Uint8Array;
}

const { headMaxBytes, eventMaxBytes, reportMaxBytes, operationMaxBytes } = viewLimits;
const valueIn = (decoded: Decoded<unknown>) => ("value" in decoded ? decoded.value : undefined);
const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString("utf8");

/** A document of a view, and as it is written. */
function document<Value>(
  json: fc.Arbitrary<unknown>,
  decode: (bytes: Uint8Array) => Decoded<Value>,
  encode: (value: Value) => Uint8Array | string,
): Decoder {
  // What is written is what was read: so it is of the decoder's type.
  const write = (value: unknown) => Uint8Array.from(Buffer.from(encode(value as Value)));
  return { good: { json }, read: (bytes) => valueIn(decode(bytes)), write };
}

function message(channel: ChannelName, maxBytes: number, json: fc.Arbitrary<unknown>): Decoder {
  return { good: { json }, maxBytes, read: (bytes) => valueIn(decodeMessage(channel, bytes)) };
}

const node = "n1@es1:9200";
const version = { epoch: 7, leader: "a", sequence: 1 };
const origin = { id: "o1", by: "ops@host", reason: "restart", atMs: 5 };
const entry = { atMs: 5, event: "node.down", text: "es1 is down", by: "r1" };
const entries = fc.constantFrom([entry], [entry, { ...entry, node: { key: node, address: "es1:9200", name: "a" } }]);
const keys = sealKeys("logs", [canary("view")]);
const withDigests = anyHead.map((head) => ({ ...head, digests: { topology: "t", marks: "m" } }));
const headJson = anyHead.map((head) => ({ format: 1, ...head }));

const nodesAnswer = {
  _nodes: { total: 1, successful: 1, failed: 0 },
  cluster_name: "logs",
  nodes: {
    n1: {
      ...{ name: "es1", version: "9.5.3", roles: ["data", "ingest"], attributes: { "rack.0": "a", zone: "b" } },
      http: { publish_address: "es1.example.com/10.0.0.1:9200", bound_address: ["[::]:9200", "10.0.0.1:9200"] },
    },
    n2: { name: "es2", roles: ["master"], http: { publish_address: "10.0.0.2:9200" } },
  },
};
const root = { name: "es1", cluster_name: "logs", cluster_uuid: "u".repeat(22), version: { number: "9.5.3" } };

/** As the scripts write it: the marks stand last, and the head names their digest. */
function headEvent(head: object, marks: Marks): unknown {
  const bytes = encodeMarks(marks);
  const digest = digestOf(bytes);
  if (bytes.byteLength > viewLimits.inlineMarksMaxBytes) return { kind: "head", head: { ...head, digests: undefined } };
  const named = { ...head, digests: { topology: digest, marks: digest } };
  return { kind: "head", marksBytes: bytes.byteLength, head: named, marks };
}

/** Of a view with a secret: `before` makes of it what is read. */
function sealedText(
  kind: SealKind,
  maxBytes: number,
  bodies: fc.Arbitrary<string>,
  open: (bytes: Uint8Array) => unknown,
  before = (text: string) => text,
): Decoder {
  const text = bodies.map((body) => before(sealed(body, { sender: "s1", epoch: 7, sequence: 3, atMs: 9 }, kind, keys)));
  const read = (bytes: Uint8Array) => {
    const value = open(bytes);
    return typeof value === "object" && value !== null && "problem" in value ? undefined : value;
  };
  return { good: { text }, maxBytes, read };
}

/** Every one, by what it reads. */
export const decoders: Readonly<Record<string, Decoder>> = {
  topology: document(
    anyTopology,
    (bytes) => decodeTopology(gzipSync(bytes)),
    (topology) => JSON.stringify(topology),
  ),
  marks: document(anyMarks, decodeMarks, encodeMarks),
  head: {
    ...document(headJson, decodeHead, (head) => JSON.stringify({ format: 1, ...head })),
    maxBytes: headMaxBytes,
  },
  "sealed head": sealedText("head", headMaxBytes, withDigests.map(encodeHead), (bytes) => openHead(bytes, keys)),
  "sealed head event": sealedText(
    "head",
    eventMaxBytes,
    withDigests.map(encodeHead),
    (bytes) => openHeadEvent(bytes, keys),
    (head) => `{"kind":"head","head":${head}}`,
  ),
  "sealed message": sealedText(
    "reports",
    reportMaxBytes,
    fc.constant(JSON.stringify({ node, reason: "refused", replica: "r1" })),
    (bytes) => {
      const read = opened(bytes, "reports", keys);
      return read.kind === "opened" ? textOf(read.body) : undefined;
    },
  ),
  history: {
    good: {
      text: entries.map((lines: readonly HistoryEntry[]) => lines.map((line) => JSON.stringify(line)).join("\n")),
    },
    read: (bytes) => valueIn(decodeHistory(bytes)),
  },
  "head event": message(
    "events",
    eventMaxBytes,
    fc.tuple(headJson, anyMarks).map(([head, marks]) => headEvent(head, marks)),
  ),
  "peer probe request": message(
    "events",
    eventMaxBytes,
    fc.constant({ kind: "peerProbeRequest", id: "7.3", node, replicas: ["r1", "r2"] }),
  ),
  "history event": message(
    "events",
    eventMaxBytes,
    entries.map((some) => ({ kind: "history", entries: some })),
  ),
  heartbeat: message(
    "heartbeats",
    reportMaxBytes,
    anyHeartbeat.map((heartbeat) => ({ format: 1, ...heartbeat })),
  ),
  "status request": message("statusRequests", reportMaxBytes, fc.constant({})),
  report: message("reports", reportMaxBytes, fc.constant({ node, reason: "refused", replica: "r1", probe: "failed" })),
  "peer probe result": message(
    "probeResults",
    reportMaxBytes,
    fc.constant({ id: "7.3", node, replica: "r1", ok: true }),
  ),
  operation: message(
    "operations",
    operationMaxBytes,
    fc.constantFrom(
      { ...origin, kind: "drain", node: "es1", forMs: 60_000, force: false },
      { ...origin, kind: "unmark", node: "es1" },
      { ...origin, kind: "pause", forMs: 1 },
    ),
  ),
  "operation result": message(
    "operationResults",
    operationMaxBytes,
    fc.constant({ id: "o1", outcome: "done", text: "es1 is drained", marks: version, node, untilMs: 9 }),
  ),
  "answer of Redis": {
    good: {
      text: fc.constantFrom(
        "+OK\r\n$6\r\na\r\nb\r\n\r\n%1\r\n$5\r\nproto\r\n:3\r\n",
        ">3\r\n$7\r\nmessage\r\n$6\r\nevents\r\n$2\r\n{}\r\n",
        "*2\r\n*2\r\n:1\r\n~1\r\n=7\r\ntxt:abc\r\n!3\r\nERR\r\n-ERR no\r\n",
      ),
    },
    read: readFrames,
  },
  "INFO of Redis": {
    good: { text: fc.constant("# Server\r\nredis_version:7.4.1\r\nredis_mode:cluster\r\nmaxmemory:100\r\n") },
    read: (bytes) => readServerFacts(textOf(bytes)),
  },
  "list of nodes": { good: { json: fc.constant(nodesAnswer) }, read: readNodes },
  "publish address": {
    good: { text: fc.constantFrom("es1/10.0.0.1:9200", "inet[/10.0.0.1:9200]", "https://[2001:db8::1]:9200") },
    read: (bytes) => parsePublishAddress(textOf(bytes)),
  },
  "uuid of a cluster": { good: { json: fc.constant(root) }, read: readUuid },
  "JSON of a node": {
    good: { json: fc.constant(root) },
    read: (bytes) => parseObject({ kind: "answered", status: 200, body: Buffer.from(bytes) }),
  },
  "id of an owned search": {
    good: { json: fc.constantFrom({ _scroll_id: "DXF1", hits: {} }, { rows: [[1]], cursor: "c1" }) },
    read: (bytes) => idInBody(Buffer.from(bytes), {}),
  },
  "Retry-After": {
    good: { text: fc.constantFrom("120", "Sun, 06 Nov 1994 08:49:37 GMT") },
    read: (bytes) => parseRetryAfter(textOf(bytes), 0),
  },
  "operation of the live page": {
    good: { json: fc.constant({ kind: "drain", node: "es1", forMs: 60_000, reason: "r", force: false, name: "me" }) },
    read: (bytes) => {
      const read = readRequestedOperation(json(bytes), { id: "o1", from: "10.0.0.1", atMs: 1 });
      return "request" in read ? read.request : undefined;
    },
  },
  "cloud id": {
    good: { text: fc.constant(`logs:${Buffer.from("eu.example.com:9243$abc$kib").toString("base64")}`) },
    read: readCloudId,
  },
};

function readFrames(given: Uint8Array): number | undefined {
  const bytes = Buffer.from(given.buffer, given.byteOffset, given.byteLength);
  const frames = new RespFrames();
  let found = 0;
  try {
    for (let at = 0; at < bytes.length; ) {
      const { end, frame } = frames.next(bytes, at);
      if (end <= at) throw new RangeError("it stands still");
      at = end;
      if (frame !== undefined) found++;
    }
    return found;
  } catch (error) {
    // The connection is given up.
    if (error instanceof BrokenReplies) return undefined;
    throw error;
  }
}

function readNodes(bytes: Uint8Array): unknown {
  const seed = { scheme: "http", host: "10.0.0.9", port: 9200, pathPrefix: "" } as const;
  const steps = parseNodes({ status: 200, body: bytes }, { seed, allowDirect: true });
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value.ok ? step.value : undefined;
  }
}

function readUuid(bytes: Uint8Array): unknown {
  const answer = json(bytes);
  const uuid = typeof answer === "object" && answer !== null ? Reflect.get(answer, "cluster_uuid") : answer;
  return judgeIdentity(undefined, uuid);
}

function readCloudId(bytes: Uint8Array): unknown {
  const machine = { cores: 2, heapLimitBytes: 2 ** 30 };
  try {
    return parsePoolConfig({ cloudId: textOf(bytes), auth: { apiKey: "k" } }, machine).seeds;
  } catch (error) {
    // Options are the one thing of which a bad one is thrown.
    if (error instanceof RollcallError && error.code === "CONFIG") return undefined;
    throw error;
  }
}

/** As the framework of the live page hands it over; undefined is a request without a body. */
function json(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(textOf(bytes));
  } catch {
    return undefined;
  }
}

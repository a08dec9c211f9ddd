import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { anyHead, anyHeartbeat, anyMarks } from "./arbitrary-view.test.support.js";
import { digestOf, encodeHead, encodeMarks } from "./codec.js";
import { decodeEvent, encodePeerProbeRequest, headEventAround, releasedEvent } from "./events.js";
import { decodeHeartbeat, encodeHeartbeat } from "./heartbeat-codec.js";
import { viewLimits } from "./limits.js";
import {
  decodeOperationRequest,
  decodeOperationResult,
  encodeOperationRequest,
  encodeOperationResult,
  type OperationRequest,
  type OperationResult,
} from "./operation-messages.js";
import { decodePeerProbeResult, decodeReport, encodePeerProbeResult, encodeReport } from "./reports.js";
import type { Head } from "./view.js";

const bytes = (value: unknown) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
const decoders = {
  ...{ decodeEvent, decodeReport, decodePeerProbeResult, decodeHeartbeat },
  ...{ decodeOperationRequest, decodeOperationResult },
};

const request = { id: "7.3", node: "n1@es1:9200", replicas: ["r1", "r2"] };
const result = { id: "7.3", node: "n1@es1:9200", replica: "r1", ok: true };
const report = { node: "n1@es1:9200", reason: "connection refused", replica: "r1" };
const version = { epoch: 7, leader: "a", sequence: 1 };
const origin = { id: "o1", by: "ops@host", reason: "restart", atMs: 5 };
const drain = { ...origin, kind: "drain", node: "es1", forMs: 60_000, force: false } as const;
const operations: readonly OperationRequest[] = [
  drain,
  { ...origin, kind: "undrain", node: "es1" },
  { ...origin, kind: "unmark", node: "es1" },
  { ...origin, kind: "pause", forMs: 1 },
  { ...origin, kind: "resume" },
];
const answered: OperationResult = { id: "o1", outcome: "refused", text: "no node is called es9" };

it("a head event carries the head, and marks that are small enough", () => {
  fc.assert(
    fc.property(anyHead, anyMarks, fc.boolean(), (named, marks, isNamed) => {
      const encoded = encodeMarks(marks);
      const digests = { topology: digestOf(encoded), marks: digestOf(encoded) };
      const head: Head = isNamed ? { ...named, digests } : { ...named };
      const { before, after } = headEventAround(encoded);
      const message = bytes(`${before}${encodeHead(head).slice(0, -1)},"atMs":${head.atMs}}${after}`);
      const isMeant = head.digests === undefined || isNamed;
      const inline = isMeant && encoded.byteLength <= viewLimits.inlineMarksMaxBytes ? { marks } : {};
      assert.deepEqual(decodeEvent(message), { value: { kind: "head", head, ...inline } });
    }),
  );
  assert.equal(headEventAround(Buffer.alloc(viewLimits.inlineMarksMaxBytes + 1, "x")).after, "}");
  assert.equal(headEventAround(undefined).after, "}");
});

it("every message is read as it was written", () => {
  fc.assert(
    fc.property(anyHeartbeat, (heartbeat) => {
      assert.deepEqual(decodeHeartbeat(bytes(encodeHeartbeat(heartbeat))), { value: heartbeat });
    }),
  );
  for (const one of [report, { ...report, probe: "failed" as const }]) {
    assert.deepEqual(decodeReport(bytes(encodeReport(one))), { value: one });
  }
  for (const one of [result, { ...result, ok: false }]) {
    assert.deepEqual(decodePeerProbeResult(bytes(encodePeerProbeResult(one))), { value: one });
  }
  const asked = { kind: "peerProbeRequest", ...request };
  assert.deepEqual(decodeEvent(bytes(encodePeerProbeRequest(request))), { value: asked });
  assert.deepEqual(decodeEvent(bytes(releasedEvent)), { value: { kind: "released" } });
  for (const one of operations) {
    assert.deepEqual(decodeOperationRequest(bytes(encodeOperationRequest(one))), { value: one });
  }
  for (const one of [answered, { ...answered, marks: version, node: "n1@es1:9200", untilMs: 5 }]) {
    assert.deepEqual(decodeOperationResult(bytes(encodeOperationResult(one))), { value: one });
  }
});

it("a message with one bad field is refused", () => {
  const [heartbeat] = fc.sample(anyHeartbeat, 1);
  const asked = { kind: "peerProbeRequest", ...request };
  const tooMany = Array.from({ length: 17 }, (_, index) => `r${index}`);
  const cases: readonly (readonly [keyof typeof decoders, object, readonly object[]])[] = [
    ["decodeEvent", asked, [{ id: "" }, { id: 7 }, { id: "x".repeat(65) }, { node: "es1:9200" }]],
    ["decodeEvent", asked, [{ replicas: "r1" }, { replicas: [""] }, { replicas: tooMany }]],
    ["decodePeerProbeResult", result, [{ id: undefined }, { node: 1 }, { replica: "" }, { ok: "yes" }, { ok: null }]],
    ["decodeReport", report, [{ probe: "answered" }, { node: "es1" }, { reason: 1 }, { replica: undefined }]],
    ["decodeOperationRequest", drain, [{ id: "" }, { by: "" }, { kind: "stop" }, { node: "" }, { node: undefined }]],
    ["decodeOperationRequest", drain, [{ forMs: 1.5 }, { forMs: -1 }, { forMs: 1e12 }, { force: 1 }, { atMs: "now" }]],
    [
      "decodeOperationRequest",
      drain,
      [{ node: "x".repeat(401) }, { reason: "x".repeat(201) }, { by: "x".repeat(256) }],
    ],
    [
      "decodeOperationResult",
      answered,
      [{ id: 1 }, { outcome: "perhaps" }, { text: 1 }, { marks: {} }, { untilMs: "" }],
    ],
    ["decodeHeartbeat", { ...heartbeat, format: 1 }, [{ format: 3 }, { format: undefined }, { role: "leader" }]],
  ];
  for (const [decoder, good, parts] of cases) {
    assert.ok("value" in decoders[decoder](bytes(good)), decoder);
    for (const part of parts) {
      assert.ok("problem" in decoders[decoder](bytes({ ...good, ...part })), `${decoder} ${JSON.stringify(part)}`);
    }
  }
});

it("a heartbeat says in what format it is, and the next format is still read", () => {
  const [heartbeat] = fc.sample(anyHeartbeat, 1);
  assert.ok(heartbeat !== undefined);
  const message = JSON.parse(encodeHeartbeat(heartbeat));
  assert.equal(message.format, 1);
  assert.ok("value" in decodeHeartbeat(bytes({ ...message, format: 2 })));
});

it("a heartbeat names no more nodes and threads than a reader accepts", () => {
  const [heartbeat] = fc.sample(anyHeartbeat, 1);
  assert.ok(heartbeat !== undefined);
  const nodes = Array.from({ length: 500 }, (_, index) => `n${index}@es1:9200`);
  const threads = nodes.map((_, thread) => ({ thread, calls: 0, tasks: 0, state: "well" as const }));
  const read = decodeHeartbeat(bytes(encodeHeartbeat({ ...heartbeat, ejected: nodes, refutes: nodes, threads })));
  assert.ok("value" in read);
  const { ejected, refutes } = read.value;
  assert.deepEqual([ejected, refutes], [nodes.slice(0, 64), nodes.slice(0, 64)]);
  assert.deepEqual(read.value.threads, threads.slice(0, 64));
});

it("a heartbeat with very long keys leaves out what it can do without, and is still read", () => {
  const [sample] = fc.sample(anyHeartbeat, 1);
  assert.ok(sample !== undefined);
  const keys = Array.from({ length: 64 }, (_, index) => `${"n".repeat(380)}@es${index}:9200`);
  const latency = new Array<number>(36).fill(1_000_000_000);
  const counts = { requests: 1, failed: 0, queued: 0, errors: 0, inFlight: 0, sockets: 0 };
  const load = { ...counts, overMs: 1, nodes: keys.map((node) => ({ ...counts, node, latency })) };
  const avoids = keys.map((node) => ({ node, state: "ejected" as const, reason: "r".repeat(900), forMs: 1 }));
  const read = decodeHeartbeat(bytes(encodeHeartbeat({ ...sample, ejected: keys, refutes: keys, avoids, load })));
  assert.ok("value" in read);
  const { value } = read;
  assert.deepEqual([value.ejected, value.refutes, value.avoids, value.load], [keys, keys, undefined, undefined]);
  const short = decodeHeartbeat(bytes(encodeHeartbeat({ ...sample, ejected: [], refutes: [], avoids, load })));
  assert.ok("value" in short);
  assert.deepEqual([short.value.avoids?.length, short.value.load?.nodes.length], [32, 32]);
});

it("an event of a kind of a newer version is no fault", () => {
  assert.deepEqual(decodeEvent(bytes({ kind: "oracle", nodes: [] })), { value: { kind: "unknown" } });
});

it("no decoder accepts a message beyond its limit", () => {
  for (const decode of Object.values(decoders)) {
    assert.ok("problem" in decode(Buffer.alloc(viewLimits.reportMaxBytes + 1, "1")));
  }
});

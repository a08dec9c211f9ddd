import assert from "node:assert/strict";
import { it } from "node:test";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import type { Steps } from "../steps.js";
import { count } from "../steps.test.support.js";
import { anyHead, anyMarks, anyTopology } from "./arbitrary-view.test.support.js";
import {
  decodeHead,
  decodeMarks,
  decodeMarksInSteps,
  decodeTopology,
  decodeTopologyInSteps,
  encodeHead,
  encodeMarks,
  encodeTopology,
} from "./codec.js";
import type { Decoded } from "./json-fields.js";
import { viewLimits } from "./limits.js";
import type { Topology } from "./view.js";

const bytes = (value: unknown) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
const zipped = (value: unknown) => gzipSync(bytes(value));
const problemOf = (read: Decoded<unknown>): string => ("problem" in read ? read.problem : "none");

/** As Redis writes it: the time before the last brace. */
const headBytes = (head: Parameters<typeof encodeHead>[0], atMs: number) =>
  bytes(`${encodeHead(head).slice(0, -1)},"atMs":${atMs}}`);

const version = { epoch: 7, leader: "a", sequence: 1 };
const node = { id: "n1", host: "es1", port: 9200 };
const topology = { version, source: "sniff", nodes: [node] };
const mark = { kind: "down", sinceMs: 5, reason: "connection refused" };
const marks = { version, nodes: { "n1@es1:9200": mark } };
const head = { format: 1, topology: version, marks: version, beat: 3, atMs: 9, replicas: 2 };

it("every document is read as it was written", () => {
  fc.assert(
    fc.property(anyTopology, anyMarks, anyHead, (someTopology, someMarks, someHead) => {
      assert.deepEqual(decodeTopology(encodeTopology(someTopology)), { value: someTopology });
      assert.deepEqual(decodeMarks(encodeMarks(someMarks)), { value: someMarks });
      assert.deepEqual(decodeHead(headBytes(someHead, someHead.atMs)), { value: someHead });
      // As the script that gives the lease back leaves it.
      const released = { ...someHead, released: true as const };
      assert.deepEqual(decodeHead(bytes({ format: 1, ...released })), { value: released });
    }),
  );
});

it("no text of a document has a character that a terminal or a log may obey, and a mark still names its node", () => {
  const forged = "x\n\u001b[31m\u202e";
  const by = { ...version, leader: forged };
  const names = { id: forged, name: forged, roles: [forged], version: forged, aliases: [forged] };
  const nodes = [{ ...node, ...names, attributes: { [forged]: [forged] } }];
  const documents = [
    decodeTopology(zipped({ version: by, clusterUuid: forged, clusterName: forged, source: "sniff", nodes })),
    decodeMarks(bytes({ version: by, nodes: { [`${forged}@es1:9200`]: { ...mark, reason: forged } } })),
    decodeHead(bytes({ ...head, topology: by, marks: by })),
  ];
  assert.deepEqual(documents.map(problemOf), ["none", "none", "none"]);
  assert.ok(!/\\n|\\u001b|\u202e/.test(JSON.stringify(documents)));
  const [topologyRead, marksRead] = documents.map(
    (read) => JSON.stringify(read).match(/x\ufffd\ufffd\[31m\ufffd/g)?.length,
  );
  assert.deepEqual([topologyRead, marksRead], [10, 3]);
});

it("unknown fields are dropped at every level", () => {
  const strange = { later: { than: "us" } };
  const read = decodeTopology(
    zipped({ ...topology, ...strange, nodes: [{ ...node, ...strange, scheme: "http", path: "/x", password: "p" }] }),
  );
  assert.deepEqual(read, { value: topology });
  const marked = {
    version: { ...version, ...strange },
    nodes: { "n1@es1:9200": { ...mark, ...strange } },
    ...strange,
  };
  assert.deepEqual(decodeMarks(bytes(marked)), { value: marks });
  const { format, ...known } = head;
  assert.deepEqual(decodeHead(bytes({ ...head, format: 2, ...strange })), { value: known });
});

it("a head says in what format it is; one that is too new or has none is refused", () => {
  assert.equal(JSON.parse(encodeHead(head)).format, 1);
  assert.match(problemOf(decodeHead(bytes({ ...head, format: 3 }))), /format 3/);
  for (const format of [undefined, 0, -1, 1.5, "1", null]) {
    assert.match(problemOf(decodeHead(bytes({ ...head, format }))), /format/, String(format));
  }
});

it("a document with one bad field is refused whole, and the problem names the field", () => {
  const topologyWith = (part: object) => decodeTopology(zipped({ ...topology, ...part }));
  const versionWith = (part: object) => topologyWith({ version: { ...version, ...part } });
  const marksWith = (nodes: unknown) => decodeMarks(bytes({ ...marks, nodes }));
  const markWith = (part: object) => marksWith({ "n1@es1:9200": { ...mark, ...part } });
  const headWith = (part: object) => decodeHead(bytes({ ...head, ...part }));
  const cases: readonly (readonly [Decoded<unknown>, RegExp])[] = [
    [topologyWith({ nodes: undefined }), /nodes/],
    [topologyWith({ nodes: { 0: node } }), /nodes/],
    [topologyWith({ source: "me" }), /source/],
    [versionWith({ epoch: -1 }), /epoch/],
    [versionWith({ epoch: 2 ** 53 }), /epoch/],
    [versionWith({ leader: "" }), /leader/],
    [versionWith({ sequence: "1" }), /sequence/],
    [decodeTopology(zipped([topology])), /not an object/],
    [marksWith([mark]), /nodes/],
    [markWith({ kind: "" }), /kind/],
    [markWith({ kind: 5 }), /kind/],
    [markWith({ sinceMs: "1" }), /sinceMs/],
    [markWith({ down: {} }), /flaps/],
    [marksWith({ keyless: mark }), /@/],
    [decodeMarks(bytes(`{"version":${JSON.stringify(version)},"nodes":{"__proto__":${JSON.stringify(mark)}}}`)), /@/],
    [headWith({ beat: -1 }), /beat/],
    [headWith({ atMs: null }), /atMs/],
    [headWith({ replicas: 1e12 }), /replicas/],
  ];
  for (const [read, expected] of cases) assert.match(problemOf(read), expected);
});

it("a mark of a kind that only a later version has is left out, and the others are read", () => {
  const later = { kind: "paused", sinceMs: "a time of its own" };
  const nodes = { "n1@es1:9200": mark, "n2@es2:9200": later };
  assert.deepEqual(decodeMarks(bytes({ ...marks, nodes })), { value: { version, nodes: { "n1@es1:9200": mark } } });
});

it("a host is accepted as a bare host in canonical spelling alone", () => {
  const hosts = [
    ..."https://es1 es1/path user:pw@es1 es1:9200 [::1] fe80::1%eth0 ES1 10.1 0:0:0:0:0:0:0:1".split(" "),
    ...["es 1", "es1\n", "", "a.".repeat(127), "a".repeat(254), 9200, null, ["es1"]],
  ];
  const problemWith = (part: object) =>
    problemOf(decodeTopology(zipped({ ...topology, nodes: [{ ...node, ...part }] })));
  for (const host of hosts) assert.match(problemWith({ host }), /host/, JSON.stringify(host));
  for (const port of [0, 65_536, -1, 9200.5, "9200", null, undefined]) {
    assert.match(problemWith({ port }), /port/, String(port));
  }
  for (const ip of ["es1", "10.1", "[::1]", 7]) assert.match(problemWith({ ip }), /ip/, String(ip));
  assert.match(problemWith({ tls: false }), /tls/);
});

it("a document that exceeds a limit in number or length is refused", () => {
  const many = Array.from({ length: viewLimits.nodesMax + 1 }, () => node);
  assert.match(problemOf(decodeTopology(zipped({ ...topology, nodes: many }))), /more than 8192/);
  assert.ok("value" in decodeTopology(zipped({ ...topology, nodes: many.slice(1) })));
  const marked = Object.fromEntries(many.map((_, index) => [`n${index}@es1:9200`, { ...mark, reason: "" }]));
  assert.match(problemOf(decodeMarks(bytes({ ...marks, nodes: marked }))), /more than 8192/);
  const longReason = { ...mark, reason: "x".repeat(viewLimits.reasonMaxLength + 1) };
  assert.match(problemOf(decodeMarks(bytes({ ...marks, nodes: { "n@es1:9200": longReason } }))), /reason is longer/);
  const roles = Array.from({ length: viewLimits.rolesMax + 1 }, () => "data");
  assert.match(problemOf(decodeTopology(zipped({ ...topology, nodes: [{ ...node, roles }] }))), /roles/);
  assert.match(problemOf(decodeHead(bytes({ ...head, more: "x".repeat(viewLimits.headMaxBytes) }))), /larger than/);
});

it("a document is never inflated beyond its limit, however small the compressed bytes are", () => {
  const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024));
  assert.ok(bomb.byteLength < viewLimits.documentMaxBytes);
  assert.match(problemOf(decodeTopology(bomb)), /larger than 4194304 bytes when uncompressed/);
  assert.match(problemOf(decodeTopology(Buffer.alloc(viewLimits.documentMaxBytes + 1))), /larger than/);
});

const nodes = (length: number, more: object) =>
  Array.from({ length }, (_, index) => ({ id: `node-${index}-${"i".repeat(16)}`, host: "es1", port: 9200, ...more }));

it("the writer leaves out attributes if the document would be too long for readers", () => {
  const attributes = { "ml.machine_memory": "x".repeat(900) };
  const large: Topology = { version, source: "sniff", nodes: nodes(5_000, { name: "es-data", attributes }) };
  const read = decodeTopology(encodeTopology(large));
  assert.deepEqual(read, { value: { ...large, nodes: nodes(5_000, { name: "es-data" }) } });
});

it("the writer throws rather than writing what no reader accepts", () => {
  const long = { name: "n".repeat(255), roles: Array.from({ length: 4 }, () => "r".repeat(64)) };
  const large: Topology = { version, source: "sniff", nodes: nodes(viewLimits.nodesMax, long) };
  assert.throws(() => encodeTopology(large), RangeError);
});

it("the writer cuts reasons to the length that readers accept", () => {
  const long = { version, nodes: { "n@es1:9200": { kind: "down" as const, sinceMs: 1, reason: "r".repeat(9_999) } } };
  const read = decodeMarks(encodeMarks(long));
  assert.ok("value" in read);
  assert.equal(read.value.nodes["n@es1:9200"]?.reason.length, viewLimits.reasonMaxLength);
});

it("documents of thousands of nodes are decoded in steps of 128 nodes, and those of a few in one", () => {
  const large: Topology = { version, source: "sniff", nodes: nodes(4_096, {}) };
  const marked = { version, nodes: Object.fromEntries(large.nodes.map(({ id }) => [`${id}@es1:9200`, someMark])) };
  const refused = zipped({ ...large, nodes: [...large.nodes.slice(1), { host: "" }] });
  for (const [steps, count, expected] of [
    [decodeTopologyInSteps(encodeTopology(large)), 34, { value: large }],
    [decodeMarksInSteps(encodeMarks(marked)), 35, { value: marked }],
    [decodeTopologyInSteps(refused), 34, { problem: "id is not text" }],
    [decodeTopologyInSteps(zipped(topology)), 0, { value: topology }],
    [decodeMarksInSteps(bytes(marks)), 0, { value: marks }],
  ] as const) {
    let turns = 0;
    for (;;) {
      const step: IteratorResult<void, Decoded<unknown>> = steps.next();
      if (step.done === true) {
        assert.deepEqual([turns, step.value], [count, expected]);
        break;
      }
      turns++;
    }
  }
});

it("a document of lists in lists is read in steps as well, however many there are", () => {
  const lists = "[],".repeat(1_000_000);
  const part = `{"version":${JSON.stringify(version)},"source":"sniff"`;
  const long = gzipSync(`${part},"nodes":[{"id":"a","host":"es1","port":9200,"more":[${lists}0]}]}`);
  assert.deepEqual(problemAndPauses(decodeTopologyInSteps(long)), ["has a part that is larger than 262144 bytes", 45]);
  const unknown = gzipSync(`${part},"more":[${lists}0],"nodes":[]}`);
  assert.deepEqual(problemAndPauses(decodeTopologyInSteps(unknown))[0], "has a part that is larger than 524288 bytes");
});

function problemAndPauses(steps: Steps<Decoded<unknown>>): [string, number] {
  const { result, pauses } = count(steps);
  return [problemOf(result), pauses];
}

const someMark = { kind: "down" as const, sinceMs: 1, reason: "connection refused" };

import fc from "fast-check";
import type { Heartbeat, ThreadHeartbeat } from "./heartbeat.js";
import { viewLimits } from "./limits.js";
import type { NodeRecord } from "./node-record.js";
import type { Version } from "./version.js";
import { type Head, type Mark, type Marks, markKinds, type Topology } from "./view.js";

// Any view that a coordinator may have: for tests that hold for all of them. Each is complete by its type, so that a
// new field does not compile before it stands here, and then is not read before the codec knows it.

type Fields<Document> = { readonly [Name in keyof Required<Document>]: fc.Arbitrary<Document[Name]> };

/** Any text, with all that JSON has to escape. */
const textUpTo = (maxLength: number) =>
  fc.string({ unit: "binary", maxLength }).map((text) => text.slice(0, maxLength));
const nameUpTo = (maxLength: number) => textUpTo(maxLength).filter((text) => text.length > 0);
const moment = fc.double({ min: 0, max: 2 ** 50, noNaN: true }).map((ms) => ms + 0);
const count = fc.nat({ max: 1_000_000 });

const host = fc.oneof(
  fc.constantFrom("es1", "es-2.example.com", "localhost", "node_1", "xn--mnchen-3ya.example", "a".repeat(63)),
  fc.ipV4(),
  fc.constantFrom("::1", "2001:db8::1", "fd00::2:1"),
);
const ip = fc.constantFrom("10.0.0.1", "2001:db8::1", "192.168.0.7");

export const anyVersion: fc.Arbitrary<Version> = fc.record(
  { epoch: fc.maxSafeNat(), leader: nameUpTo(24), sequence: fc.maxSafeNat() },
  { noNullPrototype: true },
);

const anyNode: fc.Arbitrary<NodeRecord> = fc.record(
  {
    id: textUpTo(22),
    name: textUpTo(20),
    host,
    port: fc.integer({ min: 1, max: 65_535 }),
    ip,
    roles: fc.array(textUpTo(12), { maxLength: 6 }),
    attributes: fc
      .dictionary(
        fc.oneof(textUpTo(10), fc.constantFrom("__proto__", "constructor", "toString")),
        fc.oneof(textUpTo(20), fc.array(textUpTo(8), { maxLength: 3 })),
        { maxKeys: 5, noNullPrototype: true },
      )
      // What JSON gives back: every key an own property.
      .map((attributes) => Object.fromEntries(Object.entries(attributes))),
    version: textUpTo(10),
    aliases: fc.array(textUpTo(22), { maxLength: 2 }),
    tls: fc.constant(true as const),
  } satisfies Fields<NodeRecord>,
  { requiredKeys: ["id", "host", "port"], noNullPrototype: true },
);

export const anyTopology: fc.Arbitrary<Topology> = fc.record(
  {
    version: anyVersion,
    clusterUuid: textUpTo(22),
    clusterName: textUpTo(20),
    source: fc.constantFrom("sniff" as const, "seeds" as const),
    nodes: fc.array(anyNode, { maxLength: 8 }),
  } satisfies Fields<Topology>,
  { requiredKeys: ["version", "source", "nodes"], noNullPrototype: true },
);

const anyMark: fc.Arbitrary<Mark> = fc.record(
  {
    kind: fc.constantFrom(...markKinds),
    sinceMs: moment,
    reason: textUpTo(40),
    down: fc.record(
      { flaps: count, holdUntilMs: moment, failedProbes: count, reporters: count },
      { noNullPrototype: true },
    ),
  } satisfies Fields<Mark>,
  { requiredKeys: ["kind", "sinceMs", "reason"], noNullPrototype: true },
);

const anyKey = fc.tuple(textUpTo(22), host).map(([id, name]) => `${id}@${name}:9200`);

export const anyMarks: fc.Arbitrary<Marks> = fc
  .tuple(anyVersion, fc.array(fc.tuple(anyKey, anyMark), { maxLength: 8 }))
  .map(([version, nodes]) => ({ version, nodes: Object.fromEntries(nodes) }));

export const anyHead: fc.Arbitrary<Head> = fc.record(
  {
    topology: anyVersion,
    marks: anyVersion,
    beat: fc.maxSafeNat(),
    atMs: fc.nat(),
    replicas: count,
  } satisfies Fields<Head>,
  { noNullPrototype: true },
);

const anyThread: fc.Arbitrary<ThreadHeartbeat> = fc.record(
  {
    thread: fc.nat({ max: 63 }),
    topology: anyVersion,
    calls: count,
    tasks: count,
    state: fc.constantFrom("starting" as const, "well" as const, "late" as const),
  } satisfies Fields<ThreadHeartbeat>,
  { requiredKeys: ["thread", "calls", "tasks", "state"], noNullPrototype: true },
);

export const anyHeartbeat: fc.Arbitrary<Heartbeat> = fc.record(
  {
    replica: nameUpTo(30),
    host: textUpTo(30),
    pid: fc.nat(),
    role: fc.constantFrom("candidate" as const, "external" as const, "coordinator" as const),
    leading: fc.boolean(),
    freshness: fc.constantFrom("fresh" as const, "stale" as const, "orphan" as const),
    view: fc.record({ topology: anyVersion, marks: anyVersion }, { noNullPrototype: true }),
    ejected: fc.array(anyKey, { maxLength: viewLimits.ejectedMax }),
    refutes: fc.array(anyKey, { maxLength: viewLimits.refutesMax }),
    answeredMsAgo: moment,
    threads: fc.array(anyThread, { maxLength: 4 }),
  } satisfies Fields<Heartbeat>,
  {
    requiredKeys: ["replica", "host", "pid", "role", "leading", "freshness", "ejected", "threads"],
    noNullPrototype: true,
  },
);

import fc from "fast-check";
import { printable } from "../printable.js";
import type { AvoidedNode, Heartbeat, HeldConnections, NodeLoad, ReplicaLoad, ThreadHeartbeat } from "./heartbeat.js";
import { viewLimits } from "./limits.js";
import type { NodeRecord } from "./node-record.js";
import type { Version } from "./version.js";
import {
  type ConnectionShares,
  type Digests,
  type Drain,
  type Head,
  type Mark,
  type Marks,
  markKinds,
  type Pause,
  type Topology,
} from "./view.js";

// Any view that a coordinator may have: for tests that hold for all of them. Each is complete by its type, so that a
// new field does not compile before it stands here, and then is not read before the codec has it.

type Fields<Document> = { readonly [Name in keyof Required<Document>]: fc.Arbitrary<Required<Document>[Name]> };

/** Any record with these fields, those that are named as optional now and then missing. */
function recordOf<Document>(
  fields: Fields<Document>,
  optional: readonly (keyof Document)[] = [],
): fc.Arbitrary<Document> {
  const requiredKeys = (Object.keys(fields) as (keyof Document)[]).filter((key) => !optional.includes(key));
  return fc.record(fields, { requiredKeys, noNullPrototype: true }) as fc.Arbitrary<Document>;
}

/** Any text that a reader leaves as it is, with quotes and backslashes. */
const textUpTo = (maxLength: number) =>
  fc.string({ unit: "binary", maxLength }).map((text) => printable(text.slice(0, maxLength)));
const nameUpTo = (maxLength: number) => textUpTo(maxLength).filter((text) => text.length > 0);
const moment = fc.double({ min: 0, max: 2 ** 50, noNaN: true }).map((ms) => ms + 0);
const count = fc.nat({ max: 1_000_000 });

const host = fc.oneof(
  fc.constantFrom("es1", "es-2.example.com", "localhost", "node_1", "xn--mnchen-3ya.example", "a".repeat(63)),
  fc.ipV4(),
  fc.constantFrom("::1", "2001:db8::1", "fd00::2:1"),
);
const ip = fc.constantFrom("10.0.0.1", "2001:db8::1", "192.168.0.7");

export const anyVersion = recordOf<Version>({
  epoch: fc.maxSafeNat(),
  leader: nameUpTo(24),
  sequence: fc.nat({ max: viewLimits.counterMax }),
});

const attributeName = fc.oneof(textUpTo(10), fc.constantFrom("__proto__", "constructor", "toString"));
const attributeValue = fc.oneof(textUpTo(20), fc.array(textUpTo(8), { maxLength: 3 }));
const anyNode = recordOf<NodeRecord>(
  {
    id: textUpTo(22),
    name: textUpTo(20),
    host,
    port: fc.integer({ min: 1, max: 65_535 }),
    ip,
    roles: fc.array(textUpTo(12), { maxLength: 6 }),
    attributes: fc
      .dictionary(attributeName, attributeValue, { maxKeys: 5, noNullPrototype: true })
      // What JSON gives back: every key an own property.
      .map((attributes) => Object.fromEntries(Object.entries(attributes))),
    version: textUpTo(10),
    aliases: fc.array(textUpTo(22), { maxLength: 2 }),
    dnsName: host,
    tls: fc.constant(true as const),
  },
  ["name", "ip", "dnsName", "roles", "attributes", "version", "aliases", "tls"],
);

export const anyTopology = recordOf<Topology>(
  {
    version: anyVersion,
    clusterUuid: textUpTo(22),
    clusterName: textUpTo(20),
    source: fc.constantFrom("sniff", "dns", "seeds"),
    nodes: fc.array(anyNode, { maxLength: 8 }),
  },
  ["clusterUuid", "clusterName"],
);

const anyDown = recordOf<NonNullable<Mark["down"]>>({
  flaps: count,
  holdUntilMs: moment,
  failedProbes: count,
  reporters: count,
});
const anyMark = recordOf<Mark>(
  { kind: fc.constantFrom(...markKinds), sinceMs: moment, reason: textUpTo(40), down: anyDown },
  ["down"],
);

const anyKey = fc.tuple(textUpTo(22), host).map(([id, name]) => `${id}@${name}:9200`);

const timed = { sinceMs: moment, untilMs: moment, by: textUpTo(30), reason: textUpTo(40) };
const anyDrain = recordOf<Drain>({ ...timed, id: textUpTo(22), address: nameUpTo(30), name: textUpTo(20) }, ["name"]);

const positive = fc.integer({ min: 1, max: viewLimits.counterMax });
const anyShares = recordOf<ConnectionShares>({
  ...{ fleetPerNode: positive, perThread: positive, starting: positive, threads: count, round: count },
  admitted: fc.array(nameUpTo(30), { maxLength: 4 }),
});

export const anyMarks = recordOf<Marks>(
  {
    version: anyVersion,
    nodes: fc.array(fc.tuple(anyKey, anyMark), { maxLength: 8 }).map((nodes) => Object.fromEntries(nodes)),
    drains: fc.array(anyDrain, { maxLength: 4 }),
    pause: recordOf<Pause>(timed),
    connections: anyShares,
  },
  ["drains", "pause", "connections"],
);

const versions = { topology: anyVersion, marks: anyVersion };
const anyDigest = fc.base64String({ minLength: 4, maxLength: viewLimits.digestLength });
export const anyHead = recordOf<Omit<Head, "released">>(
  {
    ...versions,
    beat: fc.nat({ max: viewLimits.counterMax }),
    atMs: fc.nat(),
    replicas: count,
    digests: recordOf<Digests>({ topology: anyDigest, marks: anyDigest }),
    sharded: fc.constant(true as const),
  },
  ["digests", "sharded"],
);

const threadState = fc.constantFrom("starting" as const, "well" as const, "late" as const, "failed" as const);
const anyThread = recordOf<ThreadHeartbeat>(
  { thread: fc.nat({ max: 63 }), topology: anyVersion, calls: count, tasks: count, state: threadState },
  ["topology"],
);

const anyLoad = recordOf<NodeLoad>({
  ...{ node: anyKey, requests: count, errors: count, inFlight: count, sockets: count },
  latency: fc.array(count, { maxLength: 36 }),
});

const anyAvoided = recordOf<AvoidedNode>(
  {
    node: anyKey,
    state: fc.constantFrom("ejected", "penalized", "unusable"),
    reason: textUpTo(40),
    forMs: fc.nat(),
    factor: fc.nat(),
  },
  ["factor"],
);

export const anyHeartbeat = recordOf<Heartbeat>(
  {
    replica: nameUpTo(30),
    host: textUpTo(30),
    pid: fc.nat(),
    role: fc.constantFrom("candidate", "external", "coordinator"),
    leading: fc.boolean(),
    ending: fc.constant(true as const),
    freshness: fc.constantFrom("fresh", "stale", "orphan"),
    view: recordOf<NonNullable<Heartbeat["view"]>>({ ...versions, beat: fc.nat({ max: viewLimits.counterMax }) }, [
      "beat",
    ]),
    ejected: fc.array(anyKey, { maxLength: viewLimits.ejectedMax }),
    avoids: fc.array(anyAvoided, { maxLength: viewLimits.avoidedMax }),
    load: recordOf<ReplicaLoad>({
      ...{ overMs: fc.nat(), requests: count, failed: count, queued: count },
      nodes: fc.array(anyLoad, { maxLength: 4 }),
    }),
    refutes: fc.array(anyKey, { maxLength: viewLimits.refutesMax }),
    answeredMsAgo: moment,
    connections: recordOf<HeldConnections>(
      {
        ...{ fleetPerNode: count, perThread: count, most: count, round: count },
        isAdmitted: fc.constant(true as const),
      },
      ["round", "isAdmitted"],
    ),
    sharded: fc.constant(true as const),
    threads: fc.array(anyThread, { maxLength: 4 }),
  },
  ["ending", "view", "avoids", "load", "refutes", "answeredMsAgo", "connections", "sharded"],
);

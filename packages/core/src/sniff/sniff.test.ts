import assert from "node:assert/strict";
import { BlockList, isIP } from "node:net";
import { it } from "node:test";
import fc from "fast-check";
import { count, finish } from "../steps.test.support.js";
import { addressOf, type NodeRecord, nodeKey } from "../view/node-record.js";
import {
  emptyMembership,
  type Membership,
  membershipOf,
  mergeSniff,
  parseNodes,
  parsePublishAddress,
  recogniseSeeds,
  type SniffAnswer,
  type SniffContext,
  sniffLimits,
} from "./index.js";

const context: SniffContext = {
  seed: { scheme: "http", host: "10.0.0.9", port: 9200, pathPrefix: "" },
  allowDirect: true,
};

const parse = (answer: SniffAnswer, given: SniffContext) => finish(parseNodes(answer, given));

// An opinion of what cannot be connected to that shares no code with ours.
const unroutable = new BlockList();
const networks = "0.0.0.0/8 127.0.0.0/8 169.254.0.0/16 224.0.0.0/3 ::/96 fe80::/10 ff00::/8";
for (const network of networks.split(" ")) {
  const [address = "", prefix] = network.split("/");
  unroutable.addSubnet(address, Number(prefix), isIP(address) === 4 ? "ipv4" : "ipv6");
}

/** As an address is written: without the dot that marks a name as complete. */
const inAddress = (host: string) => host.replace(/\.$/, "");

function assertRoutable(node: NodeRecord): void {
  for (const host of [node.host, node.ip ?? node.host]) {
    const family = isIP(host);
    if (family !== 0) assert.ok(!unroutable.check(host, family === 4 ? "ipv4" : "ipv6"), host);
    else assert.match(host, /^[a-z0-9_.-]{1,253}$/);
    assert.ok(!/(^|\.)localhost\.?$/.test(host), host);
    const url = new URL(`http://${addressOf({ host, port: node.port })}/`);
    assert.equal(url.hostname.replace(/^\[|\]$/g, ""), inAddress(host));
  }
  assert.ok(Number.isInteger(node.port) && node.port >= 1 && node.port <= 65_535);
}

const octet = fc.oneof(fc.nat(255), fc.constantFrom(0, 10, 127, 169, 224, 255, 254));
const ipv4 = fc.tuple(octet, octet, octet, octet).map((bytes) => bytes.join("."));
const group = fc.oneof(
  fc.constantFrom("0", "1", "ffff", "fe80", "ff02", "2001"),
  fc.nat(0xffff).map((n) => n.toString(16)),
);
const ipv6 = fc.oneof(
  fc.array(group, { minLength: 8, maxLength: 8 }).map((groups) => groups.join(":")),
  fc
    .tuple(fc.array(group, { maxLength: 3 }), fc.array(group, { maxLength: 3 }))
    .map((halves) => halves.map((half) => half.join(":")).join("::")),
  ipv4.map((mapped) => `::ffff:${mapped}`),
  fc.ipV6(),
);
const name = fc.oneof(
  fc.constantFrom("es1", "localhost", "es_1.internal", "Bücher.example", "http", "*"),
  fc.domain(),
  fc.string(),
);
const port = fc.oneof(fc.nat(70_000).map(String), fc.constantFrom("", "0", "abc", "09200", "1e3"));
const prefix = fc.constantFrom("", "http://", "https://", "HTTPS://", "ftp://", "inet[", "/");
const hostBefore = fc.oneof(
  fc.constant(""),
  name.map((text) => `${text}/`),
);
const bracketed = ipv6.map((text) => `[${text}]`);
const published = fc
  .tuple(prefix, hostBefore, fc.oneof(ipv4, bracketed, name), port)
  .map(([before, host, address, digits]) => `${before}${host}${address}:${digits}${before === "inet[" ? "]" : ""}`);
const anyPublished = fc.oneof(published, fc.string({ unit: "binary" }), fc.jsonValue());

const node = fc.record(
  {
    name: fc.oneof(fc.string(), fc.jsonValue()),
    version: fc.constantFrom("8.19.0", "2.19.5"),
    roles: fc.oneof(fc.subarray(["master", "data", "ml", "cluster_manager", "ingest"]), fc.jsonValue()),
    attributes: fc.dictionary(fc.oneof(fc.constantFrom("rack.0", "rack.1", "__proto__"), fc.string()), fc.string()),
    http: fc.record(
      { publish_address: anyPublished, bound_address: fc.array(anyPublished, { maxLength: 3 }) },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
);
const nodeId = fc.oneof(fc.constantFrom("n1", "n2", "n3", "__proto__"), fc.string());
const document = fc.record({
  _nodes: fc.oneof(fc.record({ total: fc.nat(4), successful: fc.nat(4), failed: fc.nat(2) }), fc.jsonValue()),
  cluster_name: fc.string(),
  nodes: fc.dictionary(nodeId, fc.oneof(node, fc.jsonValue())),
});
// A cut or changed text is rarely JSON still; both kinds of damage are wanted.
const damaged = fc.tuple(document, fc.nat(), fc.nat(20), fc.string()).map(([value, at, length, text]) => {
  const whole = JSON.stringify(value);
  const from = at % (whole.length + 1);
  return whole.slice(0, from) + text + whole.slice(from + length);
});
const body = fc.oneof(
  document.map((value) => JSON.stringify(value)),
  damaged,
  fc.json(),
  fc.string({ unit: "binary" }),
  fc.uint8Array(),
  document.map((value) => new TextEncoder().encode(JSON.stringify(value))),
);

it("an address that is accepted can be connected to, and reads the same again", () => {
  fc.assert(
    fc.property(anyPublished, (value) => {
      const address = parsePublishAddress(value);
      if (!address.ok) return assert.ok(address.reason.length < 300);
      if (!address.host.startsWith("127.") && address.host !== "::1" && !address.host.includes("localhost")) {
        assertRoutable({ id: "n1", host: address.host, port: address.port });
      }
      const again = parsePublishAddress(addressOf(address));
      assert.deepEqual(again, { ok: true, host: inAddress(address.host), port: address.port });
    }),
    { numRuns: 2_000 },
  );
});

it("parsing never throws, and yields distinct nodes that can be connected to, in one order", () => {
  const anyStatus = fc.oneof({ weight: 9, arbitrary: fc.constant(200) }, { weight: 1, arbitrary: fc.integer() });
  fc.assert(
    fc.property(anyStatus, body, (status, text) => {
      const sniff = parse({ status, body: text }, context);
      if (!sniff.ok) return assert.ok(sniff.reason.length > 0);
      const addresses = sniff.nodes.map(addressOf);
      for (const record of sniff.nodes) assertRoutable(record);
      assert.deepEqual(addresses, [...new Set(addresses)].sort());
      assert.ok(sniff.skipped.every(({ reason }) => reason.length > 0 && !/\p{Cc}/u.test(reason)));
      assert.deepEqual(Object.keys(Object.prototype), []);
    }),
    { numRuns: 1_000 },
  );
});

it("the order of nodes, roles and attributes changes nothing", () => {
  const reverse = (value: unknown): unknown => {
    if (Array.isArray(value) || typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).map(([key, inner]) => [key, reverse(inner)]);
    return Object.fromEntries(entries.reverse());
  };
  fc.assert(
    fc.property(document, (value) => {
      const there = parse({ status: 200, body: JSON.stringify(value) }, context);
      const back = parse({ status: 200, body: JSON.stringify(reverse(value)) }, context);
      assert.equal(JSON.stringify(back), JSON.stringify(there));
    }),
  );
});

it("a membership that has members is never emptied, and names no address twice", () => {
  const step = fc.record({ body, by: fc.constantFrom("a", "b"), afterMs: fc.constantFrom(0, 1_000, 5_000, 30_000) });
  const start = membershipOf([record("n1", "10.0.0.1"), record("n2", "10.0.0.2")]);
  fc.assert(
    fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
      let membership = start;
      let nowMs = 0;
      for (const { body: text, by, afterMs } of steps) {
        nowMs += afterMs;
        const sniff = parse({ status: 200, body: text }, context);
        if (!sniff.ok) continue;
        membership = mergeSniff(membership, { ...sniff, answeredBy: by }, nowMs).membership;
        const addresses = membership.members.map((member) => addressOf(member.node));
        assert.ok(addresses.length > 0);
        assert.equal(new Set(addresses).size, addresses.length);
      }
    }),
    { numRuns: 500 },
  );
});

function record(id: string, host: string, more: Partial<NodeRecord> = {}): NodeRecord {
  return { id, host, port: 9200, ...more };
}

function nodesOf({ members }: Membership): readonly NodeRecord[] {
  return members.map((member) => member.node);
}

function listing(...nodes: readonly NodeRecord[]) {
  return { nodes, complete: true, answeredBy: "a" };
}

// As in an answer, where ids are the keys of an object, no id and no address comes twice.
const few = fc
  .tuple(fc.shuffledSubarray(["1", "2", "3", "4", "5"]), fc.shuffledSubarray(["a", "b", "c", "d", "e"]))
  .map(([ids, hosts]) => ids.slice(0, hosts.length).map((id, i) => record(id, hosts[i] ?? "")));
const answeredBy = fc.constantFrom("a", "b");
const afterMs = fc.constantFrom(0, 2_000, 6_000, 20_000);
const anyAnswer = fc.record({ nodes: few, complete: fc.boolean(), answeredBy, afterMs });
const steps = fc.array(anyAnswer, { maxLength: 12 });

function afterAll(history: readonly { nodes: NodeRecord[]; complete: boolean; answeredBy: string; afterMs: number }[]) {
  let membership: Membership = emptyMembership;
  let nowMs = 0;
  for (const { afterMs, ...answer } of history) {
    nowMs += afterMs;
    membership = mergeSniff(membership, answer, nowMs).membership;
  }
  return { membership, nowMs };
}

it("a complete answer that says what is known changes nothing", () => {
  fc.assert(
    fc.property(steps, few, (history, nodes) => {
      fc.pre(nodes.length > 0);
      const { nowMs } = afterAll(history);
      const once = mergeSniff(emptyMembership, listing(...nodes), nowMs);
      const twice = mergeSniff(once.membership, listing(...structuredClone(nodes)), nowMs + 60_000);
      assert.deepEqual(twice, { membership: once.membership, changed: false });
    }),
  );
});

it("an answer that comes twice at once changes nothing the second time", () => {
  fc.assert(
    fc.property(steps, few, (history, nodes) => {
      const { membership, nowMs } = afterAll(history);
      const once = mergeSniff(membership, listing(...nodes), nowMs);
      const twice = mergeSniff(once.membership, listing(...nodes), nowMs);
      assert.equal(twice.changed, false);
      assert.deepEqual(nodesOf(twice.membership), nodesOf(once.membership));
    }),
    { numRuns: 1_000 },
  );
});

it("a merge reports a change exactly if a record changed, and never mutates what it was given", () => {
  fc.assert(
    fc.property(steps, few, fc.boolean(), (history, nodes, complete) => {
      const { membership, nowMs } = afterAll(history);
      const before = structuredClone(membership);
      const merged = mergeSniff(membership, { nodes, complete, answeredBy: "a" }, nowMs);
      assert.deepEqual(membership, before);
      const records = (of: Membership) => nodesOf(of).map((node) => JSON.stringify(node));
      assert.equal(merged.changed, records(before).join() !== records(merged.membership).join());
    }),
  );
});

it("nodes that all publish one address do not shrink a membership", () => {
  const hosts = ["a", "b", "c", "d"].map((host, i) => record(`${i}`, host));
  const all = mergeSniff(emptyMembership, listing(...hosts), 0).membership;
  const shared = record("0", "gateway", { aliases: ["1", "2", "3"] });
  const merged = mergeSniff(all, listing(shared), 1_000);
  assert.equal(merged.membership.members.length, 5);
  assert.match(merged.held ?? "", /3 of 4 known nodes/);
});

it("the limit never costs a member its place", () => {
  const full = Array.from({ length: sniffLimits.nodesMax }, (_, i) => record(`${i}`, `h${i}`));
  const membership = membershipOf(full);
  const more = mergeSniff(membership, { ...listing(record("x", "new")), complete: false }, 1);
  assert.deepEqual([more.changed, more.membership.members.length], [false, sniffLimits.nodesMax]);
  assert.match(more.held ?? "", /no more than 8192 members/);
  const moved = mergeSniff(membership, { ...listing(record("x", "new"), record("5", "moved")), complete: false }, 1);
  const keys = nodesOf(moved.membership).map(nodeKey);
  assert.deepEqual([keys.length, keys.includes("5@moved:9200")], [sniffLimits.nodesMax, true]);
});

it("a membership begins from a list of nodes as from a sniff", () => {
  const nodes = [record("2", "b"), record("1", "a"), record("3", "a")];
  const begun = membershipOf(nodes);
  assert.deepEqual(begun, mergeSniff(emptyMembership, listing(record("2", "b"), record("1", "a")), 0).membership);
  assert.equal(mergeSniff(begun, listing(record("1", "a"), record("2", "b")), 0).changed, false);
  const many = Array.from({ length: sniffLimits.nodesMax + 1 }, (_, place) => record(`${place}`, `h${place}`));
  assert.equal(membershipOf(many).members.length, sniffLimits.nodesMax);
});

it("configured addresses without an id are different nodes", () => {
  const all = mergeSniff(emptyMembership, listing(record("", "a"), record("", "b")), 0).membership;
  const merged = mergeSniff(all, { ...listing(record("", "c")), complete: false }, 1);
  const keys = (membership: Membership) => nodesOf(membership).map(nodeKey);
  assert.deepEqual(keys(merged.membership), ["@a:9200", "@b:9200", "@c:9200"]);
  const named = mergeSniff(merged.membership, { ...listing(record("1", "a")), complete: false }, 2);
  assert.deepEqual(keys(named.membership), ["1@a:9200", "@b:9200", "@c:9200"]);
});

const listOf = (entries: object) => JSON.stringify({ nodes: entries });
const good = { http: { publish_address: "10.0.0.1:9200" } };

it("an answer with too many nodes, too long a body or bytes that are not UTF-8 is refused", () => {
  const many = Object.fromEntries(Array.from({ length: sniffLimits.nodesMax + 1 }, (_, i) => [`n${i}`, {}]));
  const padded = `${" ".repeat(sniffLimits.bodyMaxLength)}${listOf({ a: good })}`;
  const named = new TextEncoder().encode(listOf({ a: { ...good, name: "?" } }));
  const cases = [
    [listOf(many), /more than 8192 nodes/],
    [padded, /./],
    [named.map((byte) => (byte === 63 ? 0xff : byte)), /./],
  ] as const;
  for (const [body, reason] of cases) {
    const sniff = parse({ status: 200, body }, context);
    assert.ok(!sniff.ok && sniff.kind === "malformed");
    assert.match(sniff.reason, reason);
  }
});

it("an answer of thousands of nodes is read in many steps, and a node whose entry is very long is skipped", () => {
  const many = Object.fromEntries(
    Array.from({ length: sniffLimits.nodesMax }, (_, i) => [`n${i}`, { http: { publish_address: `n${i}:9200` } }]),
  );
  const body = listOf({ ...many, n7: { ...good, other: "x".repeat(sniffLimits.entryMaxBytes) } });
  const { result, pauses } = count(parseNodes({ status: 200, body }, context));
  assert.ok(result.ok);
  assert.deepEqual([result.nodes.length, result.skipped.map(({ id }) => id)], [sniffLimits.nodesMax - 1, ["n7"]]);
  assert.ok(pauses >= 60, `${pauses} pauses`);
});

it("of thousands of new nodes 256 join at first, then as many as are known, up to 512, and a reason says how many wait", () => {
  const nodes = Array.from({ length: 4_000 }, (_, at) => record(`n${at}`, `n${String(at).padStart(4, "0")}`));
  let membership = emptyMembership;
  const sizes: number[] = [];
  const reasons: (string | undefined)[] = [];
  for (let nowMs = 0; nowMs < 11; nowMs++) {
    const merged = mergeSniff(membership, { nodes, complete: true, answeredBy: "a" }, nowMs);
    membership = merged.membership;
    sizes.push(membership.members.length);
    reasons.push(merged.held);
  }
  assert.deepEqual(sizes, [256, 512, 1_024, 1_536, 2_048, 2_560, 3_072, 3_584, 4_000, 4_000, 4_000]);
  assert.match(reasons[0] ?? "", /^3744 of 4000 new nodes wait/);
  assert.deepEqual(reasons.slice(8), [undefined, undefined, undefined]);
});

it("texts that are too long are left out, and the node stays", () => {
  const long = "x".repeat(2_000);
  const attributes = { [long]: "a", b: long, c: "c" };
  const entry = { ...good, name: long, version: long, roles: ["master", long], attributes };
  const sniff = parse({ status: 200, body: listOf({ a: entry }) }, context);
  assert.ok(sniff.ok);
  assert.deepEqual(sniff.nodes, [{ id: "a", attributes: { c: "c" }, host: "10.0.0.1", port: 9200 }]);
});

it("a node whose id is too long or empty is skipped", () => {
  const sniff = parse({ status: 200, body: listOf({ ["i".repeat(200)]: good, "": good }) }, context);
  assert.ok(sniff.ok);
  assert.deepEqual([sniff.nodes.length, sniff.skipped.length], [0, 2]);
  assert.ok(sniff.skipped.every(({ id }) => id.length <= sniffLimits.shownMaxLength + 1));
});

it("a skipped node is shown on one line and without a user's password", () => {
  const nodes = { n1: { name: "es\n1\u{1b}[31m", http: { publish_address: "http://elastic:canary@es1:9200" } } };
  const sniff = parse({ status: 200, body: JSON.stringify({ nodes }) }, context);
  assert.ok(sniff.ok);
  assert.doesNotMatch(JSON.stringify(sniff), /canary|\\n|\\u001b/);
  assert.deepEqual(sniff.skipped[0]?.published, "[redacted]@es1:9200");
});

it("no text of a listed node has a character that a terminal or a log may obey", () => {
  const forged = "x\n\u{1b}[31m\u{202e}";
  const entry = { ...good, name: forged, version: forged, roles: [forged], attributes: { [forged]: forged } };
  const body = JSON.stringify({ cluster_name: forged, nodes: { [forged]: entry } });
  const sniff = parse({ status: 200, body }, context);
  assert.ok(sniff.ok);
  assert.equal(JSON.stringify(sniff).split("x\ufffd\ufffd[31m\ufffd").length - 1, 7);
  assert.doesNotMatch(JSON.stringify(sniff), /\\n|\\u001b|\u202e/);
});

it("an answer whose nodes are all skipped keeps its counts", () => {
  const counts = { total: 3, successful: 2, failed: 1 };
  const text = JSON.stringify({ _nodes: counts, cluster_name: "logs", nodes: { a: {} } });
  const sniff = parse({ status: 200, body: text }, context);
  assert.ok(sniff.ok);
  assert.deepEqual(sniff, {
    ok: true,
    nodes: [],
    published: new Map(),
    skipped: [{ id: "a", reason: "it names no http address" }],
    complete: false,
    ...counts,
    clusterName: "logs",
    filterIgnored: false,
  });
});

it("recognised seeds keep nodes apart, whatever the seeds resolve to", () => {
  const host = fc.constantFrom("es1", "es2", "10.0.0.1", "10.0.0.2");
  const ip = fc.constantFrom("10.0.0.1", "10.0.0.2", "2001:db8::1");
  const nodes = fc.uniqueArray(fc.record({ id: fc.uuid(), host, ip, port: fc.constantFrom(9200, 9201) }), {
    selector: addressOf,
  });
  const seeds = fc.array(
    fc.record({ host: fc.oneof(host, fc.constant("gw")), port: fc.constant(9200), addresses: fc.array(ip) }),
  );
  fc.assert(
    fc.property(nodes, seeds, (records, known) => {
      const recognised = recogniseSeeds(records, known);
      assert.deepEqual(
        recognised.map(({ id }) => id),
        records.map(({ id }) => id),
      );
      assert.equal(new Set(recognised.map(addressOf)).size, records.length);
    }),
  );
});

import assert from "node:assert/strict";
import { it } from "node:test";
import { finish } from "../steps.test.support.js";
import { addressOf, type NodeRecord, nodeKey } from "../view/node-record.js";
import {
  emptyMembership,
  judgeIdentity,
  mergeSniff,
  type ParsedSniff,
  parseNodes,
  parsePublishAddress,
  recogniseSeeds,
  type SniffAnswer,
  type SniffContext,
  servesRequests,
} from "./index.js";
import * as tables from "./vectors.test.data.js";

const parse = (answer: SniffAnswer, context: SniffContext) => finish(parseNodes(answer, context));

/** One row of a table; `given` and `expect` stand before and behind the arrow. A row without an arrow is a sentence. */
interface Row {
  readonly vector: string;
  readonly given: string;
  readonly expect: string;
}

/** A table of one line a row. */
function rowsOf(table: string): Row[] {
  return table
    .trim()
    .split("\n")
    .map((line) => {
      const [, vector = "", given = "", expect = ""] = /^\s*(\d+) (.*?) => (.*)$/.exec(line) ?? assert.fail(line);
      return { vector, given: given.trim(), expect };
    });
}

/** A table of sentences with their rows, which are indented. */
function storiesOf(table: string) {
  return table
    .trim()
    .split(/\n(?=\d)/)
    .map((text) => {
      const [, vector = "", says = "", body = ""] = /^(\d+) +(.*)\n([\s\S]*)$/.exec(text) ?? assert.fail(text);
      const steps = body.replace(/\n {6,}/g, " ").split("\n");
      return { vector, says, steps: steps.map((step) => step.trim().split(/ +=> /) as [string, string]) };
    });
}

function contextOf(seedText = "http://10.0.0.9:9200"): SniffContext {
  const seed = new URL(seedText);
  const scheme = seed.protocol === "https:" ? "https" : "http";
  const port = Number(seed.port) || (scheme === "https" ? 443 : 80);
  const host = seed.hostname.replace(/^\[|\]$/g, "");
  return { seed: { scheme, host, port, pathPrefix: seed.pathname.replace(/\/$/, "") }, allowDirect: true };
}

function parsed(body: string, context = contextOf()): Extract<ParsedSniff, { ok: true }> {
  const sniff = parse({ status: 200, body }, context);
  assert.ok(sniff.ok, JSON.stringify(sniff));
  return sniff;
}

/** The list of these nodes. */
const listOf = (nodes: object) => JSON.stringify({ nodes });

/** `host/ip:port`. */
function endpointOf(text: string): { host: string; port: number; ip?: string } {
  const [, host = "", ip, port = ""] = /^([^/]+?)(?:\/([^/]+))?:(\d+)$/.exec(text) ?? [];
  return { host, port: Number(port), ...(ip === undefined ? {} : { ip }) };
}

const altOf = ({ ip, port }: { ip?: string; port: number }) =>
  ip === undefined ? "" : ` | alt ${addressOf({ host: ip, port })}`;

const addressRows = rowsOf(tables.addresses).flatMap(({ vector, given, expect }) => {
  const [texts = "", seed] = given.split(/ +from /);
  const isJson = /^(".*"|null|\d+)$/;
  return texts.split(", ").map((text) => {
    const publish: unknown = isJson.test(text) ? JSON.parse(text) : text;
    return { vector, publish, seed, expect };
  });
});

for (const { vector, publish, seed, expect } of addressRows) {
  const shown = JSON.stringify(publish).slice(0, 60);
  it(`vector ${vector}: the publish address ${shown} from ${seed ?? "any seed"} becomes ${expect}`, () => {
    const context = contextOf(seed);
    const { nodes, skipped } = parsed(listOf({ n1: { http: { publish_address: publish } } }), context);
    const [node] = nodes;
    if (node === undefined) {
      const [, reason] = /^skip: (.*)$/.exec(expect) ?? [];
      assert.ok(reason !== undefined && skipped[0]?.reason.includes(reason), JSON.stringify(skipped));
      return;
    }
    assert.equal(`${node.tls ? "https" : context.seed.scheme}://${addressOf(node)}${altOf(node)}`, expect);
  });
}

it("publish addresses are read the same way one at a time", () => {
  for (const { publish, expect, seed } of addressRows) {
    if (seed !== undefined || expect.includes("loopback") || String(publish).includes("/127.")) continue;
    const address = parsePublishAddress(publish);
    assert.equal(address.ok, !expect.startsWith("skip"), String(publish));
    if (address.ok) assert.equal(`${address.scheme ?? "http"}://${addressOf(address)}${altOf(address)}`, expect);
  }
});

it("a loopback publish address is accepted, since it depends on the machine that reads it", () => {
  assert.deepEqual(parsePublishAddress("127.0.0.1:9200"), { ok: true, host: "127.0.0.1", port: 9200 });
});

for (const { vector, given, expect } of rowsOf(tables.roles)) {
  for (const text of given.split(", ")) {
    it(`vector ${vector}: whether a node with the roles ${text} serves requests: ${expect}`, () => {
      const roles = text === "absent" ? undefined : text === "none" ? [] : text.split(" ");
      assert.equal(servesRequests(roles), expect === "yes");
    });
  }
}

/** The answer and the context of a row of `answers`. */
function answerOf(text: string) {
  const [, seed, map, indirect, rest = ""] =
    /^(?:from (\S+) )?(?:map (\S+) )?(indirect )?(.*)$/.exec(text) ?? assert.fail(text);
  const context: SniffContext = {
    ...contextOf(seed),
    allowDirect: indirect === undefined,
    ...(map === undefined ? {} : { addressMap: JSON.parse(map) }),
  };
  const [kind = "", ...words] = rest.split(/ +/);
  if (kind === "status") return { context, status: Number(words[0]), body: "" };
  if (kind === "body") return { context, status: 200, body: words.join(" ") };
  const counts = kind.includes("=") ? undefined : kind.split("/").map(Number);
  const nodes = (counts === undefined ? [kind, ...words] : words).map((word) => {
    const [, id = "", value = "", manager] = /^([^=]+)=(.*?)(\*)?$/.exec(word) ?? assert.fail(word);
    if (/^[{["]|^null$/.test(value)) return `"${id}":${value}`;
    const node = { http: { publish_address: value }, ...(manager === undefined ? {} : { roles: ["cluster_manager"] }) };
    return `"${id}":${JSON.stringify(node)}`;
  });
  const [total, successful, failed] = counts ?? [];
  const head = counts === undefined ? "" : `"_nodes":${JSON.stringify({ total, successful, failed })},`;
  return { context, status: 200, body: `{${head}"nodes":{${nodes.join()}}}` };
}

for (const { vector, says, steps } of storiesOf(tables.answers)) {
  it(`vector ${vector}: ${says}`, () => {
    for (const [given, expect] of steps) {
      const { context, status, body } = answerOf(given);
      assert.equal(summary(parse({ status, body }, context)), expect);
      assert.equal(summary(parse({ status, body: new TextEncoder().encode(body) }, context)), expect);
    }
  });
}

function summary(sniff: ParsedSniff): string {
  if (!sniff.ok) return sniff.kind;
  const { nodes, skipped, complete, filterIgnored } = sniff;
  return [
    ...nodes.map((node) => `${[node.id, ...(node.aliases ?? [])].join("+")}=${addressOf(node)}`),
    ...(skipped.length > 0 ? [`- ${skipped.map(({ id }) => id).join(",")}`] : []),
    ...(complete ? [] : ["! partial"]),
    ...(filterIgnored ? ["! filter ignored"] : []),
  ].join(" ");
}

for (const { vector, given, expect } of rowsOf(tables.attributes)) {
  it(`vector ${vector}: the attributes ${given} are kept as ${expect}`, () => {
    const { nodes } = parsed(`{"nodes":{"n1":{"attributes":${given},"http":{"publish_address":"10.0.0.1:9200"}}}}`);
    assert.equal(JSON.stringify(nodes[0]?.attributes), expect);
    assert.deepEqual(nodes[0]?.attributes, JSON.parse(expect));
  });
}

for (const { vector, given, expect } of rowsOf(tables.refusals)) {
  it(`vector ${vector}: the reason of a ${given} names what is missing`, () => {
    const sniff = parse({ status: Number(given), body: "" }, contextOf());
    assert.ok(!sniff.ok && sniff.kind === "denied");
    assert.match(sniff.reason, new RegExp(expect));
  });
}

const at = (publish: string, more: object = {}) => ({ http: { publish_address: publish }, ...more });

it("vector 36: the reason why a node is not used directly names the option that helps", () => {
  const context = { ...contextOf("https://gw/es"), allowDirect: false };
  const { skipped } = parsed(listOf({ a: at("10.0.0.1:9200") }), context);
  assert.match(skipped[0]?.reason ?? "", /^https:\/\/gw:443\/es .*discovery\.allow/);
});

it("vector 33: an address is https if one of its nodes publishes https", () => {
  const { nodes } = parsed(listOf({ a: at("gw:1"), b: at("https://gw:1") }));
  assert.deepEqual(nodes, [{ id: "a", host: "gw", port: 1, aliases: ["b"], tls: true }]);
});

it("vectors 28 and 37: a node's version is recorded, and its roles in one order, each once", () => {
  const { nodes } = parsed(listOf({ a: at("es1:1", { version: "8.19.0", roles: ["ingest", "data", "ingest"] }) }));
  assert.deepEqual(nodes, [{ id: "a", host: "es1", port: 1, version: "8.19.0", roles: ["data", "ingest"] }]);
});

it("vector 38: 200 nodes in 1 MB are read, and no prototype is touched", () => {
  const attributes = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`key${i}`, "x".repeat(80)]));
  const nodes = Array.from({ length: 200 }, (_, i) => [
    `n${i}`,
    at(`10.0.${i}.1:9200`, { attributes, roles: ["data"] }),
  ]);
  const counts = { total: 201, successful: 201, failed: 0 };
  const text = JSON.stringify({ _nodes: counts, nodes: Object.fromEntries(nodes) });
  const polluted = text.replace('"nodes":{', '"nodes":{"__proto__":{"polluted":"yes","http":null},');
  assert.ok(polluted.length > 1_000_000);
  const sniff = parsed(polluted);
  assert.deepEqual([sniff.nodes.length, sniff.complete], [200, true]);
  assert.equal(Reflect.get({}, "polluted"), undefined);
});

for (const { vector, says, steps } of storiesOf(tables.memberships)) {
  it(`vector ${vector}: ${says}`, () => {
    let membership = emptyMembership;
    let before = "";
    for (const [given, expect] of steps) {
      const [second, by = "", ...listed] = given.split(" ");
      const nodes = listed.map((text): NodeRecord => {
        const [id = "", host = ""] = text.split("@");
        return { id, host, port: 1 };
      });
      const answer = { nodes, complete: !by.endsWith("~"), answeredBy: by.replace("~", "") };
      const merged = mergeSniff(membership, answer, Number(second) * 1_000);
      membership = merged.membership;
      const [, wanted = "", held] = /^(.*?)(, held)?$/.exec(expect) ?? [];
      const members = { "as listed": listed.join(" "), "as before": before }[wanted] ?? wanted;
      const found = membership.members.map(({ node }) => nodeKey(node).replace(/:1$/, "")).join(" ");
      assert.equal(found, members, `members at ${second} s`);
      assert.equal(merged.held !== undefined, held !== undefined, `held at ${second} s`);
      assert.equal(merged.changed, members !== before, `changed at ${second} s`);
      before = members;
    }
  });
}

for (const { vector, says, steps } of storiesOf(tables.seeds)) {
  it(`vector ${vector}: ${says}`, () => {
    for (const [given, expect] of steps) {
      const [listed = "", configured = ""] = given.split(" with ");
      const records = listed.split(" ").map((text): NodeRecord => {
        const [name = "", address = ""] = text.split("=");
        return { id: `id-${name}`, name, roles: ["data"], ...endpointOf(address) };
      });
      const known = configured.split(" ").map((text) => {
        const [, address = "", resolves = "", name] = /^(.*)\((.*)\)(?:#(.*))?$/.exec(text) ?? assert.fail(text);
        const answered = name === undefined ? {} : { answeredAs: name };
        return { ...endpointOf(address), addresses: resolves.split(","), ...answered };
      });
      const recognised = recogniseSeeds(records, known);
      const written = recognised.map(
        ({ name, host, ip, port }) => `${name}=${[host, ip].filter(Boolean).join("/")}:${port}`,
      );
      assert.equal(written.join(" "), expect === "unchanged" ? listed : expect);
      const kept = (nodes: readonly NodeRecord[]) => nodes.map(({ id, roles }) => ({ id, roles }));
      assert.deepEqual(kept(recognised), kept(records));
    }
  });
}

it("vector 35: an address that several nodes share is no seed", () => {
  const shared: NodeRecord = { id: "a", name: "n1", host: "10.0.0.1", port: 9200, aliases: ["b"] };
  const seed = { host: "gw", port: 9200, addresses: ["10.0.0.1"], answeredAs: "n1" };
  assert.deepEqual(recogniseSeeds([shared], [seed]), [shared]);
});

for (const { vector, given, expect } of rowsOf(tables.identities)) {
  const [pinned = "", text = ""] = given.split(/ +/);
  it(`vector ${vector}: the cluster_uuid ${text.slice(0, 20)} against ${pinned} is ${expect}`, () => {
    const answered: unknown = text === "absent" ? undefined : JSON.parse(text);
    const identity = judgeIdentity(pinned === "nothing" ? undefined : pinned, answered);
    assert.deepEqual(identity, expect === "unverified" ? { kind: expect } : { kind: expect, uuid: answered });
  });
}

it("the tables cover all 42 vectors", () => {
  const numbers = Object.values(tables).flatMap((table) =>
    [...table.matchAll(/^ ?(\d+) {1,2}\S/gm)].map(([, n]) => Number(n)),
  );
  const covered = [...new Set(numbers)].sort((a, b) => a - b);
  assert.deepEqual(
    covered,
    Array.from({ length: 42 }, (_, i) => i + 1),
  );
});

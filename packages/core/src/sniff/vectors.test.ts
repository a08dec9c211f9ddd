import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { addressOf, type NodeRecord, nodeKey } from "../view/node-record.js";
import {
  emptyMembership,
  judgeIdentity,
  mergeSniff,
  type ParsedSniff,
  parseNodes,
  parsePublishAddress,
  recogniseSeeds,
  type SniffContext,
  servesRequests,
} from "./index.js";
import * as data from "./vectors.test.data.js";

function contextOf(seedText = "http://10.0.0.9:9200"): SniffContext {
  const seed = new URL(seedText);
  const scheme = seed.protocol === "https:" ? "https" : "http";
  const port = Number(seed.port) || (scheme === "https" ? 443 : 80);
  const host = seed.hostname.replace(/^\[|\]$/g, "");
  return { seed: { scheme, host, port, pathPrefix: seed.pathname.replace(/\/$/, "") }, allowDirect: true };
}

function parsed(sniff: ParsedSniff): Extract<ParsedSniff, { ok: true }> {
  assert.ok(sniff.ok, JSON.stringify(sniff));
  return sniff;
}

function endpointOf(text: string): { host: string; port: number; ip?: string } {
  const [, host = "", ip, port = ""] = /^([^/]+?)(?:\/([^/]+))?:(\d+)$/.exec(text) ?? [];
  return { host, port: Number(port), ...(ip === undefined ? {} : { ip }) };
}

describe("publish addresses", () => {
  for (const { vector, publish, seed, expect } of data.addressVectors) {
    it(`vector ${vector}: ${JSON.stringify(publish).slice(0, 60)} becomes ${expect}`, () => {
      const context = contextOf(seed);
      const body = JSON.stringify({ nodes: { n1: { http: { publish_address: publish } } } });
      const { nodes, skipped } = parsed(parseNodes({ status: 200, body }, context));
      const [node] = nodes;
      if (node === undefined) {
        const [, reason] = /^skip: (.*)$/.exec(expect) ?? [];
        assert.ok(reason !== undefined && skipped[0]?.reason.includes(reason), JSON.stringify(skipped));
        return;
      }
      const alt = node.ip === undefined ? "" : ` | alt ${addressOf({ host: node.ip, port: node.port })}`;
      assert.equal(`${node.tls ? "https" : context.seed.scheme}://${addressOf(node)}${alt}`, expect);
    });
  }

  it("publish addresses are read the same way one at a time", () => {
    for (const { publish, expect, seed } of data.addressVectors) {
      if (seed !== undefined || expect.includes("loopback") || String(publish).includes("/127.")) continue;
      const address = parsePublishAddress(publish);
      assert.equal(address.ok, !expect.startsWith("skip"), String(publish));
      if (!address.ok) continue;
      const alt = address.ip === undefined ? "" : ` | alt ${addressOf({ host: address.ip, port: address.port })}`;
      assert.equal(`${address.scheme ?? "http"}://${addressOf(address)}${alt}`, expect);
    }
  });

  it("a loopback publish address is accepted, since it depends on the machine that reads it", () => {
    assert.deepEqual(parsePublishAddress("127.0.0.1:9200"), { ok: true, host: "127.0.0.1", port: 9200 });
  });
});

describe("roles", () => {
  for (const { vector, roles, serves } of data.roleVectors) {
    it(`vector ${vector}: ${JSON.stringify(roles)} ${serves ? "serves" : "is kept out"}`, () => {
      assert.equal(servesRequests(roles), serves);
    });
  }
});

describe("answers", () => {
  for (const { vector, says, status = 200, body, seed, addressMap, allowDirect = true, expect } of data.answerVectors) {
    it(`vector ${vector}: ${says}`, () => {
      const context = { ...contextOf(seed), allowDirect, ...(addressMap === undefined ? {} : { addressMap }) };
      const text = typeof body === "string" ? body : JSON.stringify(body);
      assert.equal(summary(parseNodes({ status, body: text }, context)), expect);
      assert.equal(summary(parseNodes({ status, body: new TextEncoder().encode(text) }, context)), expect);
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

  for (const { vector, sent, kept } of data.attributeVectors) {
    it(`vector ${vector}: attributes ${sent} are kept as ${JSON.stringify(kept)}`, () => {
      const body = `{"nodes":{"n1":{"attributes":${sent},"http":{"publish_address":"10.0.0.1:9200"}}}}`;
      const { nodes } = parsed(parseNodes({ status: 200, body }, contextOf()));
      assert.deepEqual(nodes[0]?.attributes, kept);
      assert.equal(JSON.stringify(nodes[0]?.attributes), JSON.stringify(kept));
    });
  }

  for (const { vector, status, reason } of data.refusalVectors) {
    it(`vector ${vector}: ${status} says what is missing`, () => {
      const sniff = parseNodes({ status, body: "" }, contextOf());
      assert.ok(!sniff.ok && sniff.kind === "denied");
      assert.match(sniff.reason, reason);
    });
  }

  it("vector 36: the reason names the option that helps", () => {
    const body = '{"nodes":{"a":{"http":{"publish_address":"10.0.0.1:9200"}}}}';
    const context = { ...contextOf("https://gw/es"), allowDirect: false };
    const { skipped } = parsed(parseNodes({ status: 200, body }, context));
    assert.match(skipped[0]?.reason ?? "", /^https:\/\/gw:443\/es .*discovery\.allow/);
  });

  it("vector 33: an address is https if one of its nodes publishes https", () => {
    const body = '{"nodes":{"a":{"http":{"publish_address":"gw:1"}},"b":{"http":{"publish_address":"https://gw:1"}}}}';
    const { nodes } = parsed(parseNodes({ status: 200, body }, contextOf()));
    assert.deepEqual(nodes, [{ id: "a", host: "gw", port: 1, aliases: ["b"], tls: true }]);
  });

  it("vector 28: roles are kept in one order, each once", () => {
    const body = '{"nodes":{"a":{"roles":["ingest","data","ingest"],"http":{"publish_address":"10.0.0.1:9200"}}}}';
    assert.deepEqual(parsed(parseNodes({ status: 200, body }, contextOf())).nodes[0]?.roles, ["data", "ingest"]);
  });

  it("vector 37: versions are recorded", () => {
    const body = '{"nodes":{"a":{"version":"8.19.0","http":{"publish_address":"10.0.0.1:9200"}}}}';
    assert.equal(parsed(parseNodes({ status: 200, body }, contextOf())).nodes[0]?.version, "8.19.0");
  });

  it("vector 38: 200 nodes in 1 MB are read, and no prototype is touched", () => {
    const attributes = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`key${i}`, "x".repeat(80)]));
    const nodes = Object.fromEntries(
      Array.from({ length: 200 }, (_, i) => [
        `n${i}`,
        { attributes, roles: ["data"], http: { publish_address: `10.0.${i}.1:9200` } },
      ]),
    );
    const text = JSON.stringify({ _nodes: { total: 201, successful: 201, failed: 0 }, nodes });
    const polluted = text.replace('"nodes":{', '"nodes":{"__proto__":{"polluted":"yes","http":null},');
    assert.ok(polluted.length > 1_000_000);
    const sniff = parsed(parseNodes({ status: 200, body: polluted }, contextOf()));
    assert.equal(sniff.nodes.length, 200);
    assert.equal(sniff.complete, true);
    assert.equal(Reflect.get({}, "polluted"), undefined);
  });
});

describe("memberships", () => {
  for (const { vector, says, steps } of data.membershipVectors) {
    it(`vector ${vector}: ${says}`, () => {
      let membership = emptyMembership;
      for (const { atMs, by, partial, lists, members, note } of steps) {
        const answer = { nodes: nodesOf(lists), complete: partial !== true, answeredBy: by };
        const merged = mergeSniff(membership, answer, atMs);
        const keysBefore = membership.members.map(({ node }) => nodeKey(node));
        const keysAfter = merged.membership.members.map(({ node }) => nodeKey(node));
        membership = merged.membership;
        assert.equal(membership.members.map(({ node }) => nodeKey(node)).join(" "), members, `members at ${atMs} ms`);
        const notes = [
          ...keysAfter.filter((key) => !keysBefore.includes(key)).map((key) => `+${key}`),
          ...keysBefore.filter((key) => !keysAfter.includes(key)).map((key) => `-${key}`),
          ...(merged.held === undefined ? [] : ["held"]),
        ];
        assert.equal(notes.join(" "), note, `notes at ${atMs} ms`);
        assert.equal(merged.changed, /[+-]/.test(note), `changed at ${atMs} ms`);
      }
    });
  }

  function nodesOf(lists: string): NodeRecord[] {
    return lists
      .split(" ")
      .filter((text) => text !== "")
      .map((text) => {
        const [id = "", address = ""] = text.split("@");
        return { id, ...endpointOf(address) };
      });
  }
});

describe("seeds", () => {
  for (const { vector, says, nodes, seeds, expect } of data.seedVectors) {
    it(`vector ${vector}: ${says}`, () => {
      const records = nodes.split(" ").map((text): NodeRecord => {
        const [name = "", address = ""] = text.split("=");
        return { id: `id-${name}`, name, roles: ["data"], ...endpointOf(address) };
      });
      const known = seeds.map(({ at, resolves, answeredAs }) => ({
        ...endpointOf(at),
        addresses: resolves.split(" "),
        ...(answeredAs === undefined ? {} : { answeredAs }),
      }));
      const recognised = recogniseSeeds(records, known);
      const written = recognised.map(
        ({ name, host, ip, port }) => `${name}=${ip === undefined ? host : `${host}/${ip}`}:${port}`,
      );
      assert.equal(written.join(" "), expect);
      assert.deepEqual(
        recognised.map(({ id, roles }) => ({ id, roles })),
        records.map(({ id, roles }) => ({ id, roles })),
      );
    });
  }

  it("vector 35: an address that several nodes share is no seed", () => {
    const shared: NodeRecord = { id: "a", name: "n1", host: "10.0.0.1", port: 9200, aliases: ["b"] };
    const seed = { host: "gw", port: 9200, addresses: ["10.0.0.1"], answeredAs: "n1" };
    assert.deepEqual(recogniseSeeds([shared], [seed]), [shared]);
  });
});

describe("identities", () => {
  for (const { vector, pinned, answered, expect } of data.identityVectors) {
    it(`vector ${vector}: ${String(answered).slice(0, 20)} against ${pinned ?? "nothing"} is ${expect}`, () => {
      const identity = judgeIdentity(pinned, answered);
      assert.deepEqual(identity, expect === "unverified" ? { kind: expect } : { kind: expect, uuid: answered });
    });
  }
});

it("covers all 42 vectors", () => {
  const rows = Object.values(data).flatMap((table) => table.map(({ vector }) => vector));
  const covered = [...new Set(rows)].sort((a, b) => a - b);
  assert.deepEqual(
    covered,
    Array.from({ length: 42 }, (_, i) => i + 1),
  );
});

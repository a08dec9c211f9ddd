import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { finish } from "../steps.test.support.js";
import { ListMemory, type ParsedSniff, parseNodes, type SniffContext } from "./index.js";

const context: SniffContext = {
  seed: { scheme: "http", host: "10.0.0.9", port: 9200, pathPrefix: "" },
  allowDirect: true,
};
const at = (given: Partial<SniffContext["seed"]>): SniffContext => ({
  ...context,
  seed: { ...context.seed, ...given },
});

/** An answer that lists nodes by id, in this order, with what each says of itself. */
function listing(nodes: Readonly<Record<string, object>>, given: object = {}) {
  const total = Object.keys(nodes).length;
  const counts = { total, successful: total, failed: 0 };
  return { status: 200, body: JSON.stringify({ _nodes: counts, cluster_name: "es", nodes, ...given }) };
}

const node = (host: string, version = "9.4.0") => ({ version, http: { publish_address: `${host}:9200` } });

function remembering() {
  const memory = new ListMemory<ParsedSniff>();
  return (answer: { readonly status: number; readonly body: string }, given = context) =>
    finish(parseNodes(answer, given, memory));
}

it("a list that says what the last one said is not read again, in whatever order its nodes stand", () => {
  const read = remembering();
  const first = read(listing({ a: node("10.0.0.1"), b: node("10.0.0.2") }));
  assert.ok(first.ok && first.nodes.length === 2);
  assert.equal(read(listing({ b: node("10.0.0.2"), a: node("10.0.0.1") })), first);
  assert.equal(read(listing({ a: node("10.0.0.1"), b: node("10.0.0.2") }), at({ host: "10.0.0.2" })), first);
});

it("a list is read anew if a node, a count or the cluster's name differs, or the way in which addresses are read", () => {
  const list = { a: node("10.0.0.1"), b: node("10.0.0.2") };
  const differing: readonly (readonly [string, Parameters<ReturnType<typeof remembering>>])[] = [
    ["a node more", [listing({ ...list, c: node("10.0.0.3") })]],
    ["a node less", [listing({ a: node("10.0.0.1") })]],
    ["another id", [listing({ a: node("10.0.0.1"), c: node("10.0.0.2") })]],
    ["another version", [listing({ ...list, b: node("10.0.0.2", "9.4.1") })]],
    ["not all have answered", [listing(list, { _nodes: { total: 3, successful: 2, failed: 1 } })]],
    ["another name", [listing(list, { cluster_name: "other" })]],
    ["over TLS", [listing(list), at({ scheme: "https" })]],
    ["from this machine", [listing(list), at({ host: "127.0.0.1" })]],
    ["mapped", [listing(list), { ...context, addressMap: { "10.0.0.1": "10.1.0.1" } }]],
    ["through a proxy", [listing(list), { ...context, allowDirect: false }]],
  ];
  for (const [what, [answer, given = context]] of differing) {
    const read = remembering();
    const first = read(listing(list));
    const second = read(answer, given);
    assert.notEqual(second, first, what);
    assert.deepEqual(second, finish(parseNodes(answer, given)), what);
  }
});

it("with the memory of another list, any list is read as without one", () => {
  const entry = fc.record({
    version: fc.constantFrom("9.4.0", "9.4.1"),
    http: fc.record({ publish_address: fc.constantFrom("10.0.0.1:9200", "10.0.0.2:9200", "127.0.0.1:9200", "?") }),
  });
  const list = fc.dictionary(fc.constantFrom("a", "b", "c"), entry);
  const given = fc.constantFrom(context, at({ host: "127.0.0.1" }), at({ scheme: "https" }));
  fc.assert(
    fc.property(fc.array(fc.tuple(list, given), { minLength: 2, maxLength: 6 }), (answers) => {
      const read = remembering();
      for (const [nodes, where] of answers) {
        const answer = listing(nodes);
        assert.deepEqual(read(answer, where), finish(parseNodes(answer, where)));
      }
    }),
  );
});

import assert from "node:assert/strict";
import { it } from "node:test";
import { diagnose } from "./diagnose.js";
import type { Findings, ListFinding, NodeFinding, SeedFinding } from "./findings.js";

const seed: SeedFinding = {
  url: "http://127.0.0.1:9200",
  outcome: "listed",
  reason: "lists the nodes of its cluster",
  hasCredential: false,
  latencyMs: 5,
};
const node: NodeFinding = { id: "id1", name: "n1", sharedBy: 0, verdict: "kept", reason: "answered" };

function listing(verdicts: readonly NodeFinding["verdict"][], more: Partial<ListFinding> = {}): Findings {
  const nodes = verdicts.map((verdict) => ({ ...node, verdict, published: "172.17.0.2:9200" }));
  const list = { seed, nodes, complete: true, filterIgnored: false, allowDirect: true, ...more };
  return { seeds: [seed], list };
}

function answering(...seeds: readonly Partial<SeedFinding>[]): Findings {
  return { seeds: seeds.map((one) => ({ ...seed, ...one })) };
}

/** A list whose one node is unreachable in this way. */
const unreachable = (more: Partial<NodeFinding>) =>
  listing([], { nodes: [{ ...node, verdict: "unreachable", ...more }] });

it("the exit code is 0 if a listed node is usable, 1 if only something answered, and 3 if nothing did", () => {
  assert.equal(diagnose(listing(["unreachable", "kept", "skipped"])).exitCode, 0);
  assert.equal(diagnose(listing(["unreachable", "skipped", "refused"])).exitCode, 1);
  assert.equal(diagnose(answering({ outcome: "unreachable" }, { outcome: "denied" })).exitCode, 1);
  assert.equal(diagnose(answering({ outcome: "unverified" })).exitCode, 1, "what answers is no node");
  assert.equal(diagnose(answering({ outcome: "unreachable" })).exitCode, 3);
});

const selfSigned = "certificate is self-signed: set `tls.ca`";
const privileges = /cluster privilege monitor in Elasticsearch.*cluster:monitor\/nodes\/info in OpenSearch/;
const mapped = /discovery\.addressMap, such as --address-map 172\.17\.0\.2:9200=HOST:PORT/;
const advices: readonly (readonly [when: string, findings: Findings, advice: RegExp])[] = [
  ["every published address is unreachable", listing(["unreachable", "skipped"]), mapped],
  [
    "an unreachable node has a name and a number",
    unreachable({ published: "es1/172.17.0.2:9200" }),
    /map es1:9200=HOST:PORT/,
  ],
  ["TLS fails", unreachable({ code: "ERR_TLS_CERT_ALTNAME_INVALID" }), /^The TLS connection to a node fails/],
  ["some nodes are unreachable", listing(["unreachable", "kept"]), /used once it answers/],
  ["a node refuses the credential", listing(["denied", "kept"]), /403 that it lacks/],
  ["an address is another cluster's", listing(["foreign"]), /another cluster is never used/],
  ["no node answers at an address", listing(["unverified"]), /once a node that has joined the cluster answers there/],
  ["a node is overloaded", listing(["overloaded"]), /try again later/],
  ["the host policy refuses", listing(["refused"]), /No credential goes to a refused node/],
  [
    "two addresses lead to one node",
    listing([], { nodes: [{ ...node, answeredAs: "n2" }] }),
    /than the one that published it/,
  ],
  ["nodes are missing", listing(["kept"], { failed: 1 }), /the list may lack them/],
  ["managers are all there is", listing(["kept"], { filterIgnored: true }), /after all/],
  ["the URL has a path", listing(["skipped"], { allowDirect: false }), /looks like a proxy.* discovery\.allow names/],
  ["a credential lacks a privilege", answering({ outcome: "denied", hasCredential: true }), privileges],
  ["a missing credential is asked for", answering({ outcome: "denied" }), /No credential was sent: give --username/],
  ["a node has not joined", answering({ outcome: "unverified" }), /not joined a cluster/],
  ["URLs lead to two clusters", answering({ outcome: "foreign" }), /must lead to one cluster/],
  ["the list is no list", answering({ outcome: "malformed" }), /not a search node/],
  ["the list is empty", answering({ outcome: "empty" }), /not a search node/],
  ["a seed is overloaded", answering({ outcome: "overloaded" }), /try again later/],
  ["a TLS port is asked without TLS", answering({ outcome: "unreachable", code: "ERR_TLS_ONLY" }), /try https/],
  [
    "a reason names an option",
    answering({ outcome: "unreachable", reason: selfSigned }),
    /^On this .* tls\.ca is --ca\.$/,
  ],
];
for (const [when, findings, expected] of advices) {
  it(`there is advice when ${when}`, () =>
    assert.match(diagnose(findings).advice.join("\n"), new RegExp(expected, "m")));
}

it("there is no advice when all nodes are usable", () => {
  assert.deepEqual(diagnose(listing(["kept", "kept", "skipped"])).advice, []);
});

it("a TLS failure does not lead to advice about the address map", () => {
  assert.doesNotMatch(diagnose(unreachable({ code: "CERT_HAS_EXPIRED" })).advice.join("\n"), /addressMap/);
});

it("advice for a seed and for a node is given once", () => {
  const { list } = listing(["denied", "kept"]);
  assert.ok(list);
  const { advice } = diagnose({ seeds: [seed, { ...seed, outcome: "denied", hasCredential: true }], list });
  assert.equal(advice.length, 1);
});

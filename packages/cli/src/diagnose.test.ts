import assert from "node:assert/strict";
import { describe, it } from "node:test";
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

describe("the diagnosis", () => {
  const codes: readonly { readonly when: string; readonly findings: Findings; readonly exitCode: number }[] = [
    { when: "one listed node is kept", findings: listing(["unreachable", "kept", "skipped"]), exitCode: 0 },
    { when: "no listed node is kept", findings: listing(["unreachable", "skipped", "refused"]), exitCode: 1 },
    {
      when: "a node answered that gives no list",
      findings: answering({ outcome: "unreachable" }, { outcome: "denied" }),
      exitCode: 1,
    },
    { when: "what answered is no node", findings: answering({ outcome: "unverified" }), exitCode: 1 },
    { when: "no node answered", findings: answering({ outcome: "unreachable" }), exitCode: 3 },
  ];
  for (const { when, findings, exitCode } of codes) {
    it(`the exit code is ${exitCode} when ${when}`, () => assert.equal(diagnose(findings).exitCode, exitCode));
  }

  const advices: readonly { readonly when: string; readonly findings: Findings; readonly says: RegExp }[] = [
    {
      when: "every published address is unreachable",
      findings: listing(["unreachable", "skipped"]),
      says: /discovery\.addressMap, such as --address-map 172\.17\.0\.2:9200=HOST:PORT/,
    },
    {
      when: "what is unreachable was published with a name and a number",
      findings: listing([], { nodes: [{ ...node, verdict: "unreachable", published: "es1/172.17.0.2:9200" }] }),
      says: /--address-map es1:9200=HOST:PORT/,
    },
    {
      when: "TLS fails",
      findings: listing([], { nodes: [{ ...node, verdict: "unreachable", code: "ERR_TLS_CERT_ALTNAME_INVALID" }] }),
      says: /^The TLS connection to a node fails/,
    },
    { when: "some nodes are unreachable", findings: listing(["unreachable", "kept"]), says: /used once it answers/ },
    { when: "a node refuses the credential", findings: listing(["denied", "kept"]), says: /403 that it lacks/ },
    { when: "an address is another cluster's", findings: listing(["foreign"]), says: /another cluster is never used/ },
    {
      when: "no node answers at an address",
      findings: listing(["unverified"]),
      says: /once a node that has joined the cluster answers there/,
    },
    { when: "a node is overloaded", findings: listing(["overloaded"]), says: /try again later/ },
    { when: "the host policy refuses", findings: listing(["refused"]), says: /No credential goes to a refused node/ },
    {
      when: "two addresses lead to one node",
      findings: listing(["kept"], { nodes: [{ ...node, answeredAs: "n2" }] }),
      says: /another node than the one that published it/,
    },
    { when: "nodes are missing", findings: listing(["kept"], { failed: 1 }), says: /the list may lack them/ },
    { when: "managers are all there is", findings: listing(["kept"], { filterIgnored: true }), says: /after all/ },
    {
      when: "the URL has a path",
      findings: listing(["skipped"], { allowDirect: false }),
      says: /looks like a proxy.* discovery\.allow names/,
    },
    {
      when: "a credential lacks a privilege",
      findings: answering({ outcome: "denied", hasCredential: true }),
      says: /cluster privilege monitor in Elasticsearch.*cluster:monitor\/nodes\/info in OpenSearch/,
    },
    {
      when: "a credential is asked for and none was given",
      findings: answering({ outcome: "denied" }),
      says: /No credential was sent: give --username/,
    },
    { when: "a node has not joined", findings: answering({ outcome: "unverified" }), says: /not joined a cluster/ },
    {
      when: "URLs lead to two clusters",
      findings: answering({ outcome: "foreign" }),
      says: /must lead to one cluster/,
    },
    { when: "the list is no list", findings: answering({ outcome: "malformed" }), says: /not a search node/ },
    { when: "the list is empty", findings: answering({ outcome: "empty" }), says: /not a search node/ },
    { when: "a seed is overloaded", findings: answering({ outcome: "overloaded" }), says: /try again later/ },
    {
      when: "a TLS port is asked without TLS",
      findings: answering({ outcome: "unreachable", code: "ECONNRESET" }),
      says: /try https/,
    },
    {
      when: "a reason names an option of the pool",
      findings: answering({ outcome: "unreachable", reason: "certificate is self-signed: set `tls.ca`" }),
      says: /^On this command line, tls\.ca is --ca\.$/,
    },
  ];
  for (const { when, findings, says } of advices) {
    it(`there is advice when ${when}`, () => {
      const { advice } = diagnose(findings);
      assert.ok(
        advice.some((text) => says.test(text)),
        advice.join("\n") || "no advice",
      );
    });
  }

  it("there is no advice when all nodes are usable", () => {
    assert.deepEqual(diagnose(listing(["kept", "kept", "skipped"])).advice, []);
  });

  it("a TLS failure does not lead to advice about the address map", () => {
    const nodes: readonly NodeFinding[] = [{ ...node, verdict: "unreachable", code: "CERT_HAS_EXPIRED" }];
    assert.doesNotMatch(diagnose(listing([], { nodes })).advice.join("\n"), /addressMap/);
  });

  it("advice for a seed and for a node is given once", () => {
    const { list } = listing(["denied", "kept"]);
    assert.ok(list);
    const { advice } = diagnose({ seeds: [seed, { ...seed, outcome: "denied", hasCredential: true }], list });
    assert.equal(advice.length, 1);
  });
});

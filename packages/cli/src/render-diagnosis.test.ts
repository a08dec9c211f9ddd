import assert from "node:assert/strict";
import { it } from "node:test";
import { diagnose } from "./diagnose.js";
import type { Findings, ListFinding, NodeFinding, SeedFinding } from "./findings.js";
import { renderDiagnosis } from "./render-diagnosis.js";
import { coloured, plain } from "./text-layout.js";

function seedOf(url: string, outcome: SeedFinding["outcome"], reason: string, more: Partial<SeedFinding>): SeedFinding {
  return { url, outcome, reason, hasCredential: true, latencyMs: 4, ...more };
}

const version = "2.19.1";
const seed = seedOf("https://es1.example.com:9200", "listed", "lists the nodes of its cluster", {
  latencyMs: 23,
  answeredAs: "node-1",
  clusterUuid: "qEyW4gYVQ6-hx1mTxLZ3Cw",
  clusterName: "logs",
  version,
});

const kept: NodeFinding = {
  id: "id1",
  name: "node-1",
  published: "172.17.0.2:9200",
  address: "es1.example.com:9200",
  roles: ["cluster_manager", "data", "ingest"],
  version,
  sharedBy: 0,
  verdict: "kept",
  reason: "answered as a node of the cluster",
};

const counts = { total: 1, successful: 1, failed: 0, complete: true };
const list: ListFinding = { seed, nodes: [kept], ...counts, filterIgnored: false, allowDirect: true };

function text(findings: Findings): string {
  return renderDiagnosis(findings, diagnose(findings), plain);
}

it("the text of a diagnosis shows every seed, the cluster, every node and the advice", () => {
  const policy =
    "203.0.113.9 may not be sent credentials over https; if it is yours, add it to `discovery.allow.hosts`";
  const authority = "certificate authority is unknown: set `tls.ca` or `tls.caFingerprint`";
  const manager = "it is a dedicated cluster manager (cluster_manager)";
  const nodeAt = (number: number, published: string, more: Partial<NodeFinding>): NodeFinding => {
    return { ...kept, name: `node-${number}`, published, address: published, ...more };
  };
  const unreachable = { address: "es3.example.com:9200", verdict: "unreachable", reason: authority } as const;
  const nodes: readonly NodeFinding[] = [
    kept,
    nodeAt(2, "10.0.0.2:9200", { roles: ["data", "search"] }),
    nodeAt(3, "172.17.0.4:9200", { ...unreachable, roles: [], sharedBy: 1 }),
    nodeAt(4, "203.0.113.9:9200", { verdict: "refused", reason: policy }),
    { ...kept, name: "node-5", answeredAs: "node-1" },
    { id: "id6", published: "172.17.0.7:9200", sharedBy: 0, verdict: "skipped", reason: manager },
  ];
  const third = { latencyMs: 9, answeredAs: "node-3" };
  const seeds = [
    seed,
    seedOf("https://es2.example.com:9200", "unreachable", "connection refused", { code: "ECONNREFUSED" }),
    seedOf("https://es3.example.com:9200/search", "unverified", "has not joined a cluster yet", third),
  ];
  const findings = { seeds, list: { ...list, nodes, total: 7, successful: 6, failed: 1, complete: false } };
  assert.equal(
    text(findings),
    `Seeds
  listed       https://es1.example.com:9200
               answers as node-1, in 23 ms; its list is shown here
  unreachable  https://es2.example.com:9200
               connection refused (4 ms)
  unverified   https://es3.example.com:9200/search
               answers as node-3: has not joined a cluster yet (9 ms)

Cluster
  name         logs
  uuid         qEyW4gYVQ6-hx1mTxLZ3Cw
  version      2.19.1
  listed by    node-1 at https://es1.example.com:9200, in 23 ms
  _nodes       7 total, 6 successful, 1 failed; the list is not complete

Nodes
  kept         node-1  roles dim  version 2.19.1
               published: 172.17.0.2:9200, used: es1.example.com:9200
  kept         node-2  roles d+search  version 2.19.1
               published and used: 10.0.0.2:9200
  unreachable  node-3  roles -  version 2.19.1
               published: 172.17.0.4:9200, would use: es3.example.com:9200
               2 listed nodes published the same address
               certificate authority is unknown: set \`tls.ca\` or
               \`tls.caFingerprint\`
  refused      node-4  roles dim  version 2.19.1
               published: 203.0.113.9:9200
               203.0.113.9 may not be sent credentials over https; if it is
               yours, add it to \`discovery.allow.hosts\`
  kept         node-5  roles dim  version 2.19.1
               published: 172.17.0.2:9200, used: es1.example.com:9200
               the node that answers there is node-1
  skipped      id id6
               published: 172.17.0.7:9200
               it is a dedicated cluster manager (cluster_manager)
  roles        d data, i ingest, m cluster_manager

Diagnosis
  usable       3 of 6 listed nodes can be used: discovery works from here.
  advice       An unreachable node gets no request. It is probed again, and used
               once it answers.
  advice       No credential goes to a refused node; the reason names the option
               that lets it in.
  advice       An address leads to another node than the one that published it:
               look at discovery.addressMap.
  advice       Some nodes did not answer the node that gave the list, so the
               list may lack them. A pool would keep them.
  advice       A node that has not joined a cluster is not used: look at its log
               and its discovery settings. If the answer is not a node's, the
               URL leads to something else.
  advice       On this command line, discovery.addressMap is --address-map,
               discovery.allow.hosts is --allow, tls.caFingerprint is
               --ca-fingerprint, tls.ca is --ca.
`,
  );
});

it("without a list, the text of a diagnosis shows the seeds alone", () => {
  const closed = "the port speaks TLS";
  const more = { code: "ERR_TLS_ONLY", hasCredential: false, latencyMs: 1_000 };
  const unreachable = seedOf("http://127.0.0.1:9200", "unreachable", closed, more);
  assert.equal(
    text({ seeds: [unreachable] }),
    `Seeds
  unreachable  http://127.0.0.1:9200
               the port speaks TLS (1000 ms)

Diagnosis
  not usable   No configured node answered: a pool could not serve anything.
  advice       A node with TLS closes a connection without it: try https:// in
               place of http://.
`,
  );
});

it("the text of a diagnosis says what the cluster did not publish", () => {
  const { total: _, successful: __, failed: ___, ...uncounted } = list;
  const { answeredAs: _name, clusterName: _cluster, version: _version, ...nameless } = seed;
  const bare: NodeFinding = { id: "id1", sharedBy: 0, verdict: "skipped", reason: "it names no http address" };
  const shown = text({ seeds: [nameless], list: { ...uncounted, seed: nameless, complete: false, nodes: [bare] } });
  assert.match(shown, /answers as an unnamed node, in 23 ms/);
  assert.match(shown, /name {9}unknown/);
  assert.match(shown, /_nodes {7}the answer does not say how many nodes were asked/);
  assert.match(shown, /skipped {6}id id1\n {15}it names no http address\n/);
});

it("in a diagnosis, a cluster cannot write escape sequences to the terminal", () => {
  const evil = "node\u001b[2J\u009b31m\r\n\u202e";
  const evilSeed = { ...seed, answeredAs: evil, clusterName: evil, version: evil, reason: evil };
  const nodes = [
    { ...kept, name: evil, published: evil, version: evil, roles: [evil], reason: evil, answeredAs: evil },
  ];
  const shown = text({ seeds: [evilSeed], list: { ...list, seed: evilSeed, nodes } });
  assert.doesNotMatch(shown, /(?!\n)\p{C}/u);
});

it("colours change nothing in the text of a diagnosis", () => {
  const findings = { seeds: [seed], list };
  const shown = renderDiagnosis(findings, diagnose(findings), coloured);
  assert.ok(shown.includes(`${coloured("good", "kept")}         node-1`));
  assert.ok(shown.includes(`${coloured("heading", "Nodes")}\n`));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
  assert.equal(shown.replace(/\u001b\[\d+m/g, ""), text(findings));
});

import assert from "node:assert/strict";
import { it } from "node:test";
import { diagnose } from "./diagnose.js";
import type { Findings, SeedFinding } from "./findings.js";
import { report } from "./report.js";

const seed: SeedFinding = {
  url: "http://127.0.0.1:9200",
  outcome: "listed",
  reason: "lists the nodes of its cluster",
  hasCredential: false,
  latencyMs: 5,
  answeredAs: "n1",
};

it("the JSON report contains every finding", () => {
  const nodes = [
    { id: "id1", name: "n1", address: "127.0.0.1:9200", sharedBy: 0, verdict: "kept", reason: "answered" },
    { id: "id2", sharedBy: 0, verdict: "skipped", reason: "it names no http address" },
  ] as const;
  const findings: Findings = {
    seeds: [seed],
    list: { seed, nodes, complete: true, filterIgnored: false, allowDirect: true },
  };
  assert.deepEqual(JSON.parse(report(findings, diagnose(findings))), {
    usable: 1,
    verdict: "1 of 2 listed nodes can be used: discovery works from here.",
    advice: [],
    seeds: [seed],
    list: { seed: seed.url, nodes, complete: true, filterIgnored: false, allowDirect: true },
  });
});

it("the list of the JSON report is null if no seed gave one", () => {
  const findings: Findings = { seeds: [{ ...seed, outcome: "unreachable" }] };
  const { usable, list } = JSON.parse(report(findings, diagnose(findings))) as { usable: number; list: unknown };
  assert.deepEqual([usable, list], [0, null]);
});

it("the JSON report keeps names, and escapes characters that a terminal obeys", () => {
  const answeredAs = "n\u001b[2J\u009b1m\u2028\u{e0001}\ud800";
  const findings: Findings = { seeds: [{ ...seed, answeredAs }] };
  const text = report(findings, diagnose(findings));
  assert.doesNotMatch(text, /(?!\n)[\p{C}\p{Zl}\p{Zp}]/u);
  assert.equal((JSON.parse(text) as Findings).seeds[0]?.answeredAs, answeredAs);
});

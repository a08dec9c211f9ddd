import type { ConnectionExamination, RedisExamination, TlsExamination } from "@rollcall/coordinator";
import type { Findings, NodeFinding, SeedFinding } from "../findings.js";
import type { Observations, RedisObservation, SeedAnswers, SeedObservation } from "./observations.js";

export const atMs = Date.parse("2026-11-28T12:00:00Z");
const dayMs = 86_400_000;

export const answered = (status: number) => ({ kind: "answered", status }) as const;

export const wellAnswers: SeedAnswers = {
  root: answered(200),
  local: answered(200),
  product: "opensearch",
  nodeIds: ["id1", "id1", "id1"],
  clockAheadMs: 300,
};

/** Of TLS as it should be; `daysLeft` may be negative. */
export function tlsOf(more: Partial<TlsExamination> = {}, daysLeft = 89): TlsExamination {
  const certificate = {
    ...{ subject: "CN=es1", issuer: "CN=Authority", names: "DNS:es1, IP Address:10.0.0.1", fingerprint256: "AA:01" },
    validFromMs: atMs - 10 * dayMs,
    validToMs: atMs + daysLeft * dayMs,
  };
  return {
    ...{ handshake: { ok: true, tookMs: 4 }, protocol: "TLSv1.3", chain: [certificate] },
    authority: { name: "CN=Authority", fingerprint256: "CA:01" },
    ...more,
  };
}

export function connectionOf(more: Partial<ConnectionExamination> = {}): ConnectionExamination {
  return { address: "10.0.0.1", tcp: { ok: true, tookMs: 1 }, tls: tlsOf(), ...more };
}

export function closedBy(code: string, address = "10.0.0.1"): ConnectionExamination {
  return { address, tcp: { ok: false, tookMs: 3, code } };
}

export function seedOf(more: Partial<SeedObservation> = {}): SeedObservation {
  return {
    ...{ url: "https://es1:9200", host: "es1", port: 9_200, scheme: "https", pathPrefix: "" },
    ...{ hasCredential: true, hasAuthority: true, connections: [connectionOf()], answers: wellAnswers },
    name: { kind: "resolved", addresses: ["10.0.0.1"], tookMs: 2 },
    ...more,
  };
}

export function foundSeed(more: Partial<SeedFinding> = {}): SeedFinding {
  return {
    ...{ url: "https://es1:9200", outcome: "listed", reason: "lists the nodes of its cluster", hasCredential: true },
    ...{ latencyMs: 5, answeredAs: "n1", clusterUuid: "uuid-1", clusterName: "logs", version: "2.19.1" },
    ...more,
  };
}

export function foundNode(more: Partial<NodeFinding> = {}): NodeFinding {
  return {
    ...{ id: "id1", name: "n1", published: "10.0.0.1:9200", address: "10.0.0.1:9200", sharedBy: 0 },
    ...{ verdict: "kept", reason: "answered as a node of the cluster" },
    ...more,
  };
}

export function findingsOf(nodes: readonly NodeFinding[], seeds: readonly SeedFinding[] = [foundSeed()]): Findings {
  const list = { seed: foundSeed(), nodes, complete: true, filterIgnored: false, allowDirect: true };
  return { seeds, list };
}

type Connected = Extract<RedisExamination, { kind: "connected" }>;

export function redisOf(more: Partial<RedisObservation> = {}, examined: Partial<Connected> = {}): RedisObservation {
  return {
    ...{ at: "redis://redis:6379", viewName: "logs", configuredAs: "server" },
    examination: {
      ...{ kind: "connected", tookMs: 6, pingsMs: [0.3, 0.4, 2], permissions: [], clockAheadMs: 20 },
      server: {
        version: "7.0.15",
        mode: "standalone",
        role: "master",
        maxmemoryBytes: 0,
        evictionPolicy: "noeviction",
      },
      ...examined,
    },
    view: {
      ...{ kind: "view", freshness: "fresh", ageMs: 400, source: "sniff", nodes: 1 },
      ...{ clusterUuid: "uuid-1", clusterName: "logs" },
    },
    ...more,
  };
}

/** A cluster of one node, and Redis, where all is well. */
export function observed(more: Partial<Observations> = {}): Observations {
  return {
    ...{ atMs, end: "complete", seeds: [seedOf()], findings: findingsOf([foundNode()]), refused: [], redis: redisOf() },
    account: { url: "https://es1:9200", user: "monitor", by: "realm native", roles: ["monitoring"], mayMonitor: true },
    ...more,
  };
}

import assert from "node:assert/strict";
import { it } from "node:test";
import type { SeedFinding } from "../findings.js";
import type { Cause } from "./change.js";
import { findChanges } from "./find-changes.js";
import type { Observations, SeedAnswers } from "./observations.js";
import {
  answered,
  closedBy,
  connectionOf,
  findingsOf,
  foundNode,
  foundSeed,
  observed,
  redisOf,
  seedOf,
  tlsOf,
  wellAnswers,
} from "./observations.test.support.js";

const seeing = (...seeds: Parameters<typeof seedOf>): Observations => observed({ seeds: seeds.map(seedOf) });
const secured = (problem: string, daysLeft = 89) =>
  seeing({ connections: [connectionOf({ tls: tlsOf({ problem }, daysLeft) })] });
const failedTls = (code: string) => tlsOf({ handshake: { ok: false, tookMs: 2, code }, chain: [] });
const answering = (answers: Partial<SeedAnswers>, hasCredential = true) =>
  seeing({ hasCredential, answers: { ...wellAnswers, ...answers } });
const sniffed = (finding: Partial<SeedFinding>, seed: Parameters<typeof seedOf>[0] = {}) =>
  observed({ seeds: [seedOf(seed)], findings: { seeds: [foundSeed(finding)] } });
const listing = (...nodes: readonly Parameters<typeof foundNode>[0][]) =>
  observed({ findings: findingsOf(nodes.map(foundNode)) });
const onRedis = (...parts: Parameters<typeof redisOf>) => observed({ redis: redisOf(...parts) });
const ofServer = (server: object) => onRedis({}, { server: { version: "7.0.15", mode: "standalone", ...server } });
const lacking = (use: "read" | "lead") => onRedis({}, { permissions: [{ what: "SET", use, state: "refused" }] });
const away = { verdict: "unreachable", code: "ETIMEDOUT", reason: "no connection in time" } as const;

/** What was seen, and the first change that it must lead to: its cause, and words of its texts. */
const cases: readonly (readonly [when: string, observations: Observations, cause: Cause, said: RegExp])[] = [
  [
    "a name is unknown",
    seeing({ name: { kind: "failed", code: "ENOTFOUND", tookMs: 3 }, connections: [] }),
    "name",
    /no host es1/,
  ],
  [
    "no resolver answers",
    seeing({ name: { kind: "failed", code: "EAI_AGAIN", tookMs: 3 }, connections: [] }),
    "name",
    /name servers/,
  ],
  [
    "the resolver is slow",
    seeing({ name: { kind: "resolved", addresses: ["10.0.0.1"], tookMs: 5_003 } }),
    "slow-name",
    /es1 in 5003 ms/,
  ],
  [
    "nothing listens",
    seeing({ connections: [closedBy("ECONNREFUSED")] }),
    "no-connection",
    /es1:9200 \(10\.0\.0\.1\).*nothing listens/,
  ],
  ["a firewall drops packets", seeing({ connections: [closedBy("ETIMEDOUT")] }), "no-connection", /firewalls/],
  ["there is no route", seeing({ connections: [closedBy("ENETUNREACH")] }), "no-connection", /VPN/],
  [
    "one of two addresses is away",
    seeing({ connections: [closedBy("ETIMEDOUT", "10.0.0.9"), connectionOf()] }),
    "one-address",
    /2 addresses.*10\.0\.0\.9 \(ETIMEDOUT\)/,
  ],
  [
    "the port speaks no TLS",
    seeing({ connections: [connectionOf({ tls: failedTls("ERR_SSL_WRONG_VERSION_NUMBER") })] }),
    "scheme",
    /Write http:\/\//,
  ],
  [
    "a node with TLS is asked without it",
    sniffed({ url: "http://es1:9200", outcome: "unreachable", code: "ERR_TLS_ONLY" }, { scheme: "http" }),
    "scheme",
    /Write https:\/\//,
  ],
  [
    "the handshake fails otherwise",
    seeing({ connections: [connectionOf({ tls: failedTls("ECONNRESET") })] }),
    "tls",
    /handshake .*ECONNRESET/,
  ],
  [
    "the authority is unknown",
    secured("SELF_SIGNED_CERT_IN_CHAIN"),
    "certificate-authority",
    /"CN=Authority".*caFingerprint: "CA:01"/,
  ],
  ["another authority is pinned", secured("ERR_TLS_CA_FINGERPRINT"), "certificate-authority", /is another/],
  [
    "the certificate is for another name",
    secured("ERR_TLS_CERT_ALTNAME_INVALID"),
    "certificate-name",
    /not for es1, but for DNS:es1, IP/,
  ],
  [
    "the certificate has expired",
    secured("CERT_HAS_EXPIRED", -3),
    "certificate-dates",
    /has expired \(CN=es1\): 2026-11-25/,
  ],
  [
    "the certificate ends soon",
    seeing({ connections: [connectionOf({ tls: tlsOf({}, 12) })] }),
    "certificate-ends",
    /in 12 days/,
  ],
  [
    "the certificate is not verified",
    seeing({ unverified: true }),
    "certificate-unverified",
    /in place of `tls\.unsafeSkipVerification`/,
  ],
  [
    "a client certificate is wanted",
    sniffed({ outcome: "unreachable", code: "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED" }),
    "client-certificate",
    /tls\.cert/,
  ],
  ["no credential is configured", answering({ root: answered(401) }, false), "no-credential", /--username/],
  ["the credential is refused", answering({ root: answered(401) }), "credential", /401/],
  ["GET / is forbidden", answering({ root: answered(403) }), "privilege", /as monitor.*GET \/: 403/],
  ["the list is forbidden", answering({ local: answered(403) }), "privilege", /\/_nodes\/http.*privilege monitor/],
  [
    "seeds are of two clusters",
    observed({ findings: findingsOf([], [foundSeed(), foundSeed({ clusterUuid: "b", url: "https://b" })]) }),
    "two-clusters",
    /2 clusters.*uuid-1.*uuid b/,
  ],
  ["another cluster answers", sniffed({ outcome: "foreign", clusterUuid: "" }), "two-clusters", /clusterUuid/],
  ["what answers is no node", sniffed({ outcome: "malformed", reason: "not JSON" }), "not-a-node", /not JSON.*Kibana/],
  ["a node is overloaded", sniffed({ outcome: "overloaded", reason: "GET / answered 503" }), "overloaded", /503/],
  ["a balancer answers", answering({ nodeIds: ["a", "b", "a"] }), "load-balancer", /Several nodes/],
  [
    "a node that answers at a seed publishes another address",
    listing(away),
    "addresses",
    /"10\.0\.0\.1:9200": "es1:9200", \/\/ n1/,
  ],
  [
    "a listed node is away",
    listing({}, { ...away, id: "id2", name: "n2" }),
    "node-unreachable",
    /n2 at .*no connection in time/,
  ],
  [
    "TLS fails at a published address",
    listing({}, { ...away, code: "ERR_TLS_CERT_ALTNAME_INVALID" }),
    "node-tls",
    /tls\.serverName/,
  ],
  [
    "the host policy refuses a node",
    listing({}, { verdict: "refused", reason: "policy" }),
    "host-policy",
    /n1 at .*\(policy\)/,
  ],
  [
    "the host policy refuses a node whose address cannot be reached anyway",
    {
      ...listing({ verdict: "refused", reason: "policy" }),
      refused: [{ id: "id1", tcp: { ok: false, tookMs: 3_000, code: "ETIMEDOUT" } }],
    },
    "addresses",
    /no connection in time; the host policy refuses it too.*"10\.0\.0\.1:9200": "es1:9200", \/\/ n1/,
  ],
  ["an address leads to another node", listing({ answeredAs: "n7" }), "nodes", /n7 answers there/],
  ["the credential goes in clear text", seeing({ scheme: "http" }), "clear-text", /clear text/],
  [
    "Redis is away",
    observed({ redis: redisOf({ examination: { kind: "away", problem: "no answer in time", tookMs: 1 } }) }),
    "redis-away",
    /no answer in time/,
  ],
  ["Redis is a Sentinel", ofServer({ mode: "sentinel" }), "redis-kind", /sentinels/],
  ["Redis is a replica", ofServer({ role: "slave" }), "redis-kind", /primary/],
  ["Redis is of a cluster", ofServer({ mode: "cluster" }), "redis-kind", /cluster: \[/],
  ["Redis is old", ofServer({ version: "6.0.9" }), "redis-version", /6\.0\.9.*6\.2 or newer/],
  [
    "a permission to read is missing",
    lacking("read"),
    "redis-permissions",
    /SET.*ACL SETUSER rollcall-replica .*\{rollcall:logs\}/,
  ],
  ["a permission to lead is missing", lacking("lead"), "redis-permissions", /external/],
  [
    "Redis may drop the view",
    ofServer({ maxmemoryBytes: 9, evictionPolicy: "allkeys-lru" }),
    "redis-memory",
    /allkeys-lru/,
  ],
  [
    "Redis is full",
    ofServer({ maxmemoryBytes: 9, usedMemoryBytes: 9, evictionPolicy: "noeviction" }),
    "redis-memory",
    /is full/,
  ],
  ["Redis is far", onRedis({}, { pingsMs: [180, 190, 200] }), "redis-latency", /190 ms/],
  [
    "the view is another cluster's",
    onRedis({ view: { kind: "view", freshness: "fresh", ageMs: 1, source: "sniff", nodes: 1, clusterUuid: "b" } }),
    "view-cluster",
    /uuid b/,
  ],
  ["there is no view", onRedis({ view: { kind: "none" } }), "view", /no view logs/],
  [
    "the view has no leader",
    onRedis({ view: { kind: "view", freshness: "orphan", ageMs: 90_000, source: "sniff", nodes: 1 } }),
    "view",
    /90 s ago/,
  ],
  ["a clock is wrong", answering({ clockAheadMs: -2_400_000 }), "clock", /es1:9200 is 40 min behind/],
];
for (const [when, observations, cause, said] of cases) {
  it(`the doctor finds ${cause} when ${when}`, () => {
    const [first] = findChanges(observations);
    assert.ok(first, "nothing was found");
    assert.equal(first.cause, cause);
    assert.match([first.problem, first.remedy, ...(first.paste ?? [])].join("\n"), new RegExp(said, "s"));
  });
}

it("the doctor finds nothing where all is well", () => {
  assert.deepEqual(findChanges(observed()), []);
});

it("the doctor judges what was not finished as neither well nor wrong", () => {
  const seeds = [{ ...seedOf({ connections: [] }) }].map(({ name: _name, answers: _answers, ...seed }) => seed);
  const findings = { seeds: [foundSeed({ outcome: "untried", reason: "no time was left for it" })] };
  const { account: _account, redis: _redis, ...rest } = observed({ seeds, findings, end: "late" });
  assert.deepEqual(findChanges(rest), []);
});

it("a cause that stops every seed comes before one that stops a part, and a note comes last", () => {
  const [named, unnamed] = [
    seedOf({ answers: { ...wellAnswers, root: answered(401), nodeIds: ["a", "b"] } }),
    seedOf({
      ...{ name: { kind: "failed", code: "ENOTFOUND", tookMs: 1 }, connections: [] },
      answers: { ...wellAnswers, root: answered(401) },
    }),
  ];
  assert.deepEqual(
    findChanges(observed({ seeds: [named, unnamed] })).map(({ cause }) => cause),
    ["credential", "name", "load-balancer"],
  );
});

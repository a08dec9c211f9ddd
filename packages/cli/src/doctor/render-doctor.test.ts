import assert from "node:assert/strict";
import { it } from "node:test";
import { plain } from "../text-layout.js";
import { judgeObservations } from "./doctor-verdict.js";
import { findChanges } from "./find-changes.js";
import type { Observations } from "./observations.js";
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
  wellAnswers,
} from "./observations.test.support.js";
import { renderDoctor } from "./render-doctor.js";

function shown(observations: Observations): string {
  const changes = findChanges(observations);
  return renderDoctor(observations, changes, judgeObservations(observations, changes), plain);
}

it("the text of the doctor shows each step to each seed, the nodes, Redis, and that nothing is to be changed", () => {
  assert.equal(
    shown(observed()),
    `https://es1:9200
  name         es1 is 10.0.0.1, in 2 ms
  TCP          10.0.0.1: open, in 1 ms
  TLS          TLSv1.3 in 4 ms
               certificate of CN=es1, for DNS:es1, IP Address:10.0.0.1
               ends 2027-02-25, 89 days left
               issued by CN=Authority
  credential   GET / answered 200, GET /_nodes/http 200
               it is monitor (realm native); roles monitoring; has the cluster
               privilege monitor
  identity     n1  of logs  uuid uuid-1  opensearch 2.19.1
  clock        as here, to the second

Cluster
  name         logs
  uuid         uuid-1
  version      2.19.1
  listed by    n1 at https://es1:9200, in 5 ms
  _nodes       the answer does not say how many nodes were asked

Nodes
  kept         n1
               published and used: 10.0.0.1:9200

Redis
  connection   redis://redis:6379  with RESP3, in 6 ms
  server       Redis 7.0.15, standalone, primary, no memory limit, eviction
               noeviction
  PING         p50 0.4 ms, max 2 ms, of 3
  permissions  to read the view: all that it needs
               to lead it: all that it needs
  clock        as here, to the second
  view         logs is fresh: its last beat was 0.4 s ago
               1 node from the cluster of logs  uuid uuid-1

What to change
  well         All is well: a pool with this configuration works from here.
`,
  );
});

it("the text of the doctor shows what failed at which step, and lines to copy that are not wrapped", () => {
  const seeds = [
    seedOf({
      url: "http://es1:9200",
      scheme: "http",
      connections: [closedBy("ETIMEDOUT", "10.0.0.9"), connectionOf()],
    }),
    seedOf({
      ...{
        url: "https://es2:9200",
        host: "es2",
        name: { kind: "failed", code: "ENOTFOUND", tookMs: 3 },
        connections: [],
      },
      answers: { root: { kind: "failed", code: "ENOTFOUND", reason: "host name does not resolve" }, nodeIds: [] },
    }),
    seedOf({ url: "https://es3:9200", host: "es3", answers: { ...wellAnswers, root: answered(401), nodeIds: [] } }),
  ];
  const nodes = [
    foundNode({ verdict: "unreachable", code: "ETIMEDOUT", reason: "no connection in time" }),
    ...Array.from({ length: 7 }, (_, at) => foundNode({ id: `k${at}`, name: `k${at}` })),
  ];
  const findings = findingsOf(nodes, [
    foundSeed(),
    foundSeed({ outcome: "unreachable", reason: "host name does not resolve" }),
    foundSeed({ outcome: "denied", reason: "GET / answered 401" }),
  ]);
  const redis = redisOf({ examination: { kind: "away", problem: "it refuses the password", tookMs: 4 } });
  assert.equal(
    shown(observed({ seeds, findings, redis })),
    `http://es1:9200
  name         es1 is 10.0.0.1, in 2 ms
  TCP          10.0.0.9: no connection in time (ETIMEDOUT), after 3 ms
               10.0.0.1: open, in 1 ms
  credential   GET / answered 200, GET /_nodes/http 200
  identity     n1  of logs  uuid uuid-1  opensearch 2.19.1
  clock        as here, to the second

https://es2:9200
  name         es2: ENOTFOUND, after 3 ms
  answer       GET /: host name does not resolve

https://es3:9200
  name         es3 is 10.0.0.1, in 2 ms
  TCP          10.0.0.1: open, in 1 ms
  TLS          TLSv1.3 in 4 ms
               certificate of CN=es1, for DNS:es1, IP Address:10.0.0.1
               ends 2027-02-25, 89 days left
               issued by CN=Authority
  credential   GET / answered 401, GET /_nodes/http 200
  identity     n1  of logs  uuid uuid-1  opensearch 2.19.1
               GET / answered 401
  clock        as here, to the second

Cluster
  name         logs
  uuid         uuid-1
  version      2.19.1
  listed by    n1 at https://es1:9200, in 5 ms
  _nodes       the answer does not say how many nodes were asked

Nodes
  unreachable  n1
               published: 10.0.0.1:9200
               no connection in time
  kept         k0
               published and used: 10.0.0.1:9200
  kept         k1
               published and used: 10.0.0.1:9200
  kept         k2
               published and used: 10.0.0.1:9200
  kept         k3
               published and used: 10.0.0.1:9200
  kept         k4
               published and used: 10.0.0.1:9200
  kept         2 more

Redis
  connection   redis://redis:6379
               it refuses the password, after 4 ms

What to change
  not well     4 things are wrong. The most likely cause is the first below.
  1 fault      There is no host es2 for this machine (ENOTFOUND).
               Check the spelling in \`nodes\`, and the resolver where the
               application runs: /etc/resolv.conf, the DNS of the container or
               of the VPN. An address in place of the name works without it.
  2 fault      https://es3:9200 does not accept the credential (401).
               The user, key or token is unknown there, has ended, or its
               password is another. An API key is given in its encoded form; a
               user of another realm or cluster does not count.
  3 fault      The addresses that the cluster publishes cannot be reached from
               here, as is usual with Docker, NAT or a tunnel: n1 at
               10.0.0.1:9200 (no connection in time).
               Say how they are reached with the lines below. Or let the nodes
               publish another address (\`http.publish_host\`), or use the
               configured nodes alone with \`discovery: false\`.
               discovery: {
                 addressMap: {
                   "10.0.0.1:9200": "es1:9200", // n1
                 },
               },
  4 fault      Redis cannot be used at redis://redis:6379: it refuses the
               password.
               Requests do not wait for it, but every process monitors the
               cluster for itself. Check the URL (redis:// or rediss://, host,
               port, database), the user and password, and the network;
               docs/redis.md says what Rollcall needs.
  5 note       es1 has 2 addresses, and not all can be connected to: 10.0.0.9
               (ETIMEDOUT).
               Each connection may try them first, and loses 250 ms: take them
               out of the DNS, or make them reachable.
  6 note       The credential goes to http://es1:9200 in clear text.
               Turn TLS on at the nodes and write https:// in \`nodes\`, unless
               the network is protected otherwise.
  options      On this command line, nodes is --nodes.
`,
  );
});

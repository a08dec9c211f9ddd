import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { type Destination, judgeAddress, judgeHost, securityOf } from "../access/host-policy.js";
import type { TlsConfig } from "../config/config.js";
import { parentDomain } from "../suffixes/parent-domain.js";
import { createHostPolicy } from "./create-host-policy.js";

/** `https://host:9300`; `unverified` is https whose certificates are not verified; the port is 9200 if none is written. IPv6 in brackets. */
function destination(text: string): Destination {
  const [, scheme, bracketed, plain = "", port = "9200"] =
    /^(https?|unverified):\/\/(?:\[(.*)\]|([^:]*))(?::(\d+))?$/.exec(text) ?? [];
  const tls = { unsafeSkipVerification: scheme === "unverified" } as TlsConfig;
  const security = securityOf(scheme === "http" ? "http" : "https", tls);
  return { ...security, host: bracketed ?? plain, port: Number(port) };
}

/**
 * Situations, and below each the configured nodes, with the address that a name resolves to; what `discovery.allow`
 * permits; and `open` if there are no credentials. Each further row is a verdict and the destinations that get it: a
 * host alone, or behind `at` the address that it resolves to. "address?" says that the host alone does not decide.
 * Behind # stands why.
 */
const situations = `
https, names
  seeds https://es1.search.example.com at 10.0.0.1
  allowed https://es1.search.example.com, https://es1.search.example.com:9300
  allowed https://es2.search.example.com, https://ES2.search.example.com.
  allowed https://es2.search.example.com at 10.0.0.2, https://es2.search.example.com at 203.0.113.9
  refused https://es2.search.example.com at 169.254.169.254, https://es2.search.example.com at no address
  refused https://search.example.com, https://a.es2.search.example.com, https://es2.example.com
  refused https://evilsearch.example.com, https://es2.search.example.com.evil.net
  refused https://.search.example.com, https://10.0.0.1, https://10.0.0.2
  # what is configured as https is never to be had over http
  refused http://es1.search.example.com, http://es1.search.example.com at 10.0.0.1

https, names that a provider gives out
  seeds https://search-logs-abc.us-east-1.es.amazonaws.com at 203.0.113.1
  allowed https://search-logs-abc.us-east-1.es.amazonaws.com
  refused https://search-evil-abc.us-east-1.es.amazonaws.com

https, addresses
  seeds https://10.1.2.3, https://[fd12::1], https://203.0.113.1
  allowed https://10.1.2.3:9999, https://10.200.0.1, https://[::ffff:10.200.0.1], https://[fdff::2]
  allowed https://203.0.113.1:9999
  refused https://203.0.113.2, https://192.168.0.1, https://127.0.0.1, https://[fd00:ec2::254]
  address? https://es2.example.com
  allowed https://es2.example.com at 10.200.0.1, https://es2.example.com at ::ffff:10.200.0.1
  refused https://es2.example.com at 192.168.0.1
  # an address resolves to itself; nothing is gained by a connector that says otherwise
  refused https://10.200.0.1 at 192.168.0.1, https://192.168.0.1 at 10.200.0.1

https, this machine
  seeds https://localhost
  allowed https://127.0.0.1:9201, https://[::1]:9201
  refused https://172.18.0.2

http, all at private addresses
  seeds http://es1 at 10.0.0.1, http://es2.example.com at 192.168.1.1, http://gone
  allowed http://es1, http://es2.example.com:9300, http://172.16.0.9, http://100.64.0.9, http://[fc00::9]
  refused http://127.0.0.1, http://203.0.113.9, http://100.100.100.200
  address? http://es9
  allowed http://es9 at 10.9.9.9
  refused http://es9 at 203.0.113.9, http://es9 at 127.0.0.1, http://es9 at 169.254.169.254
  refused http://es9 at fe80::1%eth0

http, this machine
  seeds http://127.0.0.1:9200
  allowed http://127.0.0.1:9201, http://127.0.0.2, http://172.18.0.2
  refused http://203.0.113.9

http, one of them at a public address
  seeds http://es1 at 10.0.0.1, http://es2.example.com at 203.0.113.1
  allowed http://es1:9201, http://es2.example.com
  refused http://es3.example.com, http://10.0.0.2, http://203.0.113.1

http and https, mixed
  seeds http://es1 at 10.0.0.1, https://es2.example.com at 203.0.113.1
  allowed http://es1:9201, http://10.0.0.2
  refused http://es2.example.com at 203.0.113.1
  allowed https://es1:9201, https://es3.example.com, https://10.0.0.2
  refused https://203.0.113.1

https without verification: as over http
  seeds unverified://es1.search.example.com at 10.0.0.1, unverified://es2.search.example.com at 192.168.1.1
  allowed unverified://es1.search.example.com:9300, unverified://172.16.0.9
  refused unverified://203.0.113.9, unverified://127.0.0.1
  address? unverified://es9.search.example.com
  allowed unverified://es9.search.example.com at 10.9.9.9
  refused unverified://es9.search.example.com at 203.0.113.9
  allowed https://es9.search.example.com at 203.0.113.9
  # in clear text no more than before
  refused http://es1.search.example.com, http://10.0.0.2

https, one without verification
  seeds https://es1.search.example.com at 10.0.0.1, unverified://es2.search.example.com at 203.0.113.1
  allowed https://es3.search.example.com, unverified://es2.search.example.com:9300
  refused unverified://es3.search.example.com, unverified://es1.search.example.com:9300, unverified://10.0.0.2

https without verification, of the other nodes alone
  seeds https://es1.search.example.com at 10.0.0.1
  hosts .example.net
  allowed unverified://es1.example.net
  refused unverified://es2.search.example.com, unverified://10.0.0.2

http, addresses unknown
  seeds http://es1
  allowed http://es1:9201
  refused http://10.0.0.2, http://es2

allow.hosts
  seeds https://es1.example.com at 203.0.113.1
  hosts .example.net, es9.example.org, 192.0.2.0/24, 2001:db8::7, 0.0.0.0/0
  allowed https://es1.example.net, https://a.b.example.net
  refused http://a.b.example.net
  address? https://example.net
  allowed https://es9.example.org, https://es9.example.org at 8.8.8.8, https://192.0.2.77
  allowed https://[2001:db8::7]
  refused https://[2001:db8::8]
  allowed https://other.org at 192.0.2.77
  refused https://other.org at 2001:db8::8
  # no option opens these
  refused https://0.0.0.0, https://169.254.169.254, https://224.0.0.1, https://255.255.255.255
  refused https://es1.example.net at 168.63.129.16, https://es9.example.org at ff02::1
  refused https://es9.example.org at ::

allow.ports
  seeds https://es1.example.com:8443
  ports 9200
  allowed https://es1.example.com:8443, https://es1.example.com:8443 at 10.0.0.1
  allowed https://es1.example.com:9200
  refused https://es1.example.com:9300, https://es1.example.com:9300 at 10.0.0.1
  refused https://es2.example.com:8443

no credentials
  seeds http://es1 at 10.0.0.1
  open
  allowed http://203.0.113.9, http://127.0.0.1, https://anything.example
  allowed https://anything.example at 203.0.113.9
  refused http://169.254.1.1, http://0.0.0.0, https://anything.example at 169.254.169.254
  # the same address behind a gateway from IPv6
  refused https://anything.example at 64:ff9b::a9fe:a9fe
  allowed https://anything.example at 64:ff9b::808:808

a configured node is always allowed, wherever it is
  seeds http://169.254.7.7, http://0.0.0.0:9201, http://es1 at 169.254.7.8
  allowed http://169.254.7.7, http://169.254.7.7 at 169.254.7.7, http://0.0.0.0:9201
  allowed http://es1 at 169.254.7.8
  refused http://169.254.7.7:9999, http://es1:9999 at 169.254.7.8
`;

for (const situation of situations.trim().split("\n\n")) {
  const [title = "", ...rows] = situation.split(/\n\s*/);
  const texts = (kind: string) =>
    rows.flatMap((row) => (row.startsWith(`${kind} `) ? row.slice(kind.length + 1).split(", ") : []));
  const [hosts, ports] = [texts("hosts"), texts("ports").map(Number)];
  const policy = createHostPolicy({
    seeds: texts("seeds").map((text) => {
      const [seed = "", ...addresses] = text.split(" at ");
      const { unverified, ...place } = destination(seed);
      const tls = unverified === true ? { tls: { unsafeSkipVerification: unverified } } : {};
      return { ...place, ...tls, pathPrefix: "", addresses };
    }),
    ...(hosts.length + ports.length > 0 && { allow: { hosts, ...(ports.length > 0 && { ports }) } }),
    hasCredentials: !rows.includes("open"),
    parentDomain,
  });
  for (const row of rows) {
    if (/^(?:seeds|hosts|ports|open|#)/.test(row)) continue;
    const [, expected = "", destinations = ""] =
      /^(allowed|refused|address\?) (.*)$/.exec(row) ?? assert.fail(`no verdict: ${row}`);
    it(`the host policy for ${title}: ${expected} ${destinations}`, () => {
      for (const text of destinations.split(", ")) {
        const [host = "", address] = text.split(" at ");
        const at =
          address === undefined
            ? judgeHost(policy, destination(host))
            : judgeAddress(policy, { ...destination(host), address });
        assert.equal(at.verdict === "allowed-if-address" ? "address?" : at.verdict, expected, text);
      }
    });
  }
}

const policy = createHostPolicy({
  seeds: [{ ...destination("https://es1.example.com"), pathPrefix: "", addresses: [] }],
  allow: { hosts: [], ports: [9200] },
  hasCredentials: true,
  parentDomain,
});
const reasonFor = (text: string) => {
  const verdict = judgeHost(policy, destination(text));
  return verdict.verdict === "refused" ? verdict.reason : "";
};

it("the reason of a refusal names the option that decides", () => {
  assert.equal(
    reasonFor("https://es1.evil.net"),
    "es1.evil.net may not be sent credentials over https; if it is yours, add it to `discovery.allow.hosts`",
  );
  assert.equal(
    reasonFor("https://es2.example.com:9300"),
    "port 9300 of es2.example.com is not in `discovery.allow.ports`",
  );
  assert.equal(
    reasonFor("https://169.254.169.254"),
    "169.254.169.254 is a link-local address, which `discovery.allow` cannot permit",
  );
  const moved = judgeAddress(policy, { ...destination("https://es2.example.com"), address: "169.254.169.254" });
  assert.deepEqual(moved, {
    verdict: "refused",
    reason: "es2.example.com, now at 169.254.169.254, is a link-local address, which `discovery.allow` cannot permit",
  });
});

it("a host policy can be posted to a thread", () => {
  assert.deepEqual(structuredClone(policy), policy);
});

const scheme = fc.constantFrom("http" as const, "https" as const);
const among = (texts: string) => fc.constantFrom(...texts.split(" "));
const address = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  among("10.0.0.1 10.9.9.9 127.0.0.1 ::1 169.254.169.254 fd00::1 ::ffff:10.0.0.1 0.0.0.0"),
);
const name = among("es1.example.com es2.example.com a.es1.example.com es1 localhost example.com");
const host = fc.oneof(name, address);
const port = fc.constantFrom(9200, 9300);
const addresses = fc.array(address, { maxLength: 2 });
const anySeed = fc.record({ scheme, host, port, pathPrefix: fc.constant(""), addresses });
const anySituation = fc.record({
  seeds: fc.array(anySeed, { minLength: 1, maxLength: 3 }),
  allow: fc.record({ hosts: fc.subarray([".example.com", "10.0.0.0/8", "::/0", "es2.example.com"]) }),
  hasCredentials: fc.boolean(),
});
const anyDestination = fc.record({ scheme, host, port });

it("a host policy allows at no address what it refuses by name", () => {
  fc.assert(
    fc.property(anySituation, anyDestination, address, (situation, node, at) => {
      const made = createHostPolicy({ ...situation, parentDomain });
      fc.pre(judgeHost(made, node).verdict === "refused");
      assert.equal(judgeAddress(made, { ...node, address: at }).verdict, "refused");
    }),
  );
});

it("a host policy allows over https all that it allows over http", () => {
  fc.assert(
    fc.property(anySituation, host, port, address, (situation, to, at, resolved) => {
      const made = createHostPolicy({ ...situation, parentDomain });
      const plain = { scheme: "http", host: to, port: at, address: resolved } as const;
      fc.pre(judgeAddress(made, plain).verdict === "allowed");
      const isHttpSeed = situation.seeds.some((seed) => seed.scheme === "http" && seed.host === to && seed.port === at);
      fc.pre(!isHttpSeed);
      assert.equal(judgeAddress(made, { ...plain, scheme: "https" }).verdict, "allowed");
    }),
  );
});

it("a host policy gives an address the same verdict before and after it is resolved to itself", () => {
  fc.assert(
    fc.property(anySituation, scheme, address, port, (situation, over, at, to) => {
      const made = createHostPolicy({ ...situation, parentDomain });
      const node = { scheme: over, host: at, port: to };
      assert.equal(judgeAddress(made, { ...node, address: at }).verdict, judgeHost(made, node).verdict);
    }),
  );
});

it("a host policy allows every configured node wherever it is, and without credentials no less than with them", () => {
  fc.assert(
    fc.property(anySituation, anyDestination, address, (situation, node, at) => {
      const made = createHostPolicy({ ...situation, parentDomain });
      for (const seed of situation.seeds) assert.equal(judgeAddress(made, { ...seed, address: at }).verdict, "allowed");
      const open = createHostPolicy({ ...situation, parentDomain, hasCredentials: false });
      if (judgeAddress(made, { ...node, address: at }).verdict === "allowed") {
        assert.equal(judgeAddress(open, { ...node, address: at }).verdict, "allowed");
      }
    }),
  );
});

it("without the public suffixes, a host policy allows over https no name beside a configured one", () => {
  const withoutSuffixes = createHostPolicy({
    seeds: [{ ...destination("https://es1.example.com"), pathPrefix: "", addresses: [] }],
    hasCredentials: true,
  });
  assert.equal(judgeHost(withoutSuffixes, destination("https://es1.example.com")).verdict, "allowed");
  assert.equal(judgeHost(withoutSuffixes, destination("https://es2.example.com")).verdict, "refused");
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type CompiledHostPolicy, judgeAddress, judgeHost } from "../access/host-policy.js";
import type { AllowConfig } from "../config/config.js";
import { createHostPolicy } from "./create-host-policy.js";

interface Situation {
  /** `scheme://host[:port]`, and what the host resolves to. */
  readonly seeds: Readonly<Record<string, readonly string[]>>;
  readonly allow?: AllowConfig;
  readonly hasCredentials?: boolean;
}

function policyFor({ seeds, allow, hasCredentials = true }: Situation): CompiledHostPolicy {
  return createHostPolicy({
    seeds: Object.entries(seeds).map(([text, addresses]) => {
      const { protocol, hostname, port } = new URL(text);
      const host = hostname.replace(/^\[|\]$/g, "");
      const scheme = protocol === "https:" ? "https" : "http";
      return { scheme, host, port: Number(port || 9200), pathPrefix: "", addresses };
    }),
    ...(allow === undefined ? {} : { allow }),
    hasCredentials,
  });
}

/** "allowed", "refused", or "address?" where the name alone does not decide. */
function hostVerdict(policy: CompiledHostPolicy, text: string): string {
  const { verdict } = judgeHost(policy, destination(text));
  return verdict === "allowed-if-address" ? "address?" : verdict;
}

function addressVerdict(policy: CompiledHostPolicy, text: string, address: string): string {
  return judgeAddress(policy, { ...destination(text), address }).verdict;
}

/** `https://host:9300`; the port is 9200 if none is written. IPv6 in brackets. */
function destination(text: string): { scheme: "http" | "https"; host: string; port: number } {
  const [, scheme, bracketed, plain = "", port = "9200"] =
    /^(https?):\/\/(?:\[(.*)\]|([^:]*))(?::(\d+))?$/.exec(text) ?? [];
  return { scheme: scheme === "http" ? "http" : "https", host: bracketed ?? plain, port: Number(port) };
}

type Row =
  | readonly [destination: string, verdict: string]
  | readonly [destination: string, address: string, verdict: string];

/** Two columns: what the host alone is worth. Three: what it is worth at the address it resolves to. */
const situations: readonly { readonly title: string; readonly in: Situation; readonly rows: readonly Row[] }[] = [
  {
    title: "https, names",
    in: { seeds: { "https://es1.search.example.com": ["10.0.0.1"] } },
    rows: [
      ["https://es1.search.example.com", "allowed"],
      ["https://es1.search.example.com:9300", "allowed"],
      ["https://es2.search.example.com", "allowed"],
      ["https://ES2.search.example.com.", "allowed"],
      ["https://es2.search.example.com", "10.0.0.2", "allowed"],
      ["https://es2.search.example.com", "203.0.113.9", "allowed"],
      ["https://es2.search.example.com", "169.254.169.254", "refused"],
      ["https://es2.search.example.com", "no address", "refused"],
      ["https://search.example.com", "refused"],
      ["https://a.es2.search.example.com", "refused"],
      ["https://es2.example.com", "refused"],
      ["https://evilsearch.example.com", "refused"],
      ["https://es2.search.example.com.evil.net", "refused"],
      ["https://.search.example.com", "refused"],
      ["https://10.0.0.1", "refused"],
      ["https://10.0.0.2", "refused"],
      // what is configured as https is never to be had over http
      ["http://es1.search.example.com", "refused"],
      ["http://es1.search.example.com", "10.0.0.1", "refused"],
    ],
  },
  {
    title: "https, names that a provider gives out",
    in: { seeds: { "https://search-logs-abc.us-east-1.es.amazonaws.com": ["203.0.113.1"] } },
    rows: [
      ["https://search-logs-abc.us-east-1.es.amazonaws.com", "allowed"],
      ["https://search-evil-abc.us-east-1.es.amazonaws.com", "refused"],
    ],
  },
  {
    title: "https, addresses",
    in: { seeds: { "https://10.1.2.3": [], "https://[fd12::1]": [], "https://203.0.113.1": [] } },
    rows: [
      ["https://10.1.2.3:9999", "allowed"],
      ["https://10.200.0.1", "allowed"],
      ["https://[::ffff:10.200.0.1]", "allowed"],
      ["https://[fdff::2]", "allowed"],
      ["https://203.0.113.1:9999", "allowed"],
      ["https://203.0.113.2", "refused"],
      ["https://192.168.0.1", "refused"],
      ["https://127.0.0.1", "refused"],
      ["https://[fd00:ec2::254]", "refused"],
      ["https://es2.example.com", "address?"],
      ["https://es2.example.com", "10.200.0.1", "allowed"],
      ["https://es2.example.com", "::ffff:10.200.0.1", "allowed"],
      ["https://es2.example.com", "192.168.0.1", "refused"],
      // an address resolves to itself; nothing is gained by a connector that says otherwise
      ["https://10.200.0.1", "192.168.0.1", "refused"],
      ["https://192.168.0.1", "10.200.0.1", "refused"],
    ],
  },
  {
    title: "https, this machine",
    in: { seeds: { "https://localhost": [] } },
    rows: [
      ["https://127.0.0.1:9201", "allowed"],
      ["https://[::1]:9201", "allowed"],
      ["https://172.18.0.2", "refused"],
    ],
  },
  {
    title: "http, all at private addresses",
    in: { seeds: { "http://es1": ["10.0.0.1"], "http://es2.example.com": ["192.168.1.1"], "http://gone": [] } },
    rows: [
      ["http://es1", "allowed"],
      ["http://es2.example.com:9300", "allowed"],
      ["http://172.16.0.9", "allowed"],
      ["http://100.64.0.9", "allowed"],
      ["http://[fc00::9]", "allowed"],
      ["http://127.0.0.1", "refused"],
      ["http://203.0.113.9", "refused"],
      ["http://100.100.100.200", "refused"],
      ["http://es9", "address?"],
      ["http://es9", "10.9.9.9", "allowed"],
      ["http://es9", "203.0.113.9", "refused"],
      ["http://es9", "127.0.0.1", "refused"],
      ["http://es9", "169.254.169.254", "refused"],
      ["http://es9", "fe80::1%eth0", "refused"],
    ],
  },
  {
    title: "http, this machine",
    in: { seeds: { "http://127.0.0.1:9200": [] } },
    rows: [
      ["http://127.0.0.1:9201", "allowed"],
      ["http://127.0.0.2", "allowed"],
      ["http://172.18.0.2", "allowed"],
      ["http://203.0.113.9", "refused"],
    ],
  },
  {
    title: "http, one of them at a public address",
    in: { seeds: { "http://es1": ["10.0.0.1"], "http://es2.example.com": ["203.0.113.1"] } },
    rows: [
      ["http://es1:9201", "allowed"],
      ["http://es2.example.com", "allowed"],
      ["http://es3.example.com", "refused"],
      ["http://10.0.0.2", "refused"],
      ["http://203.0.113.1", "refused"],
    ],
  },
  {
    title: "http and https, mixed",
    in: { seeds: { "http://es1": ["10.0.0.1"], "https://es2.example.com": ["203.0.113.1"] } },
    rows: [
      ["http://es1:9201", "allowed"],
      ["http://10.0.0.2", "allowed"],
      ["http://es2.example.com", "203.0.113.1", "refused"],
      ["https://es1:9201", "allowed"],
      ["https://es3.example.com", "allowed"],
      ["https://10.0.0.2", "allowed"],
      ["https://203.0.113.1", "refused"],
    ],
  },
  {
    title: "http, addresses unknown",
    in: { seeds: { "http://es1": [] } },
    rows: [
      ["http://es1:9201", "allowed"],
      ["http://10.0.0.2", "refused"],
      ["http://es2", "refused"],
    ],
  },
  {
    title: "allow.hosts",
    in: {
      seeds: { "https://es1.example.com": ["203.0.113.1"] },
      allow: { hosts: [".example.net", "es9.example.org", "192.0.2.0/24", "2001:db8::7", "0.0.0.0/0"] },
    },
    rows: [
      ["https://es1.example.net", "allowed"],
      ["https://a.b.example.net", "allowed"],
      ["http://a.b.example.net", "refused"],
      ["https://example.net", "address?"],
      ["https://es9.example.org", "allowed"],
      ["https://es9.example.org", "8.8.8.8", "allowed"],
      ["https://192.0.2.77", "allowed"],
      ["https://[2001:db8::7]", "allowed"],
      ["https://[2001:db8::8]", "refused"],
      ["https://other.org", "192.0.2.77", "allowed"],
      ["https://other.org", "2001:db8::8", "refused"],
      // no option opens these
      ["https://0.0.0.0", "refused"],
      ["https://169.254.169.254", "refused"],
      ["https://224.0.0.1", "refused"],
      ["https://255.255.255.255", "refused"],
      ["https://es1.example.net", "168.63.129.16", "refused"],
      ["https://es9.example.org", "ff02::1", "refused"],
      ["https://es9.example.org", "::", "refused"],
    ],
  },
  {
    title: "allow.ports",
    in: { seeds: { "https://es1.example.com:8443": [] }, allow: { hosts: [], ports: [9200] } },
    rows: [
      ["https://es1.example.com:8443", "allowed"],
      ["https://es1.example.com:8443", "10.0.0.1", "allowed"],
      ["https://es1.example.com:9200", "allowed"],
      ["https://es1.example.com:9300", "refused"],
      ["https://es1.example.com:9300", "10.0.0.1", "refused"],
      ["https://es2.example.com:8443", "refused"],
    ],
  },
  {
    title: "no credentials",
    in: { seeds: { "http://es1": ["10.0.0.1"] }, hasCredentials: false },
    rows: [
      ["http://203.0.113.9", "allowed"],
      ["http://127.0.0.1", "allowed"],
      ["https://anything.example", "allowed"],
      ["https://anything.example", "203.0.113.9", "allowed"],
      ["http://169.254.1.1", "refused"],
      ["http://0.0.0.0", "refused"],
      ["https://anything.example", "169.254.169.254", "refused"],
      // the same address behind a gateway from IPv6
      ["https://anything.example", "64:ff9b::a9fe:a9fe", "refused"],
      ["https://anything.example", "64:ff9b::808:808", "allowed"],
    ],
  },
  {
    title: "a configured node is always allowed, wherever it is",
    in: { seeds: { "http://169.254.7.7": [], "http://0.0.0.0:9201": [], "http://es1": ["169.254.7.8"] } },
    rows: [
      ["http://169.254.7.7", "allowed"],
      ["http://169.254.7.7", "169.254.7.7", "allowed"],
      ["http://0.0.0.0:9201", "allowed"],
      ["http://es1", "169.254.7.8", "allowed"],
      ["http://169.254.7.7:9999", "refused"],
      ["http://es1:9999", "169.254.7.8", "refused"],
    ],
  },
];

for (const { title, in: situation, rows } of situations) {
  describe(`the host policy: ${title}`, () => {
    const policy = policyFor(situation);
    for (const [text, second, third] of rows) {
      const name = third === undefined ? `${text}: ${second}` : `${text} at ${second}: ${third}`;
      it(name, () => {
        if (third === undefined) assert.equal(hostVerdict(policy, text), second);
        else assert.equal(addressVerdict(policy, text, second), third);
      });
    }
  });
}

describe("the host policy", () => {
  const policy = policyFor({ seeds: { "https://es1.example.com": [] }, allow: { hosts: [], ports: [9200] } });
  const reasonFor = (text: string) => {
    const verdict = judgeHost(policy, destination(text));
    return verdict.verdict === "refused" ? verdict.reason : "";
  };

  it("names the option that decides, in what it refuses", () => {
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

  it("may be posted to a thread", () => {
    assert.deepEqual(structuredClone(policy), policy);
  });

  const scheme = fc.constantFrom("http" as const, "https" as const);
  const address = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.constantFrom(
      "10.0.0.1",
      "10.9.9.9",
      "127.0.0.1",
      "::1",
      "169.254.169.254",
      "fd00::1",
      "::ffff:10.0.0.1",
      "0.0.0.0",
    ),
  );
  const name = fc.constantFrom(
    "es1.example.com",
    "es2.example.com",
    "a.es1.example.com",
    "es1",
    "localhost",
    "example.com",
  );
  const host = fc.oneof(name, address);
  const port = fc.constantFrom(9200, 9300);
  const anySituation = fc.record({
    seeds: fc.array(
      fc.record({ scheme, host, port, pathPrefix: fc.constant(""), addresses: fc.array(address, { maxLength: 2 }) }),
      {
        minLength: 1,
        maxLength: 3,
      },
    ),
    allow: fc.record({ hosts: fc.subarray([".example.com", "10.0.0.0/8", "::/0", "es2.example.com"]) }),
    hasCredentials: fc.boolean(),
  });
  const anyDestination = fc.record({ scheme, host, port });

  it("never allows at any address what it refuses by name", () => {
    fc.assert(
      fc.property(anySituation, anyDestination, address, (situation, node, at) => {
        const made = createHostPolicy(situation);
        fc.pre(judgeHost(made, node).verdict === "refused");
        assert.equal(judgeAddress(made, { ...node, address: at }).verdict, "refused");
      }),
    );
  });

  it("allows over https whatever it allows over http", () => {
    fc.assert(
      fc.property(anySituation, host, port, address, (situation, to, at, resolved) => {
        const made = createHostPolicy(situation);
        const plain = { scheme: "http", host: to, port: at, address: resolved } as const;
        fc.pre(judgeAddress(made, plain).verdict === "allowed");
        const isHttpSeed = situation.seeds.some(
          (seed) => seed.scheme === "http" && seed.host === to && seed.port === at,
        );
        fc.pre(!isHttpSeed);
        assert.equal(judgeAddress(made, { ...plain, scheme: "https" }).verdict, "allowed");
      }),
    );
  });

  it("says the same of an address before and after it is resolved to itself", () => {
    fc.assert(
      fc.property(anySituation, scheme, address, port, (situation, over, at, to) => {
        const made = createHostPolicy(situation);
        const node = { scheme: over, host: at, port: to };
        assert.equal(judgeAddress(made, { ...node, address: at }).verdict, judgeHost(made, node).verdict);
      }),
    );
  });

  it("allows every configured node at whatever it resolves to, and without credentials no less than with", () => {
    fc.assert(
      fc.property(anySituation, anyDestination, address, (situation, node, at) => {
        const made = createHostPolicy(situation);
        for (const seed of situation.seeds)
          assert.equal(judgeAddress(made, { ...seed, address: at }).verdict, "allowed");
        const open = createHostPolicy({ ...situation, hasCredentials: false });
        if (judgeAddress(made, { ...node, address: at }).verdict === "allowed") {
          assert.equal(judgeAddress(open, { ...node, address: at }).verdict, "allowed");
        }
      }),
    );
  });
});

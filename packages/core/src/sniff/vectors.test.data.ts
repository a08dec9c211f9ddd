/**
 * What servers have been seen to answer, and what we make of it. The numbers are those of the list of vectors that
 * the parser was specified by; one may have several rows.
 *
 * Unless a row says otherwise the seed that answered is `http://10.0.0.9:9200`. Expected: the URL the node is reached
 * by, then ` | alt ` and the address used when its name does not resolve; or `skip: ` and a part of the reason.
 */
export interface AddressVector {
  readonly vector: number;
  /** `publish_address`, whatever its type. */
  readonly publish: unknown;
  readonly seed?: string;
  readonly expect: string;
}

export const addressVectors: readonly AddressVector[] = [
  { vector: 1, publish: "10.0.0.1:9200", expect: "http://10.0.0.1:9200" },
  { vector: 2, publish: "10.0.0.1:9200", seed: "https://10.0.0.9:9200", expect: "https://10.0.0.1:9200" },
  { vector: 3, publish: "es1.internal/10.0.0.1:9200", expect: "http://es1.internal:9200 | alt 10.0.0.1:9200" },
  { vector: 4, publish: "[2001:db8::1]:9200", expect: "http://[2001:db8::1]:9200" },
  { vector: 4, publish: "[2001:DB8:0:0::1]:9200", expect: "http://[2001:db8::1]:9200" },
  { vector: 5, publish: "es1/[2001:db8::1]:9200", expect: "http://es1:9200 | alt [2001:db8::1]:9200" },
  { vector: 6, publish: "[fe80::1%eth0]:9200", expect: "skip: publish_address [fe80::1%eth0]:9200 is scoped" },
  { vector: 6, publish: "[fe80::1]:9200", expect: "skip: is link-local" },
  { vector: 6, publish: "es1/[fe80::1%eth0]:9200", expect: "http://es1:9200" },
  { vector: 7, publish: "[::ffff:10.0.0.1]:9200", expect: "http://10.0.0.1:9200" },
  { vector: 7, publish: "[::ffff:0.0.0.0]:9200", expect: "skip: wildcard" },
  { vector: 8, publish: "es1:9200", expect: "http://es1:9200" },
  { vector: 9, publish: "httpd-1:9200", expect: "http://httpd-1:9200" },
  { vector: 9, publish: "https-gw/10.0.0.1:9200", expect: "http://https-gw:9200 | alt 10.0.0.1:9200" },
  { vector: 10, publish: "https://es1:9200", expect: "https://es1:9200" },
  { vector: 10, publish: "http://es1:9200", seed: "https://10.0.0.9:9200", expect: "skip: is plain http" },
  { vector: 10, publish: "http://es1:9200", expect: "http://es1:9200" },
  { vector: 10, publish: "ftp://es1:9200", expect: "skip: is neither http nor https" },
  { vector: 10, publish: "https://es1:9200/path", expect: "skip: after its slash" },
  { vector: 11, publish: "es_node_1/172.18.0.3:9200", expect: "http://es_node_1:9200 | alt 172.18.0.3:9200" },
  { vector: 12, publish: "ES1.Internal/10.0.0.1:9200", expect: "http://es1.internal:9200 | alt 10.0.0.1:9200" },
  {
    vector: 13,
    publish: "es1/10.0.0.1:443",
    seed: "https://10.0.0.9:9200",
    expect: "https://es1:443 | alt 10.0.0.1:443",
  },
  { vector: 14, publish: "10.0.0.1", expect: "skip: names no port" },
  { vector: 14, publish: "[::1]", expect: "skip: names no port" },
  { vector: 14, publish: "2001:db8::1", expect: "skip: names no port" },
  { vector: 14, publish: "", expect: "skip: it names no publish_address" },
  { vector: 15, publish: "10.0.0.1:0", expect: "skip: has no port from 1 to 65535" },
  { vector: 15, publish: "10.0.0.1:99999", expect: "skip: has no port from 1 to 65535" },
  { vector: 15, publish: "10.0.0.1:65536", expect: "skip: has no port from 1 to 65535" },
  { vector: 15, publish: "10.0.0.1:65535", expect: "http://10.0.0.1:65535" },
  { vector: 15, publish: "10.0.0.1:abc", expect: "skip: has no port from 1 to 65535" },
  { vector: 15, publish: "10.0.0.1:", expect: "skip: has no port from 1 to 65535" },
  { vector: 15, publish: ":9200", expect: "skip: names no host" },
  {
    vector: 16,
    publish: "0.0.0.0:9200",
    expect: "skip: publish_address 0.0.0.0:9200 is a wildcard, not an address",
  },
  { vector: 16, publish: "[::]:9200", expect: "skip: publish_address [::]:9200 is a wildcard, not an address" },
  { vector: 16, publish: "255.255.255.255:9200", expect: "skip: reserved" },
  { vector: 16, publish: "224.0.0.1:9200", expect: "skip: multicast" },
  { vector: 16, publish: "169.254.169.254:9200", expect: "skip: link-local" },
  { vector: 17, publish: "127.0.0.1:9200", expect: "skip: loopback" },
  { vector: 17, publish: "[::1]:9200", expect: "skip: loopback" },
  { vector: 17, publish: "[::127.0.0.1]:9200", expect: "skip: reserved" },
  { vector: 17, publish: "localhost/127.0.0.1:9200", expect: "skip: loopback" },
  { vector: 17, publish: "es1/127.0.1.1:9200", expect: "http://es1:9200" },
  { vector: 17, publish: "127.0.0.1:9201", seed: "http://localhost:9200", expect: "http://127.0.0.1:9201" },
  { vector: 17, publish: "127.0.0.1:9201", seed: "http://127.0.0.1:9200", expect: "http://127.0.0.1:9201" },
  {
    vector: 17,
    publish: "es1/127.0.0.1:9201",
    seed: "http://[::1]:9200",
    expect: "http://es1:9201 | alt 127.0.0.1:9201",
  },
  { vector: 18, publish: "inet[/10.0.0.1:9200]", expect: "http://10.0.0.1:9200" },
  { vector: 18, publish: "inet[es1/10.0.0.1:9200]", expect: "http://es1:9200 | alt 10.0.0.1:9200" },
  { vector: 18, publish: "10.0.0.1/10.0.0.2:9200", expect: "http://10.0.0.1:9200" },
  { vector: 18, publish: "/10.0.0.1:9200", expect: "http://10.0.0.1:9200" },
  { vector: 19, publish: null, expect: "skip: it names no publish_address" },
  { vector: 19, publish: 9200, expect: "skip: publish_address is not text" },
  { vector: 39, publish: "bücher.example:9200", expect: "http://xn--bcher-kva.example:9200" },
  { vector: 39, publish: "user:canary@es1:9200", expect: "skip: publish_address [redacted]@es1:9200 holds an @" },
  { vector: 39, publish: "es 1:9200", expect: "skip: is not a host name" },
  { vector: 39, publish: "es%2f1:9200", expect: "skip: is not a host name" },
  { vector: 39, publish: "es%31:9200", expect: "skip: is not a host name" },
  { vector: 39, publish: "es1?x:9200", expect: "skip: is not a host name" },
  { vector: 39, publish: "es\u{200b}1:9200", expect: "skip: publish_address es\u{fffd}1:9200 is not a host name" },
  { vector: 39, publish: "es\n1:9200", expect: "skip: publish_address es\u{fffd}1:9200 is not a host name" },
  { vector: 39, publish: "*:9200", expect: "skip: is not a host name" },
  { vector: 39, publish: "es1..internal:9200", expect: "skip: is not a host name" },
  { vector: 39, publish: "10.1:9200", expect: "skip: is not a host name" },
  { vector: 39, publish: "010.0.0.1:9200", expect: "skip: is not a host name" },
  { vector: 39, publish: "0x7f000001:9200", expect: "skip: is not a host name" },
  { vector: 39, publish: "10.0.0.256:9200", expect: "skip: is not a host name" },
  { vector: 39, publish: "１０.0.0.1:9200", expect: "skip: is not a host name" },
  { vector: 39, publish: `${"a".repeat(64)}.example:9200`, expect: "skip: is not a host name" },
  { vector: 39, publish: `${"a.".repeat(126)}aa:9200`, expect: "skip: is not a host name" },
  { vector: 39, publish: `${"a".repeat(600)}:9200`, expect: "skip: is too long" },
];

/** Which roles keep a node out of an application's way. */
export interface RoleVector {
  readonly vector: number;
  /** Absent: the answer did not say. */
  readonly roles?: readonly string[];
  readonly serves: boolean;
}

export const roleVectors: readonly RoleVector[] = [
  { vector: 27, roles: ["master"], serves: false },
  { vector: 27, roles: ["master", "voting_only"], serves: false },
  { vector: 27, roles: ["cluster_manager"], serves: false },
  { vector: 27, roles: ["master", "remote_cluster_client"], serves: false },
  { vector: 27, roles: ["master", "ml"], serves: false },
  { vector: 27, roles: ["master", "cluster_manager"], serves: false },
  { vector: 28, roles: ["master", "data_hot"], serves: true },
  { vector: 28, roles: ["cluster_manager", "data"], serves: true },
  { vector: 28, roles: ["cluster_manager", "ingest"], serves: true },
  { vector: 28, roles: ["cluster_manager", "search"], serves: true },
  { vector: 28, roles: ["cluster_manager", "warm"], serves: true },
  { vector: 28, roles: ["cluster_manager", "unknown_future_role"], serves: true },
  { vector: 29, roles: [], serves: true },
  { vector: 29, serves: true },
  { vector: 29, roles: ["unknown_future_role"], serves: true },
  { vector: 29, roles: ["ml"], serves: true },
];

/**
 * Whole answers. Expected: the kind of refusal, or the nodes as `id=host:port` and then, after ` - `, the skipped
 * ids, and after ` ! ` what was noted.
 */
export interface AnswerVector {
  readonly vector: number;
  readonly says: string;
  readonly status?: number;
  /** A text is taken as it is, anything else is written as JSON. */
  readonly body: unknown;
  readonly seed?: string;
  readonly allowDirect?: boolean;
  readonly addressMap?: Readonly<Record<string, string>>;
  readonly expect: string;
}

const at = (publish: string, more: object = {}) => ({ http: { publish_address: publish }, ...more });
const manager = { roles: ["cluster_manager"] };
const all = (total: number) => ({ total, successful: total, failed: 0 });

export const answerVectors: readonly AnswerVector[] = [
  {
    vector: 15,
    says: "a bad port harms no neighbour",
    body: { _nodes: all(3), nodes: { a: at("10.0.0.1:9200"), b: at("10.0.0.2:0"), c: at("10.0.0.3:9200") } },
    expect: "a=10.0.0.1:9200 c=10.0.0.3:9200 - b",
  },
  {
    vector: 16,
    says: "a wildcard can be mapped",
    body: { _nodes: all(1), nodes: { a: at("0.0.0.0:9200") } },
    addressMap: { "0.0.0.0:9200": "es1:19200" },
    expect: "a=es1:19200",
  },
  {
    vector: 17,
    says: "what is mapped may be a loopback address",
    body: { _nodes: all(2), nodes: { a: at("172.18.0.2:9200"), b: at("es2/172.18.0.3:9200") } },
    addressMap: { "172.18.0.2:9200": "localhost:9201", ES2: "127.0.0.1" },
    expect: "b=127.0.0.1:9200 a=localhost:9201",
  },
  {
    vector: 17,
    says: "the nearest match of the map wins",
    body: { _nodes: all(1), nodes: { a: at("es1/10.0.0.1:9200") } },
    addressMap: { es1: "wrong", "10.0.0.1": "wrong", "10.0.0.1:9200": "right" },
    expect: "a=right:9200",
  },
  {
    vector: 17,
    says: "a map cannot lead to a wildcard",
    body: { _nodes: all(1), nodes: { a: at("10.0.0.1:9200") } },
    addressMap: { "10.0.0.1": "0.0.0.0" },
    expect: "- a",
  },
  {
    vector: 19,
    says: "nodes without usable http are skipped",
    body: { _nodes: all(4), nodes: { a: {}, b: { http: null }, c: { http: "x" }, d: at("10.0.0.1:9200") } },
    expect: "d=10.0.0.1:9200 - a,b,c",
  },
  {
    vector: 20,
    says: "without a publish address the first routable bound address is taken",
    body: {
      _nodes: all(2),
      nodes: {
        a: { http: { bound_address: ["[::]:9200", "127.0.0.1:9200", 5, "10.0.0.1:9200", "10.0.0.2:9200"] } },
        b: { http: { publish_address: null, bound_address: "inet[/10.0.0.3:9200]" } },
      },
    },
    expect: "a=10.0.0.1:9200 b=10.0.0.3:9200",
  },
  {
    vector: 20,
    says: "a bad publish address is not replaced by a bound one",
    body: { _nodes: all(1), nodes: { a: { http: { publish_address: "0.0.0.0:1", bound_address: ["10.0.0.1:1"] } } } },
    expect: "- a",
  },
  {
    vector: 21,
    says: "an entry that is no object is skipped",
    body: { _nodes: all(4), nodes: { a: null, b: "x", c: [], d: at("10.0.0.1:9200") } },
    expect: "d=10.0.0.1:9200 - a,b,c",
  },
  { vector: 22, says: "an empty list is refused", body: { nodes: {} }, expect: "empty" },
  { vector: 22, says: "a missing list is refused", body: { _nodes: all(0) }, expect: "malformed" },
  { vector: 22, says: "an array is refused", body: { nodes: [at("10.0.0.1:9200")] }, expect: "malformed" },
  { vector: 22, says: "HTML is refused", body: "<html>gateway</html>", expect: "malformed" },
  { vector: 22, says: "cut JSON is refused", body: '{"nodes":{"a":{"http":', expect: "malformed" },
  { vector: 22, says: "an empty body is refused", body: "", expect: "malformed" },
  { vector: 23, says: "401 is a matter of rights", status: 401, body: "", expect: "denied" },
  { vector: 23, says: "403 is a matter of rights", status: 403, body: "", expect: "denied" },
  { vector: 23, says: "429 asks for time", status: 429, body: "", expect: "overloaded" },
  { vector: 23, says: "503 asks for time", status: 503, body: "", expect: "overloaded" },
  { vector: 23, says: "a redirect is not followed", status: 302, body: "", expect: "malformed" },
  {
    vector: 24,
    says: "failed nodes make the answer partial",
    body: { _nodes: { total: 2, successful: 1, failed: 1 }, nodes: { a: at("10.0.0.1:9200") } },
    expect: "a=10.0.0.1:9200 ! partial",
  },
  {
    vector: 24,
    says: "numbers that contradict each other make the answer partial",
    body: { _nodes: { total: 1, successful: 1, failed: 1 }, nodes: { a: at("10.0.0.1:9200") } },
    expect: "a=10.0.0.1:9200 ! partial",
  },
  {
    vector: 24,
    says: "fewer nodes than announced make the answer partial",
    body: { _nodes: all(2), nodes: { a: at("10.0.0.1:9200") } },
    expect: "a=10.0.0.1:9200 ! partial",
  },
  {
    vector: 24,
    says: "an answer that does not say how complete it is counts as partial",
    body: { nodes: { a: at("10.0.0.1:9200") } },
    expect: "a=10.0.0.1:9200 ! partial",
  },
  {
    vector: 27,
    says: "dedicated managers are skipped",
    body: { _nodes: all(3), nodes: { c: null, b: at("10.0.0.1:9200", manager), a: at("10.0.0.2:9200") } },
    expect: "a=10.0.0.2:9200 - b,c",
  },
  {
    vector: 29,
    says: "roles that cannot be read filter nobody",
    body: {
      _nodes: all(2),
      nodes: { a: at("10.0.0.1:9200", { roles: "master" }), b: at("10.0.0.2:9200", { roles: ["master", 7] }) },
    },
    expect: "a=10.0.0.1:9200 b=10.0.0.2:9200",
  },
  {
    vector: 30,
    says: "a cluster of managers alone is used",
    body: { _nodes: all(2), nodes: { a: at("10.0.0.1:9200", manager), b: at("10.0.0.2:9200", manager) } },
    expect: "a=10.0.0.1:9200 b=10.0.0.2:9200 ! filter ignored",
  },
  {
    vector: 30,
    says: "managers do not stand in for data nodes whose address is unusable",
    body: { _nodes: all(2), nodes: { a: at("10.0.0.1:9200", manager), b: at("0.0.0.0:9200") } },
    expect: "- a,b",
  },
  {
    vector: 33,
    says: "two ids at one address are one target",
    body: { _nodes: all(2), nodes: { b: at("gw/10.0.0.1:9200"), a: at("gw/10.0.0.1:9200") } },
    expect: "a+b=gw:9200",
  },
  {
    vector: 34,
    says: "two ports of one host are two targets",
    body: { _nodes: all(2), nodes: { a: at("10.0.0.1:9200"), b: at("10.0.0.1:9201") } },
    expect: "a=10.0.0.1:9200 b=10.0.0.1:9201",
  },
  {
    vector: 36,
    says: "behind a path prefix no node is used directly unless allowed",
    seed: "https://gw/es",
    allowDirect: false,
    body: { _nodes: all(2), nodes: { a: at("10.0.0.1:9200"), b: at("es2/10.0.0.2:9200") } },
    expect: "- a,b",
  },
  {
    vector: 36,
    says: "behind a path prefix nodes are used if allowed",
    seed: "https://gw/es",
    body: { _nodes: all(1), nodes: { a: at("10.0.0.1:9200") } },
    expect: "a=10.0.0.1:9200",
  },
  {
    vector: 37,
    says: "mixed versions are all kept",
    body: {
      _nodes: all(2),
      nodes: { a: at("10.0.0.1:9200", { version: "8.19.0" }), b: at("10.0.0.2:9200", { version: "9.0.0" }) },
    },
    expect: "a=10.0.0.1:9200 b=10.0.0.2:9200",
  },
  {
    vector: 38,
    says: "ids that name parts of a prototype are ids",
    body: JSON.stringify({
      _nodes: all(2),
      nodes: { ["__proto__"]: at("10.0.0.1:9200"), constructor: at("10.0.0.2:9200") },
    }),
    expect: "__proto__=10.0.0.1:9200 constructor=10.0.0.2:9200",
  },
];

/** Attributes as sent, and as kept. */
export const attributeVectors: readonly { vector: number; sent: string; kept: object }[] = [
  { vector: 31, sent: '{"zone":"a"}', kept: { zone: "a" } },
  { vector: 31, sent: '{"rack.1":"r2","rack.0":"r1"}', kept: { rack: ["r1", "r2"] } },
  { vector: 31, sent: '{"rack.0":"r1"}', kept: { rack: ["r1"] } },
  { vector: 31, sent: '{"rack.1":"x"}', kept: { "rack.1": "x" } },
  { vector: 31, sent: '{"rack.0":"a","rack.2":"c"}', kept: { "rack.0": "a", "rack.2": "c" } },
  { vector: 31, sent: '{"rack":"x","rack.0":"r1"}', kept: { rack: "x", "rack.0": "r1" } },
  { vector: 31, sent: '{"zone":1,"rack":null,"ok":"x"}', kept: { ok: "x" } },
  { vector: 38, sent: '{"__proto__":"x","constructor":"y"}', kept: JSON.parse('{"__proto__":"x","constructor":"y"}') },
];

/**
 * Stories of a membership. `lists`: `id@host:port`, complete unless the step is partial. `members`: who belongs after
 * the step, absent ones included. `note`: which keys joined and left by the step, and whether the answer was held.
 */
export interface MembershipStep {
  readonly atMs: number;
  readonly by: string;
  readonly partial?: true;
  readonly lists: string;
  readonly members: string;
  readonly note: string;
}

export interface MembershipVector {
  readonly vector: number;
  readonly says: string;
  readonly steps: readonly MembershipStep[];
}

const four = "1@a:1 2@b:1 3@c:1 4@d:1";
const fourJoin = "+1@a:1 +2@b:1 +3@c:1 +4@d:1";

export const membershipVectors: readonly MembershipVector[] = [
  {
    vector: 24,
    says: "who is missing from partial answers stays until complete ones leave him out",
    steps: [
      { atMs: 0, by: "a", lists: four, members: four, note: fourJoin },
      { atMs: 10_000, by: "b", partial: true, lists: "1@a:1 2@b:1", members: four, note: "" },
      { atMs: 20_000, by: "c", partial: true, lists: "1@a:1 2@b:1 5@e:1", members: `${four} 5@e:1`, note: "+5@e:1" },
      { atMs: 30_000, by: "a", lists: "1@a:1 2@b:1 3@c:1 5@e:1", members: `${four} 5@e:1`, note: "" },
      { atMs: 36_000, by: "b", lists: "1@a:1 2@b:1 3@c:1 5@e:1", members: "1@a:1 2@b:1 3@c:1 5@e:1", note: "-4@d:1" },
    ],
  },
  {
    vector: 24,
    says: "an absence that one node alone reports, or too quickly, is not believed",
    steps: [
      { atMs: 0, by: "a", lists: four, members: four, note: fourJoin },
      { atMs: 1_000, by: "a", lists: "1@a:1 2@b:1 3@c:1", members: four, note: "" },
      { atMs: 5_999, by: "b", lists: "1@a:1 2@b:1 3@c:1", members: four, note: "" },
      { atMs: 6_000, by: "a", lists: four, members: four, note: "" },
      { atMs: 10_000, by: "a", lists: "1@a:1 2@b:1 3@c:1", members: four, note: "" },
      { atMs: 99_000, by: "a", lists: "1@a:1 2@b:1 3@c:1", members: four, note: "" },
      { atMs: 99_001, by: "b", lists: "1@a:1 2@b:1 3@c:1", members: "1@a:1 2@b:1 3@c:1", note: "-4@d:1" },
    ],
  },
  {
    vector: 24,
    says: "with one other node left, its own two answers are enough",
    steps: [
      { atMs: 0, by: "a", lists: "1@a:1 2@b:1", members: "1@a:1 2@b:1", note: "+1@a:1 +2@b:1" },
      { atMs: 1_000, by: "a", lists: "1@a:1", members: "1@a:1 2@b:1", note: "" },
      { atMs: 6_000, by: "a", lists: "1@a:1", members: "1@a:1", note: "-2@b:1" },
    ],
  },
  {
    vector: 25,
    says: "an answer without more than half is held until a second node confirms it",
    steps: [
      { atMs: 0, by: "a", lists: four, members: four, note: fourJoin },
      { atMs: 10_000, by: "a", lists: "1@a:1 5@e:1", members: `${four} 5@e:1`, note: "+5@e:1 held" },
      { atMs: 20_000, by: "a", lists: "1@a:1 5@e:1", members: `${four} 5@e:1`, note: "held" },
      { atMs: 20_001, by: "e", lists: "1@a:1 5@e:1", members: "1@a:1 5@e:1", note: "-2@b:1 -3@c:1 -4@d:1" },
    ],
  },
  {
    vector: 25,
    says: "a second node that still lists them ends the matter",
    steps: [
      { atMs: 0, by: "a", lists: four, members: four, note: fourJoin },
      { atMs: 10_000, by: "a", lists: "1@a:1", members: four, note: "held" },
      { atMs: 20_000, by: "b", lists: four, members: four, note: "" },
      { atMs: 30_000, by: "a", lists: "1@a:1", members: four, note: "held" },
      { atMs: 50_000, by: "a", lists: "1@a:1", members: four, note: "held" },
    ],
  },
  {
    vector: 25,
    says: "one node alone is believed after three answers over 30 s",
    steps: [
      { atMs: 0, by: "a", lists: four, members: four, note: fourJoin },
      { atMs: 1_000, by: "a", lists: "1@a:1", members: four, note: "held" },
      { atMs: 2_000, by: "a", lists: "1@a:1", members: four, note: "held" },
      { atMs: 30_999, by: "a", lists: "1@a:1", members: four, note: "held" },
      { atMs: 31_000, by: "a", lists: "1@a:1", members: "1@a:1", note: "-2@b:1 -3@c:1 -4@d:1" },
    ],
  },
  {
    vector: 25,
    says: "two answers are not three, however long they are apart",
    steps: [
      { atMs: 0, by: "a", lists: four, members: four, note: fourJoin },
      { atMs: 1_000, by: "a", lists: "1@a:1", members: four, note: "held" },
      { atMs: 91_000, by: "a", lists: "1@a:1", members: four, note: "held" },
    ],
  },
  {
    vector: 25,
    says: "answers of one instant are one answer",
    steps: [
      { atMs: 0, by: "a", lists: four, members: four, note: fourJoin },
      { atMs: 1_000, by: "a", lists: "1@a:1", members: four, note: "held" },
      { atMs: 40_000, by: "a", lists: "1@a:1", members: four, note: "held" },
      { atMs: 40_000, by: "a", lists: "1@a:1", members: four, note: "held" },
      { atMs: 40_000, by: "b", lists: "1@a:1", members: "1@a:1", note: "-2@b:1 -3@c:1 -4@d:1" },
    ],
  },
  {
    vector: 25,
    says: "those who join with a held answer do not end the hold",
    steps: [
      { atMs: 0, by: "a", lists: "1@a:1", members: "1@a:1", note: "+1@a:1" },
      { atMs: 1_000, by: "x", lists: "9@x:1", members: "1@a:1 9@x:1", note: "+9@x:1 held" },
      { atMs: 7_000, by: "x", lists: "9@x:1", members: "1@a:1 9@x:1", note: "held" },
      { atMs: 31_000, by: "x", lists: "9@x:1", members: "9@x:1", note: "-1@a:1" },
    ],
  },
  {
    vector: 32,
    says: "the same id at a new address has moved",
    steps: [
      { atMs: 0, by: "a", lists: four, members: four, note: fourJoin },
      {
        atMs: 1_000,
        by: "a",
        lists: "1@a:1 2@b:1 3@c:1 4@e:1",
        members: "1@a:1 2@b:1 3@c:1 4@e:1",
        note: "+4@e:1 -4@d:1",
      },
    ],
  },
  {
    vector: 32,
    says: "a whole cluster may move at once",
    steps: [
      { atMs: 0, by: "a", lists: "1@a:1 2@b:1", members: "1@a:1 2@b:1", note: "+1@a:1 +2@b:1" },
      {
        atMs: 1_000,
        by: "c",
        partial: true,
        lists: "1@c:1 2@d:1",
        members: "1@c:1 2@d:1",
        note: "+1@c:1 +2@d:1 -1@a:1 -2@b:1",
      },
    ],
  },
  {
    vector: 32,
    says: "while an answer is held nobody moves",
    steps: [
      { atMs: 0, by: "a", lists: four, members: four, note: fourJoin },
      { atMs: 1_000, by: "a", lists: "4@e:1", members: `${four} 4@e:1`, note: "+4@e:1 held" },
      {
        atMs: 9_000,
        by: "b",
        lists: "1@a:1 2@b:1 3@c:1 4@e:1",
        members: "1@a:1 2@b:1 3@c:1 4@e:1",
        note: "-4@d:1",
      },
    ],
  },
  {
    vector: 32,
    says: "a new id at a known address is another node",
    steps: [
      { atMs: 0, by: "a", lists: "1@a:1 2@b:1", members: "1@a:1 2@b:1", note: "+1@a:1 +2@b:1" },
      { atMs: 1_000, by: "a", lists: "1@a:1 9@b:1", members: "1@a:1 9@b:1", note: "+9@b:1 -2@b:1" },
    ],
  },
  {
    vector: 32,
    says: "two nodes may swap addresses",
    steps: [
      { atMs: 0, by: "a", lists: "1@a:1 2@b:1", members: "1@a:1 2@b:1", note: "+1@a:1 +2@b:1" },
      {
        atMs: 1_000,
        by: "a",
        lists: "2@a:1 1@b:1",
        members: "2@a:1 1@b:1",
        note: "+2@a:1 +1@b:1 -1@a:1 -2@b:1",
      },
    ],
  },
  {
    vector: 22,
    says: "a list of nobody changes nothing",
    steps: [
      { atMs: 0, by: "a", lists: "1@a:1", members: "1@a:1", note: "+1@a:1" },
      { atMs: 90_000, by: "a", lists: "", members: "1@a:1", note: "held" },
      { atMs: 180_000, by: "b", lists: "", members: "1@a:1", note: "held" },
    ],
  },
];

/**
 * Configured addresses and sniffed nodes. A node is `name=host:port` with `/ip` behind the host; a seed is
 * `host:port`, what it resolves to, and the name of the node that answered there.
 */
export interface SeedVector {
  readonly vector: number;
  readonly says: string;
  readonly nodes: string;
  readonly seeds: readonly { readonly at: string; readonly resolves: string; readonly answeredAs?: string }[];
  readonly expect: string;
}

export const seedVectors: readonly SeedVector[] = [
  {
    vector: 35,
    says: "a number that a seed's name resolves to is the seed",
    nodes: "n1=10.0.0.1:9200 n2=10.0.0.2:9200",
    seeds: [{ at: "es1:9200", resolves: "10.0.0.1", answeredAs: "n1" }],
    expect: "n1=es1/10.0.0.1:9200 n2=10.0.0.2:9200",
  },
  {
    vector: 35,
    says: "a name whose number is a seed is the seed",
    nodes: "n1=es1.internal/10.0.0.1:9200",
    seeds: [{ at: "10.0.0.1:9200", resolves: "10.0.0.1" }],
    expect: "n1=10.0.0.1:9200",
  },
  {
    vector: 35,
    says: "spelling of numbers does not matter",
    nodes: "n1=10.0.0.1:9200",
    seeds: [{ at: "es1:9200", resolves: "::FFFF:10.0.0.1 2001:db8::1" }],
    expect: "n1=es1/10.0.0.1:9200",
  },
  {
    vector: 35,
    says: "another port is another endpoint",
    nodes: "n1=10.0.0.1:9201",
    seeds: [{ at: "es1:9200", resolves: "10.0.0.1" }],
    expect: "n1=10.0.0.1:9201",
  },
  {
    vector: 35,
    says: "another name in the seed's answer is another node",
    nodes: "n1=10.0.0.1:9200",
    seeds: [{ at: "es1:9200", resolves: "10.0.0.1", answeredAs: "n2" }],
    expect: "n1=10.0.0.1:9200",
  },
  {
    vector: 35,
    says: "a round-robin name swallows nobody, whoever answered last",
    nodes: "n1=10.0.0.1:9200 n2=10.0.0.2:9200",
    seeds: [{ at: "es:9200", resolves: "10.0.0.1 10.0.0.2", answeredAs: "n1" }],
    expect: "n1=10.0.0.1:9200 n2=10.0.0.2:9200",
  },
  {
    vector: 35,
    says: "a round-robin name swallows nobody, though one node alone is listed",
    nodes: "n1=10.0.0.1:9200",
    seeds: [{ at: "es:9200", resolves: "10.0.0.1 10.0.0.2", answeredAs: "n1" }],
    expect: "n1=10.0.0.1:9200",
  },
  {
    vector: 35,
    says: "two nodes that would take one seed do not",
    nodes: "n1=es1/10.0.0.1:9200 n2=es2/10.0.0.1:9200",
    seeds: [{ at: "gw:9200", resolves: "10.0.0.1", answeredAs: "n1" }],
    expect: "n1=es1/10.0.0.1:9200 n2=es2/10.0.0.1:9200",
  },
  {
    vector: 35,
    says: "a seed that is listed as itself is taken",
    nodes: "n1=es1/10.0.0.1:9200 n2=10.0.0.1:9200",
    seeds: [{ at: "es1:9200", resolves: "10.0.0.1" }],
    expect: "n1=es1/10.0.0.1:9200 n2=10.0.0.1:9200",
  },
  {
    vector: 35,
    says: "of two seeds that are one node the first gives the address",
    nodes: "n1=10.0.0.1:9200",
    seeds: [
      { at: "es1:9200", resolves: "10.0.0.1" },
      { at: "es1.internal:9200", resolves: "10.0.0.1" },
    ],
    expect: "n1=es1/10.0.0.1:9200",
  },
  {
    vector: 40,
    says: "a seed that is not listed is not added, and changes nobody",
    nodes: "n1=10.0.0.1:9200",
    seeds: [{ at: "es9:9200", resolves: "10.0.0.9" }],
    expect: "n1=10.0.0.1:9200",
  },
];

/** `cluster_uuid` of a probe against the pinned one. */
export const identityVectors: readonly {
  vector: number;
  pinned?: string;
  answered: unknown;
  expect: "verified" | "unverified" | "foreign";
}[] = [
  { vector: 26, pinned: "one", answered: "one", expect: "verified" },
  { vector: 26, pinned: "one", answered: "two", expect: "foreign" },
  { vector: 26, answered: "two", expect: "verified" },
  { vector: 41, pinned: "one", answered: "_na_", expect: "unverified" },
  { vector: 41, answered: "_na_", expect: "unverified" },
  { vector: 41, pinned: "one", answered: undefined, expect: "unverified" },
  { vector: 41, pinned: "one", answered: "", expect: "unverified" },
  { vector: 41, pinned: "one", answered: { uuid: "one" }, expect: "unverified" },
  { vector: 41, answered: "x".repeat(10_000), expect: "unverified" },
];

/** Refusals that a person must be able to act on. */
export const refusalVectors: readonly { vector: number; status: number; reason: RegExp }[] = [
  { vector: 42, status: 401, reason: /does not accept the credentials/ },
  { vector: 42, status: 403, reason: /privilege monitor .* cluster:monitor\/nodes\/info/ },
];

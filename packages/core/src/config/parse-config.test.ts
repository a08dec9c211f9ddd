import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { RollcallError } from "../errors.js";
import { silentLogger } from "../logger.js";
import { bounds, defaults, defaultThreads } from "./defaults.js";
import {
  parseAuth,
  parseClusterConfig,
  parseCoordinatorConfig,
  parsePoolConfig,
  parseViewPlace,
} from "./parse-config.js";

const certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
const privateKey = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
const fingerprint = Array.from({ length: 32 }, () => "AB").join(":");
const nodes = ["https://es1:9200"];
const parsePool = (options: unknown) => parsePoolConfig(options, { cores: 1 });

function problemsOf(options: unknown): readonly string[] {
  return messageOf(() => parsePool(options)).split("\n");
}

function messageOf(parse: () => unknown): string {
  try {
    parse();
  } catch (error) {
    assert.ok(error instanceof RollcallError);
    assert.equal(error.code, "CONFIG");
    return error.message;
  }
  throw new assert.AssertionError({ message: "it parsed" });
}

describe("a pool's configuration", () => {
  it("has every default when only nodes are given", () => {
    assert.deepEqual(parsePool({ nodes }), {
      seeds: [{ scheme: "https", host: "es1", port: 9200, pathPrefix: "" }],
      headers: {},
      discovery: { intervalMs: defaults.discovery.intervalMs, addressMap: {} },
      coordinator: "candidate",
      threads: 0,
      timeoutMs: 30_000,
      connections: { perNode: 64, opening: 16, idleMs: 20_000, maxAgeMs: 1_800_000 },
      queue: { perThread: 1_024 },
      retry: { max: 3 },
    });
  });

  it("keeps what is given, in one normal form", () => {
    const auth = () => ({ bearer: "t" });
    const config = parsePool({
      nodes: [
        "HTTPS://ES1.Example.COM/es/",
        new URL("http://[::FFFF:10.0.0.1]:9200"),
        { url: "https://[2001:DB8::1]", auth: { apiKey: { id: "i", key: "k" } } },
        {
          url: "https://bücher.example:9200",
          tls: { ca: [Buffer.from(certificate)], cert: certificate, key: privateKey },
        },
        "https://ann:p%40ss%3A%2F@es5:9200",
      ],
      auth,
      tls: { caFingerprint: "ab".repeat(32), serverName: "ES.example", ca: certificate },
      headers: { "X-Tenant": "seven" },
      discovery: {
        addressMap: { "172.18.0.2:9200": "LOCALHOST:80", "FE80::1": "es1", "[FD00::1]:9200": "[::1]:9201" },
        allow: { hosts: [".Example.com", "10.0.0.0/8", "ES9"], ports: [9200] },
        clusterUuid: "kXyWd-t5T_iWk3bnSV5pNw",
      },
      logger: false,
      redis: "rediss://ann:p%40ss@[::1]:6380/2?family=6",
      name: "logs",
      coordinator: "external",
      threads: 64,
      timeoutMs: 1_000,
      connections: { perNode: 8 },
      queue: { perThread: 0 },
      retry: false,
    });
    assert.deepEqual(config, {
      seeds: [
        { scheme: "https", host: "es1.example.com", port: 443, pathPrefix: "/es" },
        { scheme: "http", host: "10.0.0.1", port: 9200, pathPrefix: "" },
        { scheme: "https", host: "2001:db8::1", port: 443, pathPrefix: "", auth: { apiKey: "aTpr" } },
        {
          scheme: "https",
          host: "xn--bcher-kva.example",
          port: 9200,
          pathPrefix: "",
          tls: { ca: [certificate], cert: certificate, key: privateKey },
        },
        { scheme: "https", host: "es5", port: 9200, pathPrefix: "", auth: { username: "ann", password: "p@ss:/" } },
      ],
      defaultAuth: auth,
      tls: { ca: [certificate], caFingerprint: fingerprint, serverName: "es.example" },
      headers: { "x-tenant": "seven" },
      discovery: {
        intervalMs: 30_000,
        addressMap: { "172.18.0.2:9200": "localhost:80", "fe80::1": "es1", "[fd00::1]:9200": "[::1]:9201" },
        allow: { hosts: [".example.com", "10.0.0.0/8", "es9"], ports: [9200] },
        clusterUuid: "kXyWd-t5T_iWk3bnSV5pNw",
      },
      logger: silentLogger,
      redis: { kind: "url", url: "rediss://ann:p%40ss@[::1]:6380/2?family=6" },
      name: "logs",
      coordinator: "external",
      threads: 64,
      timeoutMs: 1_000,
      connections: { perNode: 8, opening: 8, idleMs: 20_000, maxAgeMs: 1_800_000 },
      queue: { perThread: 0 },
      retry: false,
    });
  });

  it("takes the port from the scheme where the URL has none, as every HTTP client does", () => {
    const { seeds } = parseClusterConfig({ nodes: ["http://es1", "https://es1"] });
    assert.deepEqual(
      seeds.map(({ port }) => port),
      [80, 443],
    );
  });

  it("merges a node that is given twice alike", () => {
    const { seeds } = parseClusterConfig({
      nodes: ["https://es1:443/", new URL("https://ES1"), { url: "https://es1" }],
    });
    assert.equal(seeds.length, 1);
  });

  it("treats an option that is given as undefined as not given", () => {
    const options = { nodes: [{ url: "https://es1:9200", auth: undefined, tls: undefined }], auth: undefined };
    assert.deepEqual(parsePool({ ...options, retry: undefined, discovery: undefined }), parsePool({ nodes }));
  });

  it("accepts names and passwords beyond ASCII", () => {
    const auth = { username: "jürgen", password: "naïve ☃" };
    assert.deepEqual(parseClusterConfig({ nodes, auth }).defaultAuth, auth);
  });

  it("is frozen to the bottom, but leaves the caller's own objects as they were", () => {
    const options = {
      nodes: [{ url: "https://es1", auth: { username: "u", password: "p" } }],
      headers: { a: "b" },
      logger: { ...silentLogger },
    };
    const before = structuredClone({ nodes: options.nodes, headers: options.headers });
    const config = parsePool(options);
    for (const part of [
      config,
      config.seeds,
      config.seeds[0],
      config.seeds[0]?.auth,
      config.headers,
      config.connections,
    ]) {
      assert.ok(Object.isFrozen(part));
    }
    assert.deepEqual({ nodes: options.nodes, headers: options.headers }, before);
    for (const part of [options, options.nodes, options.nodes[0], options.headers, options.logger]) {
      assert.ok(!Object.isFrozen(part));
    }
  });

  it("does not change when the caller's bytes do", () => {
    const ca = Buffer.from(certificate);
    const config = parseClusterConfig({ nodes, tls: { ca } });
    ca.fill(0);
    assert.deepEqual(config.tls?.ca, [certificate]);
  });

  it("does not let a header or a published address named __proto__ become one", () => {
    const options = JSON.parse('{"nodes":["https://es1"],"headers":{"__proto__":"x"}}') as object;
    const { headers } = parseClusterConfig(options);
    assert.deepEqual(Object.entries(headers), [["__proto__", "x"]]);
    assert.equal(Object.getPrototypeOf(headers), Object.prototype);
  });
});

const url = "must be a URL that begins with http:// or https://, without spaces or backslashes";
const basicKinds = "give one of { username, password }, { apiKey } and { bearer }";
const userName = "must be a user name: not empty, no colon, no control characters";
const password = "must be a password: not empty, no control characters";
const pem = "must be PEM text or bytes with a certificate, not a file name";
const hostForms = 'must be a host name, a suffix such as ".example.com", an address, or a range such as "10.0.0.0/8"';
const token = "must be a token: visible ASCII characters, without spaces";

const viewName = "must be 1 to 64 letters, digits, dots, dashes and underscores, the first a letter or digit";
const shared = { nodes, redis: "redis://r", name: "logs" };
const redisUrl = "must be a URL that begins with redis:// or rediss://, without spaces or backslashes";
const redisForms = "must be a URL as text, an object of ioredis' options, or { cluster, options }";
const fragment = "must have no fragment; in a password, # is %23";
const noAt = "must have no @ after its host; in a password, / is %2F, ? is %3F and @ is %40";

/** What is wrong with options that are otherwise good. */
const refusals: readonly (readonly [options: unknown, ...problems: string[]])[] = [
  // the options themselves
  [undefined, "options is missing: must be an object"],
  [null, "options = null: must be an object"],
  [nodes, "options = an array: must be an object"],
  [{ nodes, conections: {} }, "conections: unknown option; did you mean connections?"],
  [{ nodes, node: "x" }, "node: unknown option; did you mean nodes?"],
  [{ nodes, "https://u:p@es1": 1 }, 'options["https://[redacted]@es1"]: unknown option'],

  // nodes
  [{}, "nodes is missing: must be a list of 1 to 1024 URLs or { url, auth, tls }"],
  [{ nodes: [] }, "nodes = an array: must be a list of 1 to 1024 URLs or { url, auth, tls }"],
  [
    { nodes: "https://u:p@es1" },
    'nodes = "https://[redacted]@es1": must be a list of 1 to 1024 URLs or { url, auth, tls }',
  ],
  [{ nodes: [7] }, "nodes[0] = 7: must be a URL, or { url, auth, tls }"],
  [{ nodes: [{}] }, `nodes[0].url is missing: ${url}`],
  [{ nodes: [{ url: "https://es1", user: "u" }] }, "nodes[0].user: unknown option"],
  [{ nodes: ["es1:9200"] }, `nodes[0] = "es1:9200": ${url}`],
  [{ nodes: ["ftp://es1"] }, `nodes[0] = "ftp://es1": ${url}`],
  [{ nodes: ["https:es1"] }, `nodes[0] = "https:es1": ${url}`],
  [{ nodes: ["https://es1\n"] }, `nodes[0] = "https://es1\\n": ${url}`],
  [{ nodes: ["https://es1:99999"] }, `nodes[0] = "https://es1:99999": ${url}`],
  [
    { nodes: ["https://u:secret", "http://u:s3/c"] },
    `nodes[0] = "https://u:[redacted]": ${url}`,
    `nodes[1] = "http://u:[redacted]": ${url}`,
  ],
  [{ nodes: ["https://es1:0"] }, 'nodes[0] = "https://es1:0": must have a port from 1 to 65535'],
  [{ nodes: ["https://*.example.com"] }, 'nodes[0] = "https://*.example.com": must have a host name or an address'],
  [
    { nodes: ["https://es1?x=1", "https://es2#x"] },
    'nodes[0] = "https://es1?x=1": must have no query and no fragment; in a password, ? is %3F and # is %23',
    'nodes[1] = "https://es2#x": must have no query and no fragment; in a password, ? is %3F and # is %23',
  ],
  [
    { nodes: ["https://u:1/secret@es1"] },
    'nodes[0] = "https://[redacted]@es1": must have no @ in its path; in a password, / is %2F and @ is %40',
  ],
  [
    { nodes: ["https://u:50%@es1"] },
    'nodes[0] = "https://[redacted]@es1": must have its user and password percent-encoded; % itself is %25',
  ],
  [{ nodes: ["https://token@es1"] }, `nodes[0].password = [redacted]: ${password}`],
  [{ nodes: [{ url: "https://:p@es1" }] }, `nodes[0].url.username = [redacted]: ${userName}`],
  [{ nodes: ["https://a%3Ab:p@es1"] }, `nodes[0].username = [redacted]: ${userName}`],
  [
    { nodes: [{ url: "https://u:p@es1", auth: { bearer: "t" } }] },
    "nodes[0]: has two kinds of credential, in its URL and in `auth`; give one",
  ],
  [{ nodes: [{ url: "http://es1", tls: { ca: certificate } }] }, "nodes[0]: has `tls`, but its URL is http:"],
  [
    { nodes: ["https://es1:9200", "https://es2", "http://ES1:9200"] },
    "nodes[2]: has the host and port of nodes[0], but other settings",
  ],
  [
    { nodes: ["https://es1", "https://u:p@es1", "https://es1/es"] },
    "nodes[1]: has the host and port of nodes[0], but other settings",
    "nodes[2]: has the host and port of nodes[0], but other settings",
  ],

  // auth
  [{ nodes, auth: "u:p" }, "auth = [redacted]: must be an object"],
  [{ nodes, auth: {} }, `auth: names no credential; ${basicKinds}`],
  [
    { nodes, auth: { username: "u", password: "p", bearer: "t" } },
    `auth: names 2 kinds of credential (username and password, bearer); ${basicKinds}`,
  ],
  [{ nodes, auth: { username: "u" } }, `auth.password is missing: ${password}`],
  [
    { nodes, auth: { username: "", password: "" } },
    `auth.username = [redacted]: ${userName}`,
    `auth.password = [redacted]: ${password}`,
  ],
  [{ nodes, auth: { username: "a:b", password: "p" } }, `auth.username = [redacted]: ${userName}`],
  [{ nodes, auth: { username: "u", password: "p\n" } }, `auth.password = [redacted]: ${password}`],
  [{ nodes, auth: { user: "u", password: "p" } }, "auth.user: unknown option", `auth.username is missing: ${userName}`],
  [
    { nodes, auth: { apiKey: "id:key" } },
    "auth.apiKey = [redacted]: must be the encoded key (base64, so without a colon), or { id, key }",
  ],
  [
    { nodes, auth: { apiKey: { id: "i" } } },
    "auth.apiKey.key is missing: must be the key: not empty, no control characters",
  ],
  [{ nodes, auth: { bearer: "Bearer t" } }, `auth.bearer = [redacted]: ${token}`],
  [{ nodes, auth: { bearer: "t\u0000" } }, `auth.bearer = [redacted]: ${token}`],
  [{ nodes: [{ url: "https://es1", auth: () => ({ bearer: "t" }) }] }, "nodes[0].auth = [redacted]: must be an object"],

  // tls
  [{ nodes, tls: privateKey }, "tls = [redacted]: must be an object"],
  [{ nodes, tls: { ca: "/etc/ca.pem" } }, `tls.ca = [redacted]: ${pem}`],
  [{ nodes, tls: { ca: [] } }, "tls.ca = [redacted]: must be PEM, or a list of 1 to 256 PEM"],
  [{ nodes, tls: { ca: [certificate, 1] } }, `tls.ca[1] = [redacted]: ${pem}`],
  [{ nodes, tls: { cert: certificate } }, "tls: has `cert` without `key`; each needs the other"],
  [{ nodes, tls: { key: privateKey } }, "tls: has `key` without `cert`; each needs the other"],
  [
    { nodes, tls: { cert: certificate, key: "-----BEGIN ENCRYPTED PRIVATE KEY-----" } },
    "tls.key: is encrypted; give the key without its passphrase",
  ],
  [
    { nodes, tls: { caFingerprint: "AB:CD" } },
    'tls.caFingerprint = "AB:CD": must be a SHA-256 fingerprint: 64 hexadecimal digits, with a colon between all pairs or none',
  ],
  [
    { nodes, tls: { serverName: "10.0.0.1" } },
    'tls.serverName = "10.0.0.1": must be a host name; SNI has no place for an address (RFC 6066)',
  ],
  [{ nodes, tls: { rejectUnauthorized: false } }, "tls.rejectUnauthorized: unknown option"],

  // headers
  [{ nodes, headers: ["a"] }, "headers = [redacted]: must be an object of at most 64 names and values"],
  [{ nodes, headers: { Authorization: "x" } }, "headers.Authorization: is a credential, which belongs in `auth`"],
  [{ nodes, headers: { host: "x" } }, "headers.host: is decided by the connection"],
  [{ nodes, headers: { "Content-Length": "1" } }, 'headers["Content-Length"]: is decided by each request\'s body'],
  [{ nodes, headers: { "Transfer-Encoding": "x" } }, 'headers["Transfer-Encoding"]: is decided by the connection'],
  [{ nodes, headers: { "a b": "x" } }, 'headers["a b"]: is not a header name'],
  [
    { nodes, headers: { a: "x\r\nb: y", c: 1, d: "☃" } },
    ...["a", "c", "d"].map(
      (name) => `headers.${name} = [redacted]: must be text of at most 8192 characters, of one byte each, on one line`,
    ),
  ],
  [{ nodes, headers: { "x-a": "1", "X-A": "2" } }, 'headers["X-A"]: is given twice; case makes no difference'],

  // discovery
  [{ nodes, discovery: true }, "discovery = true: must be an object"],
  [{ nodes, discovery: { interval: 1 } }, "discovery.interval: unknown option; did you mean intervalMs?"],
  [
    { nodes, discovery: { intervalMs: 999 } },
    "discovery.intervalMs = 999: must be a whole number from 1000 to 86400000",
  ],
  [
    { nodes, discovery: { addressMap: { "a:b:c": "x" } } },
    'discovery.addressMap["a:b:c"]: the name must be host:port or host',
  ],
  [
    { nodes, discovery: { addressMap: { es1: "http://x" } } },
    'discovery.addressMap.es1 = "http://x": must be host:port or host',
  ],
  [{ nodes, discovery: { addressMap: { es1: "x:0" } } }, 'discovery.addressMap.es1 = "x:0": must be host:port or host'],
  [{ nodes, discovery: { addressMap: { es1: "x", ES1: "y" } } }, "discovery.addressMap.ES1: is given twice"],
  [
    { nodes, discovery: { allow: { hosts: ["*.example.com", "10.1.2.3/8", "10.0.0.0/33", "es1:9200", "."] } } },
    `discovery.allow.hosts[0] = "*.example.com": ${hostForms}`,
    `discovery.allow.hosts[1] = "10.1.2.3/8": ${hostForms}`,
    `discovery.allow.hosts[2] = "10.0.0.0/33": ${hostForms}`,
    `discovery.allow.hosts[3] = "es1:9200": ${hostForms}`,
    `discovery.allow.hosts[4] = ".": ${hostForms}`,
  ],
  [
    { nodes, discovery: { allow: { ports: [0, undefined, "9200"] } } },
    "discovery.allow.ports[0] = 0: must be a whole number from 1 to 65535",
    "discovery.allow.ports[1] is missing: must be a whole number from 1 to 65535",
    'discovery.allow.ports[2] = "9200": must be a whole number from 1 to 65535',
  ],
  [
    { nodes, discovery: { clusterUuid: "_na_" } },
    'discovery.clusterUuid = "_na_": must be a cluster_uuid, as GET / shows it',
  ],

  // the rest
  [
    { nodes, logger: console.log },
    "logger = a function: must be false, or have the functions debug, info, warn and error",
  ],
  [{ nodes, name: "a b" }, `name = "a b": ${viewName}`],
  [{ nodes, threads: 65 }, "threads = 65: must be a whole number from 0 to 64"],
  [{ nodes, threads: "2" }, 'threads = "2": must be a whole number from 0 to 64'],

  // what replicas share
  [{ nodes, redis: "redis://r" }, `name is missing: ${viewName}`],
  [{ nodes, redis: "redis://r", name: "a/b" }, `name = "a/b": ${viewName}`],
  [
    { nodes, coordinator: "candidate" },
    'coordinator = "candidate": must not be given without `redis`: a view that is not shared is published by its own process',
  ],
  [{ ...shared, coordinator: "leader" }, 'coordinator = "leader": must be "candidate" or "external"'],
  [{ nodes, coordinator: true }, 'coordinator = true: must be "candidate" or "external"'],
  [{ ...shared, redis: "localhost:6379" }, `redis = [redacted]: ${redisUrl}`],
  [{ ...shared, redis: "http://r" }, `redis = [redacted]: ${redisUrl}`],
  [{ ...shared, redis: "redis://:pa ss@r" }, `redis = [redacted]: ${redisUrl}`],
  [{ ...shared, redis: "redis://r:99999" }, `redis = [redacted]: ${redisUrl}`],
  [{ ...shared, redis: "redis://r:0" }, "redis = [redacted]: must have a port from 1 to 65535"],
  [{ ...shared, redis: "redis:///0" }, "redis = [redacted]: must have a host name or an address"],
  [{ ...shared, redis: "redis://:a#b@r" }, `redis = [redacted]: ${redisUrl}`],
  [{ ...shared, redis: "redis://r/0#x" }, `redis = [redacted]: ${fragment}`],
  [{ ...shared, redis: "redis://u:1/secret@r" }, `redis = [redacted]: ${noAt}`],
  [{ ...shared, redis: "redis://u:1?secret@r" }, `redis = [redacted]: ${noAt}`],
  [
    { ...shared, redis: "redis://r/logs" },
    "redis = [redacted]: must have nothing in its path but the number of a database",
  ],
  [
    { ...shared, redis: "redis://u:50%@r" },
    "redis = [redacted]: must have its user and password percent-encoded; % itself is %25",
  ],
  ...[7, null, ["redis://r"], new URL("redis://r"), new Map(), () => ({})].map(
    (redis) => [{ ...shared, redis }, `redis = [redacted]: ${redisForms}`] as const,
  ),
  [
    { ...shared, redis: { cluster: "redis://r" } },
    "redis.cluster = [redacted]: must be a list of 1 to 64 URLs or { host, port }",
  ],
  [
    { ...shared, redis: { cluster: [] } },
    "redis.cluster = [redacted]: must be a list of 1 to 64 URLs or { host, port }",
  ],
  [
    { ...shared, redis: { cluster: Array.from({ length: 65 }, () => "redis://r") } },
    "redis.cluster = [redacted]: must be a list of 1 to 64 URLs or { host, port }",
  ],
  [
    { ...shared, redis: { cluster: ["r", 7, {}, { host: "a/b", port: 0 }], option: {} } },
    "redis.option: unknown option; did you mean options?",
    `redis.cluster[0] = [redacted]: ${redisUrl}`,
    "redis.cluster[1] = [redacted]: must be a URL as text, or { host, port }",
    "redis.cluster[2].host is missing: must be a host name or an address",
    "redis.cluster[3].host = [redacted]: must be a host name or an address",
    "redis.cluster[3].port = [redacted]: must be a whole number from 1 to 65535",
  ],
  [
    { ...shared, redis: { cluster: ["redis://r"], options: "x" } },
    "redis.options = [redacted]: must be an object of ioredis' options for a cluster",
  ],
  [
    { nodes, timeoutMs: Number.NaN, queue: { perThread: -1 }, retry: { max: 1.5 } },
    "timeoutMs = NaN: must be a whole number from 1 to 86400000",
    "queue.perThread = -1: must be a whole number from 0 to 1048576",
    "retry.max = 1.5: must be a whole number from 1 to 20",
  ],
  [
    { nodes, timeoutMs: Number.POSITIVE_INFINITY, connections: { perNode: "8", idleMs: 0, maxAgeMs: null } },
    "timeoutMs = Infinity: must be a whole number from 1 to 86400000",
    'connections.perNode = "8": must be a whole number from 1 to 4096',
    "connections.idleMs = 0: must be a whole number from 100 to 600000",
    "connections.maxAgeMs = null: must be a whole number from 1000 to 86400000",
  ],
  [
    { nodes, connections: { perNode: 8, opening: 9 } },
    "connections.opening = 9: must be at most 8, which is connections.perNode",
  ],
  [{ nodes, retry: true }, "retry = true: must be an object"],
  [
    { nodes, timeoutMs: "x".repeat(500) },
    `timeoutMs = "${"x".repeat(80)}…": must be a whole number from 1 to 86400000`,
  ],
];

describe("bad options", () => {
  for (const [options, ...problems] of refusals) {
    it(`are refused: ${problems.join(" · ")}`, () => assert.deepEqual(problemsOf(options), problems));
  }

  it("are all told at once, wherever they stand", () => {
    const problems = problemsOf({
      nodes: ["es1", { url: "https://es2", auth: { username: "u" }, tls: { cert: certificate } }],
      auth: {},
      headers: { host: "x" },
      discovery: { allow: { ports: [0] } },
      threads: -4,
      retry: { max: -1 },
      typo: 1,
    });
    assert.deepEqual(
      problems.map((line) => line.split(/[ :]/)[0]),
      [
        "typo",
        "nodes[0]",
        "nodes[1].auth.password",
        "nodes[1].tls",
        "auth",
        "headers.host",
        "discovery.allow.ports[0]",
        "threads",
        "retry.max",
      ],
    );
  });

  it("do not make a message without end", () => {
    const lines = problemsOf({ nodes: Array.from({ length: bounds.nodes.max }, () => 7) });
    assert.equal(lines.length, 51);
    assert.equal(lines.at(-1), `and ${bounds.nodes.max - 50} more problems`);
  });

  it("of a pool are unknown to a cluster", () => {
    assert.equal(
      messageOf(() => parseClusterConfig({ nodes, timeoutMs: 1 })),
      "timeoutMs: unknown option",
    );
  });

  it("whose getters throw are a problem of configuration too, and their error is not passed on", () => {
    const options = {
      get nodes(): never {
        throw new Error("hunter2");
      },
    };
    assert.deepEqual(problemsOf(options), ["options: could not be read"]);
  });

  it("of any shape either parse or throw CONFIG", () => {
    const names = [
      "nodes",
      "auth",
      "tls",
      "headers",
      "discovery",
      "logger",
      "redis",
      "name",
      "coordinator",
      "threads",
      "timeoutMs",
      "connections",
      "queue",
      "retry",
    ];
    const inner = [
      "url",
      "auth",
      "tls",
      "username",
      "password",
      "apiKey",
      "bearer",
      "ca",
      "cert",
      "key",
      "allow",
      "hosts",
      "cluster",
      "options",
      "host",
      "port",
      "max",
    ];
    const object = (keys: readonly string[], value: fc.Arbitrary<unknown>) =>
      fc.dictionary(fc.oneof(fc.constantFrom(...keys), fc.string()), value, { maxKeys: 5 });
    const leaf = fc.oneof(
      fc.anything(),
      fc.webUrl(),
      fc.constantFrom(certificate, "https://u:p@es1", "https://es1", "redis://:p@r/0", false),
    );
    const part = fc.oneof(
      leaf,
      fc.array(fc.oneof(leaf, object(inner, leaf))),
      object(inner, fc.oneof(leaf, object(inner, leaf))),
    );
    const good = fc.record({ nodes: fc.constant(nodes) });
    const anyOptions = fc.oneof(
      fc.anything(),
      object(names, part),
      fc.tuple(good, object(names, part)).map(([a, b]) => ({ ...b, ...a })),
    );
    fc.assert(
      fc.property(anyOptions, (options) => {
        try {
          assert.ok(parsePool(options).seeds.length > 0);
        } catch (error) {
          assert.ok(error instanceof RollcallError && error.code === "CONFIG" && error.message !== "");
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("the number of threads", () => {
  it("leaves one core to the application, and is 0 where there is but one", () => {
    const threadsOn = (cores: number) => parsePoolConfig({ nodes }, { cores }).threads;
    assert.deepEqual([1, 2, 3, 4, 64].map(threadsOn), [0, 1, 2, 2, 2]);
    assert.equal(defaultThreads(0), 0);
  });

  it("is what is given, whatever the machine", () => {
    assert.equal(parsePoolConfig({ nodes, threads: 0 }, { cores: 8 }).threads, 0);
    assert.equal(parsePoolConfig({ nodes, threads: 8 }, { cores: 1 }).threads, 8);
  });
});

describe("where Redis is", () => {
  const redisOf = (redis: unknown) => parsePool({ ...shared, redis }).redis;

  it("is told apart by its form", () => {
    assert.deepEqual(redisOf("redis://:p@r:6379/0"), { kind: "url", url: "redis://:p@r:6379/0" });
    assert.deepEqual(redisOf({ sentinels: [{ host: "s" }], name: "m" }), {
      kind: "options",
      options: { sentinels: [{ host: "s" }], name: "m" },
    });
    assert.deepEqual(redisOf({ cluster: ["rediss://r", { host: "s" }, { host: "::1", port: 7 }] }), {
      kind: "cluster",
      nodes: ["rediss://r", { host: "s" }, { host: "::1", port: 7 }],
      options: {},
    });
    assert.deepEqual(redisOf({ cluster: ["redis://r"], options: { natMap: {} } }), {
      kind: "cluster",
      nodes: ["redis://r"],
      options: { natMap: {} },
    });
  });

  it("is handed on as it is, with what cannot be frozen, and leaves the caller's own objects as they were", () => {
    const ca = Buffer.from(certificate);
    const retryStrategy = () => 100;
    const given = Object.assign(Object.create(null) as object, { host: "r", tls: { ca }, retryStrategy });
    const redis = redisOf(given);
    assert.ok(redis?.kind === "options" && Object.isFrozen(redis));
    assert.equal(redis.options.retryStrategy, retryStrategy);
    assert.equal((redis.options.tls as { ca: unknown }).ca, ca);
    assert.ok(!Object.isFrozen(given) && !Object.isFrozen(given.tls));
  });
});

describe("a coordinator's configuration", () => {
  it("is a cluster's, with a place and a name for its view", () => {
    const { redis, name, seeds } = parseCoordinatorConfig(shared);
    assert.deepEqual([redis, name, seeds.length], [{ kind: "url", url: "redis://r" }, "logs", 1]);
  });

  it("needs both, and knows no option of a pool", () => {
    const problems = messageOf(() => parseCoordinatorConfig({ nodes, timeoutMs: 1, coordinator: "candidate" }));
    assert.deepEqual(problems.split("\n"), [
      "timeoutMs: unknown option",
      "coordinator: unknown option",
      `redis is missing: ${redisForms}`,
      `name is missing: ${viewName}`,
    ]);
  });
});

describe("the place of a view", () => {
  it("is all that one needs who only looks at it", () => {
    assert.deepEqual(parseViewPlace({ redis: "redis://r", name: "logs" }), {
      redis: { kind: "url", url: "redis://r" },
      name: "logs",
    });
    assert.equal(
      messageOf(() => parseViewPlace({ redis: "redis://r", name: "", nodes })),
      `nodes: unknown option\nname = "": ${viewName}`,
    );
  });
});

describe("what an auth function returns", () => {
  it("is checked as an option is", () => {
    assert.deepEqual(parseAuth({ apiKey: { id: "i", key: "k" } }), { apiKey: "aTpr" });
    assert.equal(
      messageOf(() => parseAuth({ bearer: "a b" })),
      `auth.bearer = [redacted]: ${token}`,
    );
    assert.equal(
      messageOf(() => parseAuth(undefined)),
      "auth is missing: must be an object",
    );
    assert.equal(
      messageOf(() => parseAuth(() => ({ bearer: "t" }))),
      "auth = [redacted]: must be an object",
    );
  });
});

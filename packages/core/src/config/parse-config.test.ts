import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { RollcallError } from "../errors.js";
import { silentLogger } from "../logger.js";
import { bounds, defaults, defaultThreads } from "./defaults.js";
import {
  parseAuth,
  parseClusterConfig,
  parseCoordinatorConfig,
  parsePoolConfig,
  parseProvidedAuth,
  parseViewPlace,
} from "./parse-config.js";
import { parseSecretFile } from "./read-secret.js";
import { redactConfig } from "./redact-config.js";
import {
  certificate,
  cloudId,
  privateKey,
  redisForms,
  refusedOptions,
  refusedRedis,
  token,
  viewName,
} from "./refused-options.test.data.js";

const fingerprint = Array.from({ length: 32 }, () => "AB").join(":");
const nodes = ["https://es1:9200"];
const parsePool = (options: unknown) => parsePoolConfig(options, { cores: 1, heapLimitBytes: 4_294_967_296 });

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

it("a pool's configuration has every default when only nodes are given", () => {
  assert.deepEqual(parsePool({ nodes }), {
    seeds: [{ scheme: "https", host: "es1", port: 9200, pathPrefix: "" }],
    headers: {},
    discovery: { source: "sniff", intervalMs: defaults.discovery.intervalMs, addressMap: {} },
    coordinator: "candidate",
    threads: 0,
    threadsGiven: false,
    timeoutMs: 30_000,
    maxResponseBytes: 536_870_888,
    maxBufferedResponseBytes: 268_435_456,
    connections: { perNode: 64, opening: 16, idleMs: 20_000, maxAgeMs: 1_800_000 },
    queue: { perThread: 1_024, adaptive: false },
    retry: { max: 3 },
    hedge: false,
    compression: defaults.compression,
  });
});

it("a pool's configuration keeps what is given, in one normal form", () => {
  const auth = () => ({ bearer: "t" });
  const own = { ca: [certificate], cert: certificate, key: privateKey };
  const clusterUuid = "kXyWd-t5T_iWk3bnSV5pNw";
  const same = {
    name: "logs",
    coordinator: "external",
    threads: 64,
    threadEntry: "file:///srv/app/rollcall-thread.js",
    timeoutMs: 1_000,
    maxResponseBytes: 1_024,
    maxBufferedResponseBytes: 1_048_576,
    queue: { perThread: 0, adaptive: true },
    retry: { max: 1 },
    hedge: { extraWork: 0.001 },
    compression: { requests: true, responses: false, aboveBytes: 0 },
  };
  const config = parsePool({
    ...same,
    nodes: [
      "HTTPS://ES1.Example.COM/es/",
      new URL("http://[::FFFF:10.0.0.1]:9200"),
      { url: "https://[2001:DB8::1]", auth: { apiKey: { id: "i", key: "k" } } },
      { url: "https://bücher.example:9200", tls: { ...own, ca: [Buffer.from(certificate)] } },
      "https://ann:p%40ss%3A%2F@es5:9200",
    ],
    auth,
    tls: { caFingerprint: "ab".repeat(32), serverName: "ES.example", ca: certificate },
    headers: { "X-Tenant": "seven" },
    discovery: {
      addressMap: { "172.18.0.2:9200": "LOCALHOST:80", "FE80::1": "es1", "[FD00::1]:9200": "[::1]:9201" },
      allow: { hosts: [".Example.com", "10.0.0.0/8", "ES9"], ports: [9200] },
      clusterUuid,
    },
    logger: false,
    redis: "rediss://ann:p%40ss@[::1]:6380/2?family=6",
    connections: { perNode: 8 },
  });
  assert.deepEqual(config, {
    ...same,
    threadsGiven: true,
    discoveryGiven: true,
    seeds: [
      { scheme: "https", host: "es1.example.com", port: 443, pathPrefix: "/es" },
      { scheme: "http", host: "10.0.0.1", port: 9200, pathPrefix: "" },
      { scheme: "https", host: "2001:db8::1", port: 443, pathPrefix: "", auth: { apiKey: "aTpr" } },
      { scheme: "https", host: "xn--bcher-kva.example", port: 9200, pathPrefix: "", tls: own },
      { scheme: "https", host: "es5", port: 9200, pathPrefix: "", auth: { username: "ann", password: "p@ss:/" } },
    ],
    defaultAuth: auth,
    tls: { ca: [certificate], caFingerprint: fingerprint, serverName: "es.example" },
    headers: { "x-tenant": "seven" },
    discovery: {
      source: "sniff",
      intervalMs: 30_000,
      addressMap: { "172.18.0.2:9200": "localhost:80", "fe80::1": "es1", "[fd00::1]:9200": "[::1]:9201" },
      allow: { hosts: [".example.com", "10.0.0.0/8", "es9"], ports: [9200] },
      clusterUuid,
    },
    logger: silentLogger,
    redis: { kind: "url", url: "rediss://ann:p%40ss@[::1]:6380/2?family=6" },
    connections: { perNode: 8, opening: 8, idleMs: 20_000, maxAgeMs: 1_800_000 },
  });
});

it("discovery is off by itself where each URL has a path or is that of a managed cluster, unless the option is given", () => {
  const reasonFor = (...nodes: string[]) => parseClusterConfig({ nodes }).discoveryOff;
  const managed = ["abc.us-east-1.aws.found.io", "logs.es.us-central1.gcp.cloud.es.io", "a.b.elastic-cloud.com"];
  const amazons = [
    "search-a-b.eu-west-1.es.amazonaws.com.",
    "c.us-east-1.aoss.amazonaws.com",
    "c.aoss.us-east-1.on.aws",
  ];
  for (const host of [...managed, "p.es.eu.aws.elastic.cloud", ...amazons]) {
    const off = reasonFor(`https://${host}`);
    assert.ok(off?.kind === "managed" && off.why.startsWith(host.replace(/\.$/, "")), host);
    assert.equal(parseClusterConfig({ nodes: [`https://${host}`] }).discovery, false);
    assert.notEqual(parseClusterConfig({ nodes: [`https://${host}`], discovery: {} }).discovery, false);
  }
  assert.deepEqual(reasonFor("https://gateway/es/"), {
    kind: "path",
    why: "https://gateway:443/es has a path, as a gateway has",
  });
  assert.equal(parseClusterConfig({ nodes: ["https://gateway/es"], discovery: {} }).discoveryOff, undefined);
  for (const nodes of [["https://es1"], ["https://notfound.io"], ["https://gateway/es", "https://es1"]])
    assert.equal(reasonFor(...nodes), undefined, nodes.join());
});

it("a selection has lists, whether one entry was given or several", () => {
  const hot = { roles: "data_hot", attributes: { zone: "a", rack: ["1", "2"] } };
  const { selection } = parsePool({ nodes, selection: { only: hot, prefer: [{ roles: ["ml", "ingest"] }] } });
  const attributes = [
    ["zone", ["a"]],
    ["rack", ["1", "2"]],
  ];
  assert.deepEqual(selection, {
    only: [{ roles: ["data_hot"], attributes }],
    except: [],
    prefer: [{ roles: ["ml", "ingest"] }],
  });
  assert.equal("selection" in parsePool({ nodes }), false);
});

it("the port comes from the scheme where the URL has none, as in every HTTP client", () => {
  const { seeds } = parseClusterConfig({ nodes: ["http://es1", "https://es1"] });
  assert.equal(seeds.map(({ port }) => port).join(), "80,443");
});

it("a node that is given twice alike is one node", () => {
  const alike = ["https://es1:443/", new URL("https://ES1"), { url: "https://es1" }];
  const { seeds } = parseClusterConfig({ nodes: alike });
  assert.equal(seeds.length, 1);
});

it("an option that is given as undefined counts as not given", () => {
  const options = { nodes: [{ url: "https://es1:9200", auth: undefined, tls: undefined }], auth: undefined };
  assert.deepEqual(parsePool({ ...options, retry: undefined, discovery: undefined }), parsePool({ nodes }));
});

it("user names and passwords may hold characters beyond ASCII", () => {
  const auth = { username: "jürgen", password: "naïve ☃" };
  assert.deepEqual(parseClusterConfig({ nodes, auth }).defaultAuth, auth);
});

it("a configuration is frozen to the bottom, and the caller's own objects stay as they were", () => {
  const options = {
    nodes: [{ url: "https://es1", auth: { username: "u", password: "p" } }],
    headers: { a: "b" },
    logger: { ...silentLogger },
  };
  const before = structuredClone({ nodes: options.nodes, headers: options.headers });
  const config = parsePool(options);
  const [seed] = config.seeds;
  for (const part of [config, config.seeds, seed, seed?.auth, config.headers, config.connections]) {
    assert.ok(Object.isFrozen(part));
  }
  assert.deepEqual({ nodes: options.nodes, headers: options.headers }, before);
  for (const part of [options, options.nodes, options.nodes[0], options.headers, options.logger]) {
    assert.ok(!Object.isFrozen(part));
  }
});

it("a configuration does not change when the caller's bytes do", () => {
  const ca = Buffer.from(certificate);
  const config = parseClusterConfig({ nodes, tls: { ca } });
  ca.fill(0);
  assert.deepEqual(config.tls?.ca, [certificate]);
});

it("a header named __proto__ does not become a prototype", () => {
  const options = JSON.parse('{"nodes":["https://es1"],"headers":{"__proto__":"x"}}') as object;
  const { headers } = parseClusterConfig(options);
  assert.deepEqual(Object.entries(headers), [["__proto__", "x"]]);
  assert.equal(Object.getPrototypeOf(headers), Object.prototype);
});

const shared = { nodes, redis: "redis://r", name: "logs" };

/** The rows of a table as options and problems; a key that is a word may stand without quotation marks. */
function rowsOf(table: string, optionsOf: (text: string) => unknown) {
  return table
    .trim()
    .split(/\n+(?! )/)
    .map((row) => {
      const [text = "", ...problems] = row.split(/\s+=> /);
      return [optionsOf(text.replace(/(^|[{,] )(\w+): /g, '$1"$2": ')), problems] as const;
    });
}

/** What no JSON can hold. */
const unusual: readonly (readonly [options: unknown, problems: readonly string[]])[] = [
  [undefined, ["options is missing: must be an object"]],
  [null, ["options = null: must be an object"]],
  [nodes, ["options = an array: must be an object"]],
  [{}, ["nodes is missing: must be a list of 1 to 1024 URLs or { url, auth, tls }"]],
  [
    {
      nodes: [
        { url: "https://es1", auth: () => ({}) },
        { url: "https://es1", auth: () => ({}) },
      ],
    },
    ["nodes[1]: has the host and port of nodes[0], but other settings"],
  ],
  [{ cloudId: 7 }, [`cloudId = [redacted]: ${cloudId}`]],
  [
    { nodes, logger: console.log },
    ["logger = a function: must be false, or have the functions debug, info, warn and error"],
  ],
  [
    { nodes, sign: () => ({}), threads: 2 },
    [
      "sign: is a function, and cannot run in the 2 worker threads that send: give the URL of a module that exports it by default, or set `threads: 0`",
    ],
  ],
  [{ nodes, maxResponseBytes: 1_023 }, ["maxResponseBytes = 1023: must be a whole number from 1024 to 536870888"]],
  [
    { nodes, maxBufferedResponseBytes: 1_000_000 },
    ["maxBufferedResponseBytes = 1000000: must be a whole number from 1048576 to 1099511627776"],
  ],
  [{ nodes, timeoutMs: Number.NaN }, ["timeoutMs = NaN: must be a whole number from 1 to 86400000"]],
  [{ nodes, timeoutMs: Number.POSITIVE_INFINITY }, ["timeoutMs = Infinity: must be a whole number from 1 to 86400000"]],
  [
    { nodes, discovery: { allow: { ports: [undefined] } } },
    ["discovery.allow.ports[0] is missing: must be a whole number from 1 to 65535"],
  ],
  ...[new URL("redis://r"), new Map(), () => ({})].map(
    (redis) => [{ ...shared, redis }, [`redis = [redacted]: ${redisForms}`]] as const,
  ),
  [
    {
      get nodes(): never {
        throw new Error("hunter2");
      },
    },
    ["options: could not be read"],
  ],
];

for (const [options, problems] of [
  ...unusual,
  ...rowsOf(refusedOptions, (text) => ({ nodes, ...JSON.parse(`{${text}}`) })),
  ...rowsOf(refusedRedis, (text) => ({ ...shared, redis: JSON.parse(text) })),
]) {
  it(`bad options are refused: ${problems.join(" · ")}`, () => assert.deepEqual(problemsOf(options), problems));
}

it("the module of a sign hook is given by its URL or its path, and is shown without what may be a secret", () => {
  const shown = (sign: URL | string) => redactConfig(parseCoordinatorConfig({ ...shared, sign })).sign;
  assert.deepEqual([new URL("file:///app/sign.js?hunter2"), "/app/sign.js", "file:///app/sign.js"].map(shown), [
    "file:///app/sign.js",
    "/app/sign.js",
    "file:///app/sign.js",
  ]);
  assert.equal(shown(new URL("data:text/javascript,hunter2")), "a module with a data: URL");
});

it("all bad options are reported at once, wherever they stand", () => {
  const problems = problemsOf({
    nodes: ["es1", { url: "https://es2", auth: { username: "u" }, tls: { cert: certificate } }],
    auth: {},
    headers: { host: "x" },
    discovery: { allow: { ports: [0] } },
    threads: -4,
    retry: { max: -1 },
    typo: 1,
  });
  assert.equal(
    problems.map((line) => line.split(/[ :]/)[0]).join(" "),
    "typo nodes[0] nodes[1].auth.password nodes[1].tls auth headers.host discovery.allow.ports[0] threads retry.max",
  );
});

it("the message about bad options ends after 50 problems", () => {
  const lines = problemsOf({ nodes: Array.from({ length: bounds.nodes.max }, () => 7) });
  assert.equal(lines.length, 51);
  assert.equal(lines.at(-1), `and ${bounds.nodes.max - 50} more problems`);
});

it("the secrets of a view are one or a list, or stand in a file, and belong to a view in Redis", () => {
  const [one, other] = ["0123456789abcdef", "fedcba9876543210"];
  const secretsOf = (options: object) => {
    const { secret, secretFile } = parsePool({ ...shared, ...options });
    return secret ?? secretFile;
  };
  assert.deepEqual([{ secret: one }, { secret: [one, other] }, { secretFile: "/run/secret" }, {}].map(secretsOf), [
    [one],
    [one, other],
    "/run/secret",
    undefined,
  ]);
  const bytes = "must be 16 to 1024 bytes of text, without white space at its ends";
  const alone = "must not be given without `redis`: a view that is not shared is sealed for no other process";
  for (const [options, problem] of [
    [{ ...shared, secret: "" }, `secret = [redacted]: ${bytes}`],
    [{ ...shared, secret: "hunter2" }, `secret = [redacted]: ${bytes}`],
    [{ ...shared, secret: `${one}\n` }, `secret = [redacted]: ${bytes}`],
    [{ ...shared, secret: [one, "hunter2"] }, `secret[1] = [redacted]: ${bytes}`],
    [{ ...shared, secret: [one, one] }, "secret: names one secret twice"],
    [{ ...shared, secret: [] }, "secret = [redacted]: must be a secret as text, or a list of 1 to 8"],
    [{ ...shared, secret: 7 }, "secret = [redacted]: must be a secret as text, or a list of 1 to 8"],
    [{ ...shared, secret: one, secretFile: "/run/secret" }, "secret: is given together with `secretFile`; give one"],
    [
      { ...shared, secretFile: "secret" },
      'secretFile = "secret": must be the name of a file: an absolute path or a file URL',
    ],
    [{ nodes, secret: one }, `secret = [redacted]: ${alone}`],
    [{ nodes, secretFile: "/run/secret" }, `secretFile = "/run/secret": ${alone}`],
  ] as const) {
    assert.deepEqual(problemsOf(options), [problem]);
  }
});

it("a file of secrets has one a line, and what is wrong with it is said without a part of it", () => {
  const [one, other] = ["0123456789abcdef", "fedcba9876543210"];
  assert.deepEqual(parseSecretFile(`${one}\r\n\n ${other}\n`), { secrets: [one, other] });
  const problem = (text: string) => Object.values(parseSecretFile(text)).join();
  assert.equal(problem("\n \n"), "holds no secret");
  assert.equal(problem(`${one}\n${one}`), "holds one secret twice");
  assert.match(problem(`${one}\nhunter2`), /^holds a line, the secret 2, that must be 16 to 1024 bytes/);
  assert.match(problem(Array.from({ length: 9 }, (_, at) => `${at}${one}`).join("\n")), /more than 8/);
});

it("a cluster's configuration has no option of a pool", () => {
  assert.equal(
    messageOf(() => parseClusterConfig({ nodes, timeoutMs: 1, requestTimeout: 1 })),
    "timeoutMs: unknown option\nrequestTimeout: unknown option",
  );
});

it("options of any shape either parse or throw CONFIG", () => {
  const names =
    "nodes auth tls headers discovery logger redis name coordinator threads threadEntry timeoutMs maxResponseBytes maxBufferedResponseBytes connections queue retry hedge compression selection";
  const inner = "url auth tls username password apiKey bearer ca cert key allow hosts cluster options host port max";
  const object = (keys: string, value: fc.Arbitrary<unknown>) =>
    fc.dictionary(fc.oneof(fc.constantFrom(...keys.split(" ")), fc.string()), value, { maxKeys: 5 });
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

it("the number of threads leaves one core to the application, and is 0 where there is but one", () => {
  const threadsOn = (cores: number) => parsePoolConfig({ nodes }, { cores, heapLimitBytes: 4_294_967_296 }).threads;
  assert.deepEqual([1, 2, 3, 4, 64].map(threadsOn), [0, 1, 2, 2, 2]);
  assert.equal(defaultThreads(0), 0);
});

it("a given number of threads holds on every machine", () => {
  assert.equal(parsePoolConfig({ nodes, threads: 0 }, { cores: 8, heapLimitBytes: 4_294_967_296 }).threads, 0);
  assert.equal(parsePoolConfig({ nodes, threads: 8 }, { cores: 1, heapLimitBytes: 4_294_967_296 }).threads, 8);
});

it("answers may hold a quarter of the heap's limit, and no more than 256 MB unless more is given", () => {
  const bytesOf = (heapLimitBytes: number, more?: object) =>
    parsePoolConfig({ nodes, ...more }, { cores: 1, heapLimitBytes }).maxBufferedResponseBytes;
  assert.deepEqual(
    [4e9, 4e8, 1_000].map((limit) => bytesOf(limit)),
    [268_435_456, 1e8, 1_048_576],
  );
  assert.equal(bytesOf(4e8, { maxBufferedResponseBytes: 1e12 }), 1e12);
});

const redisOf = (redis: unknown) => parsePool({ ...shared, redis }).redis;

it("a Redis URL, ioredis' options and a Redis Cluster are distinguished by the form of the option", () => {
  assert.deepEqual(redisOf("redis://:p@r:6379/0"), { kind: "url", url: "redis://:p@r:6379/0" });
  const options = { sentinels: [{ host: "s" }], name: "m" };
  assert.deepEqual(redisOf(options), { kind: "options", options });
  const nodes = ["rediss://r", { host: "s" }, { host: "::1", port: 7 }];
  assert.deepEqual(redisOf({ cluster: nodes }), { kind: "cluster", nodes, options: {} });
  const natMap = { natMap: {} };
  assert.deepEqual(redisOf({ cluster: nodes, options: natMap }), { kind: "cluster", nodes, options: natMap });
});

it("ioredis' options are handed on as they are, and the caller's own objects are not frozen", () => {
  const ca = Buffer.from(certificate);
  const retryStrategy = () => 100;
  const given = Object.assign(Object.create(null) as object, { host: "r", tls: { ca }, retryStrategy });
  const redis = redisOf(given);
  assert.ok(redis?.kind === "options" && Object.isFrozen(redis));
  assert.equal(redis.options.retryStrategy, retryStrategy);
  assert.equal((redis.options.tls as { ca: unknown }).ca, ca);
  assert.ok(!Object.isFrozen(given) && !Object.isFrozen(given.tls));
});

it("a coordinator's configuration is a cluster's, with a place and a name for its view", () => {
  const { redis, name, seeds } = parseCoordinatorConfig(shared);
  assert.deepEqual([redis, name, seeds.length], [{ kind: "url", url: "redis://r" }, "logs", 1]);
});

it("a coordinator's configuration needs a Redis and a name, and has no option of a pool", () => {
  const problems = messageOf(() => parseCoordinatorConfig({ nodes, timeoutMs: 1, coordinator: "candidate" }));
  assert.deepEqual(problems.split("\n"), [
    "timeoutMs: unknown option",
    "coordinator: unknown option",
    `redis is missing: ${redisForms}`,
    `name is missing: ${viewName}`,
  ]);
});

it("the place of a view is a Redis and a name, and nothing else", () => {
  assert.deepEqual(parseViewPlace({ redis: "redis://r", name: "logs" }), {
    redis: { kind: "url", url: "redis://r" },
    name: "logs",
  });
  assert.equal(
    messageOf(() => parseViewPlace({ redis: "redis://r", name: "", nodes })),
    `nodes: unknown option\nname = "": ${viewName}`,
  );
});

it("what an auth function returns may say until when it holds, as a date or in milliseconds since 1970", () => {
  const atMs = Date.parse("2026-11-28T12:00:00Z");
  for (const expiresAt of [atMs, new Date(atMs)]) {
    assert.deepEqual(parseProvidedAuth({ bearer: "t", expiresAt }), { auth: { bearer: "t" }, expiresAtMs: atMs });
  }
  assert.deepEqual(parseProvidedAuth({ apiKey: "aTpr", expiresAt: undefined }), { auth: { apiKey: "aTpr" } });
  const problemOf = (auth: unknown) => messageOf(() => parseProvidedAuth(auth));
  const form = "must be a Date, or a number of milliseconds since 1970 (not of seconds)";
  for (const expiresAt of [atMs / 1_000, new Date(Number.NaN), Number.POSITIVE_INFINITY, "2026-11-28", -1, null]) {
    assert.equal(problemOf({ bearer: "t", expiresAt }), `auth.expiresAt = [redacted]: ${form}`);
  }
  assert.equal(problemOf(undefined), "auth is missing: must be an object");
  assert.match(problemOf({ bearer: "a b", expiresAt: 1 }), /^auth\.bearer = .*\nauth\.expiresAt = /);
});

it("the credential of one request is checked as an option is, and stands in no file", () => {
  assert.equal(messageOf(() => parseAuth({ bearerFile: "/t" })).split("\n").length, 2);
  assert.deepEqual(parseAuth({ apiKey: { id: "i", key: "k" } }), { apiKey: "aTpr" });
  const problemOf = (auth: unknown) => messageOf(() => parseAuth(auth));
  assert.equal(problemOf({ bearer: "a b" }), `auth.bearer = [redacted]: ${token}`);
  assert.equal(problemOf(undefined), "auth is missing: must be an object");
  assert.equal(
    problemOf(() => ({ bearer: "t" })),
    "auth = [redacted]: must be an object",
  );
});

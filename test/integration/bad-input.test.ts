import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { waitUntil } from "@rollcall/testing";
import { type FixtureCluster, nodeAt, startFixtureCluster } from "@rollcall/testing/fixture";
import {
  createPool as createPoolAsGiven,
  type Pool,
  type PoolOptions,
  type PoolRequest,
  RollcallError,
} from "@rollcall/worker";
import fc from "fast-check";
import { createPool } from "../support/create-pool.js";
import { isWell } from "../support/node-health.js";
import { failureOf, patience, requestsSeen, search, settled, withPool } from "./support-requests.js";

/** The lines of the one CONFIG error that these options give. */
function problemsOf(options: unknown): readonly string[] {
  try {
    void createPoolAsGiven(options as PoolOptions).close();
  } catch (error) {
    assert.ok(error instanceof RollcallError, String(error));
    assert.deepEqual([error.code, error.sent], ["CONFIG", "no"]);
    return error.message.split("\n");
  }
  return [];
}

const good = { nodes: ["http://127.0.0.1:9200"], logger: false };

describe("options of createPool", () => {
  it("createPool throws one error that names every problem", () => {
    const problems = problemsOf({
      nodes: ["ftp://es1", "http://es2:9200/?a=b", { url: "http://es3:9200", tls: { serverName: "es3" } }],
      auth: { username: "u", password: "p", bearer: "t" },
      timeoutMs: -1,
      connections: { perNode: Number.NaN, idleMs: 1.5 },
      queue: { perThread: -1 },
      retry: { max: 1_000 },
      timeoutMS: 5,
      logger: console.log,
    });
    for (const [option, problem] of [
      ["nodes[0]", "must be a URL"],
      ["nodes[1]", "no query"],
      ["nodes[2]", "`tls`, but its URL is http:"],
      ["auth", ""],
      ["timeoutMs", "must be a whole number from 1"],
      ["timeoutMS", "did you mean timeoutMs?"],
      ["connections.perNode", "must be a whole number"],
      ["connections.idleMs", "must be a whole number"],
      ["queue.perThread", "must be a whole number"],
      ["retry.max", "must be a whole number"],
      ["logger", "must be false, or"],
    ] as const) {
      const found = problems.some((line) => line.startsWith(option) && line.includes(problem));
      assert.ok(found, `${option} ${problem} is not in\n${problems.join("\n")}`);
    }
  });

  it("createPool names each of these problems when it is the only one", () => {
    const wrong: Record<string, unknown> = {
      nodes: [
        {},
        { nodes: [] },
        { nodes: "http://es1" },
        { nodes: [5] },
        { nodes: ["es1:9200"] },
        { nodes: ["http://"] },
      ],
      timeoutMs: [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, "30s", null].map((timeoutMs) => ({
        ...good,
        timeoutMs,
      })),
      threads: [-1, 65, 1.5, "0", null].map((threads) => ({ ...good, threads })),
      redis: ["localhost:6379", "http://r", 6379, null, new URL("redis://r"), { cluster: [] }].map((redis) => ({
        ...good,
        redis,
        name: "logs",
      })),
      name: [
        { ...good, redis: "redis://r" },
        { ...good, name: "a b" },
      ],
      coordinator: [
        { ...good, coordinator: "candidate" },
        { ...good, redis: "redis://r", name: "logs", coordinator: "leader" },
      ],
      headers: [
        { ...good, headers: { Authorization: "x" } },
        { ...good, headers: { "x-a": "a\r\nb" } },
      ],
      auth: [
        { ...good, auth: { username: "u" } },
        { ...good, auth: { username: "a:b", password: "p" } },
        { ...good, auth: { apiKey: "k", bearer: "t" } },
        { ...good, auth: "u:p" },
      ],
    };
    for (const [option, list] of Object.entries(wrong)) {
      for (const options of list as readonly unknown[]) {
        const problems = problemsOf(options);
        assert.ok(problems.length >= 1, `${option}: ${JSON.stringify(options)}`);
        assert.ok(
          problems.every((line) => line.startsWith(option)),
          problems.join("\n"),
        );
      }
    }
    for (const options of [undefined, null, 5, "http://es1:9200", [], () => {}])
      assert.ok(problemsOf(options).length > 0);
  });

  it("createPool never shows a password, however badly it is written", () => {
    const secret = "hunter2";
    for (const options of [
      { nodes: [`http://user:${secret}/x@es1:9200`] },
      { nodes: [`http://user:${secret}#@es1:9200`] },
      { nodes: [`http://user:${secret}?@es1:9200`] },
      { nodes: [`http://user:%zz${secret}@es1:9200`] },
      { nodes: [`http://user: ${secret}@es1:9200`] },
      { nodes: [`//user:${secret}@es1:9200`] },
      { nodes: [{ url: `http://user:${secret}@es1:9200`, auth: { username: "u", password: `${secret}\n` } }] },
      { ...good, auth: { username: "u:u", password: secret } },
      { ...good, auth: { username: "u", password: `${secret}\0` } },
      { ...good, auth: { apiKey: `${secret} `, bearer: secret } },
      ...[`redis://:${secret}@r/x`, `r:6379,password=${secret}`, `redis://:${secret}#@r`, { cluster: [secret] }].map(
        (redis) => ({ ...good, redis, name: "logs" }),
      ),
      { ...good, headers: { authorization: secret, "x-token": `${secret}\n` } },
    ]) {
      const problems = problemsOf(options);
      assert.ok(problems.length > 0, JSON.stringify(options));
      assert.doesNotMatch(problems.join("\n"), /hunter2/);
    }
  });

  it("createPool takes escaped users and passwords of any characters from a URL, and sends them unescaped", async () => {
    const user = { username: "ü @/?#%", password: "p:@/?#%\\ß\"'" };
    await using cluster = await startFixtureCluster({ nodes: 1, users: [user] });
    const { host, port } = nodeAt(cluster, 0);
    const userinfo = `${encodeURIComponent(user.username)}:${encodeURIComponent(user.password)}`;
    await using pool = createPool({ nodes: [`http://${userinfo}@${host}:${port}`], logger: false });
    await pool.ready();
    assert.equal((await pool.request(search)).status, 200);
    assert.deepEqual([...(await cluster.stats()).users], [user.username]);
    assert.ok(!JSON.stringify([pool.config(), pool.stats()]).includes("p:@"));
  });

  it("createPool makes a pool or throws CONFIG, whatever it is given", () => {
    const name = fc.constantFrom(
      "nodes",
      "auth",
      "tls",
      "timeoutMs",
      "connections",
      "retry",
      "queue",
      "headers",
      "name",
    );
    fc.assert(
      fc.property(fc.dictionary(name, fc.anything()), (options) => void problemsOf({ ...options, logger: false })),
      { numRuns: 300 },
    );
  });
});

describe("invalid requests", patience, () => {
  let cluster: FixtureCluster | undefined;
  let pool: Pool | undefined;
  before(async () => {
    cluster = await startFixtureCluster({ nodes: 1 });
    pool = createPool({ nodes: cluster.urls, logger: false });
    await settled(pool, cluster);
  });
  after(async () => {
    await pool?.close({ timeoutMs: 0 });
    await cluster?.close();
  });
  const shared = () => ({ cluster: cluster ?? assert.fail("no cluster"), pool: pool ?? assert.fail("no pool") });

  const circular: Record<string, unknown> = {};
  circular.self = circular;
  const read = { method: "GET", path: "/logs/_doc/1" };
  const write = { method: "POST", path: "/logs/_doc" };
  const wrong: Record<string, readonly unknown[]> = {
    "no object": [undefined, null, 5, "GET /"],
    method: [{}, null, "", "FETCH", "CONNECT", "GET ", "G\r\nET", 5].map((method) => ({ ...read, method })),
    path: [undefined, "", "logs", "http://x/", "/a b", "/é", "/a#b", "/a\r\nHost: b", "/\0", "/\ud800", 5].map(
      (path) => ({
        ...read,
        path,
      }),
    ),
    query: [null, { q: "\ud800" }, { q: Object.create(null) }, { q: [Symbol("s")] }].map((query) => ({
      ...read,
      query,
    })),
    timeoutMs: [0, -1, Number.NaN, 1.5, Number.POSITIVE_INFINITY, 2 ** 31, "5", null].map((timeoutMs) => ({
      ...read,
      timeoutMs,
    })),
    class: ["Read", "", 5, {}].map((requestClass) => ({ ...read, class: requestClass })),
    headers: [
      null,
      { "x-a": "b\r\nx-c: d" },
      { "x-a": "b\nc" },
      { "x-a": "\0" },
      { "x a": "b" },
      { "": "b" },
      { "x\r\n": "b" },
      { "x-a": 5 },
      { "x-a": undefined },
      { "x-a": "日本" },
      { Authorization: "Basic dTpw" },
      { "proxy-authorization": "Basic dTpw" },
      { host: "elsewhere" },
      { "Content-Length": "5" },
      { "transfer-encoding": "chunked" },
      { connection: "close" },
    ].map((headers) => ({ ...read, headers })),
    opaqueId: ["a\r\nb", "日本", 5, null].map((opaqueId) => ({ ...read, opaqueId })),
    body: [circular, { n: 1n }, () => {}, Symbol("s")].map((body) => ({ ...write, body })),
    ndjson: [
      { ...write, ndjson: [{}], body: {} },
      { ...write, ndjson: [circular] },
      { ...write, ndjson: [{ n: 1n }] },
      { ...write, ndjson: [undefined] },
      { ...write, ndjson: 5 },
      { ...write, ndjson: null },
      { ...write, ndjson: {} },
    ],
    signal: [{}, null, 5, { aborted: false }].map((signal) => ({ ...read, signal })),
  };
  for (const [what, requests] of Object.entries(wrong)) {
    it(`an invalid request fails alone with CONFIG, and nothing is sent: ${what}`, async () => {
      const { cluster, pool } = shared();
      const seen = await requestsSeen(cluster);
      const before = pool.stats();
      const others = Array.from({ length: 3 }, () => pool.request(search));
      for (const [at, request] of requests.entries()) {
        const error = await failureOf(pool.request(request as PoolRequest)).catch((failure) => {
          throw new Error(`number ${at}: ${failure.message}`);
        });
        assert.deepEqual([at, error.code, error.sent, error.attempts], [at, "CONFIG", "no", []]);
        if (what !== "no object") assert.match(error.message, new RegExp(`^request\\.${what}`));
      }
      for (const answer of await Promise.all(others)) assert.ok(answer.ok);
      assert.equal(await requestsSeen(cluster), seen + 3);
      const stats = pool.stats();
      assert.deepEqual([stats.pending, stats.inFlight, stats.queued], [0, 0, 0]);
      assert.deepEqual([stats.failed, stats.nodes[0]?.failures], [before.failed, before.nodes[0]?.failures]);
      assert.equal(stats.nodes[0]?.state, "healthy");
    });
  }

  it("an invalid request does not show what it held", async () => {
    const { pool } = shared();
    const toJSON = () => {
      throw new Error("hunter2");
    };
    for (const request of [
      { ...read, headers: { authorization: "hunter2" } },
      { ...read, headers: { "x-a": "hunter2\n" } },
      { ...write, body: { toJSON } },
      { ...write, ndjson: [{ toJSON }] },
      { ...read, path: "/hunter2 " },
    ]) {
      const error = await failureOf(pool.request(request));
      assert.doesNotMatch(`${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`, /hunter2/);
    }
  });
});

describe("arbitrary requests", patience, () => {
  /** Anything, but often something that is nearly right. */
  const near = (...values: unknown[]) => fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...values) }, fc.anything());
  const requests = fc.record(
    {
      method: near("GET", "post", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"),
      path: near("/", "/logs/_search", "/logs/_doc/1", "/logs/_doc", "/_bulk", "/%", "//", "/?a", "/a?b=c&&"),
      query: near(undefined, { size: 1 }),
      headers: fc.oneof(near(undefined), fc.dictionary(fc.string(), fc.string())),
      body: near(undefined, {}, "", "text", new Uint8Array(3)),
      ndjson: near(undefined, [{}]),
      timeoutMs: near(undefined, 2_000),
      class: near(undefined, "read", "repeatable", "never"),
      signal: near(undefined, AbortSignal.abort()),
      opaqueId: fc.oneof(near(undefined), fc.string()),
    },
    { requiredKeys: [] },
  );

  it("any request at all is answered or rejected with a RollcallError, and leaves nothing behind", async () => {
    await withPool({ cluster: { nodes: 2 } }, async ({ cluster, pool }) => {
      await fc.assert(
        fc.asyncProperty(fc.array(requests, { minLength: 1, maxLength: 10 }), async (list) => {
          const outcomes = await Promise.allSettled(list.map((request) => pool.request(request as PoolRequest)));
          for (const outcome of outcomes) {
            if (outcome.status === "fulfilled") assert.ok(outcome.value.status >= 200);
            else assert.ok(outcome.reason instanceof RollcallError, String(outcome.reason));
          }
          assert.equal(pool.stats().pending, 0);
        }),
        { numRuns: 150 },
      );
      await waitUntil("nothing is in flight", () => pool.stats().inFlight === 0 && pool.stats().queued === 0);
      assert.ok(pool.nodes().every(({ state }) => isWell(state)));
      assert.ok((await pool.request(search)).ok);
      assert.equal(cluster.nodes.length, 2);
    });
  });
});

import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";
import { RollcallError } from "@rollcall/worker";
import { type MockAnswer, type MockErrorCode, mockPool } from "./testing.js";

const search = { method: "POST", path: "/logs/_search", body: { size: 1 } };

async function failureOf(made: Promise<unknown>): Promise<RollcallError> {
  const error = await made.then(
    () => assert.fail("it has not failed"),
    (failure: unknown) => failure,
  );
  assert.ok(error instanceof RollcallError, String(error));
  return error;
}

function isConfig(text: RegExp) {
  return (error: unknown) => error instanceof RollcallError && error.code === "CONFIG" && text.test(error.message);
}

describe("a mock pool", () => {
  it("answers what is declared for a method and a path, with the response of every pool", async () => {
    await using pool = mockPool();
    pool.answer("POST /:index/_search", ({ params }) => ({ body: { hits: [params.index] } }));
    const response = await pool.request(search);
    assert.deepEqual(response.throwIfError().json(), { hits: ["logs"] });
    assert.deepEqual([response.status, response.node, response.nodeUrl], [200, "mock:9200", "http://mock:9200"]);
    assert.equal(response.headers["content-type"], "application/json");
    assert.deepEqual(
      response.attempts.map(({ code }) => code),
      ["200"],
    );
  });

  it("answers by the node that a request names, and refuses one that names no node of the mock", async () => {
    await using pool = mockPool({ nodes: ["http://es1:9200", "http://es2:9200"] });
    pool.answer("GET /", {});
    assert.equal((await pool.request({ method: "GET", path: "/", node: "es2:9200" })).node, "es2:9200");
    const { code, sent } = await failureOf(pool.request({ method: "GET", path: "/", node: "es3:9200" }));
    assert.deepEqual([code, sent, pool.requests.length], ["NO_NODE", "no", 1]);
  });

  it("answers each reply of a list once, and then what was declared before", async () => {
    await using pool = mockPool();
    pool.answer("* /*", { status: 404 }).answer("POST /logs/_search", [{ status: 503 }, { body: "last" }]);
    const statuses: number[] = [];
    for (let count = 0; count < 3; count++) statuses.push((await pool.request(search)).status);
    assert.deepEqual(statuses, [503, 200, 404]);
  });

  it("records what a node would have got: checked, serialised, with the headers of the pool and of a child", async () => {
    await using pool = mockPool({ headers: { "x-team": "shop" } });
    pool.answer(({ path }) => path === "/logs/_bulk", {});
    const child = pool.child({ opaqueId: "tenant-1", timeoutMs: 500 });
    await child.request({
      method: "POST",
      path: "/logs/_bulk",
      query: { refresh: true },
      ndjson: [{ index: {} }, { n: 1 }],
    });
    const [request] = pool.requests;
    assert.ok(request !== undefined);
    assert.equal(request.body, '{"index":{}}\n{"n":1}\n');
    assert.deepEqual(request.lines(), [{ index: {} }, { n: 1 }]);
    assert.equal(request.query.get("refresh"), "true");
    const { "x-team": team, "x-opaque-id": opaqueId, "content-type": type } = request.headers;
    assert.deepEqual([team, opaqueId, type], ["shop", "tenant-1", "application/x-ndjson"]);
    assert.deepEqual([request.class, request.isStream], ["never", false]);
    assert.ok(request.timeoutMs > 0 && request.timeoutMs <= 500);
  });

  it("refuses a request that every pool refuses, and does not record it", async () => {
    await using pool = mockPool();
    pool.answer("* /*", {});
    const error = await failureOf(pool.request({ method: "post", path: "logs" }));
    assert.equal(error.code, "CONFIG");
    assert.match(error.message, /method.*upper case.*path.*slash/s);
    assert.deepEqual(pool.requests, []);
    await assert.rejects(async () => mockPool({ timeoutMs: -1 }), isConfig(/timeoutMs/));
  });

  it("names a request without an answer, and the answers that are declared", async () => {
    await using pool = mockPool();
    pool.answer("GET /_cat/health", {}).answer("POST /logs/_search", [{}]);
    await pool.request(search);
    const { code, message } = await failureOf(pool.request({ ...search, path: "/logs/_search?size=0" }));
    assert.equal(code, "CONFIG");
    assert.equal(
      message,
      "the mock has no answer for POST /logs/_search; declared are: GET /_cat/health, POST /logs/_search (used up)",
    );
  });

  it("fails a request with the error of a pool, which says whether it may have been sent", async () => {
    const expected: readonly (readonly [MockAnswer & { error: MockErrorCode }, "no" | "maybe"])[] = [
      [{ error: "NO_NODE" }, "no"],
      [{ error: "DISCONNECTED" }, "maybe"],
      [{ error: "DISCONNECTED", sent: "no" }, "no"],
      [{ error: "TIMEOUT" }, "maybe"],
    ];
    await using pool = mockPool();
    for (const [answer, sent] of expected) {
      const error = await failureOf(pool.answer("* /*", answer).request(search));
      assert.deepEqual([error.code, error.sent, error.attempts[0]?.code], [answer.error, sent, answer.error]);
    }
    pool.answer("* /*", () => {
      throw new RollcallError("TLS", "my own");
    });
    assert.equal((await failureOf(pool.request(search))).message, "my own");
  });

  it("keeps a request pending for as long as its reply is, within its time and its signal", async () => {
    await using pool = mockPool();
    pool.answer("* /*", () => new Promise(() => {}));
    const controller = new AbortController();
    const aborted = failureOf(pool.request({ ...search, signal: controller.signal }));
    const late = failureOf(pool.request({ ...search, timeoutMs: 1 }));
    assert.equal(pool.stats().pending, 2);
    controller.abort();
    assert.deepEqual([(await aborted).code, (await late).code], ["ABORTED", "TIMEOUT"]);
    const left = failureOf(pool.request(search));
    await pool.close({ timeoutMs: 0 });
    assert.equal((await left).code, "CLOSED");
    assert.equal((await failureOf(pool.request(search))).code, "CLOSED");
    assert.equal(pool.isClosed, true);
  });

  it("streams an answer, breaks it off where that is declared, and takes a body that streams", async () => {
    await using pool = mockPool();
    const body = "x".repeat(200_000);
    pool.answer("POST /logs/_search", { body });
    const { status, body: whole } = await pool.stream({ ...search, body: Readable.from(["a", "b"]) });
    assert.deepEqual([status, (await text(whole)).length], [200, 200_000]);
    assert.equal(String(pool.requests[0]?.body), "ab");
    assert.equal(pool.requests[0]?.isStream, true);

    pool.answer("POST /logs/_search", { body, error: "DISCONNECTED" });
    const broken = await pool.stream(search);
    const error = await failureOf(text(broken.body));
    assert.deepEqual([error.code, error.receivedBytes], ["DISCONNECTED", 200_000]);
    pool.answer("POST /logs/_search", { error: "NO_NODE" });
    assert.equal((await failureOf(pool.stream(search))).code, "NO_NODE");
  });

  it("shows its nodes in the states that the test gives them, and emits their events", async () => {
    await using pool = mockPool({ nodes: ["http://one:9200", "http://two:9200"] });
    const events: unknown[] = [];
    pool.on("node", ({ address, from, to }) => events.push(`${address} ${from} ${to}`));
    pool.on("degraded", ({ degraded }) => events.push(degraded));
    pool.setNode("one:9200", "down", "connection refused");
    pool.setNode("two:9200", "ejected");
    pool.setNode("one:9200", "slow-start");
    assert.deepEqual(events, [
      ...["one:9200 healthy down", "two:9200 healthy ejected", true],
      ...["one:9200 down slow-start", false],
    ]);
    assert.deepEqual(
      pool.nodes().map(({ state }) => state),
      ["slow-start", "ejected"],
    );
    assert.throws(() => pool.setNode("three:9200", "down"), isConfig(/one:9200, two:9200/));
  });

  it("runs a task in this thread, with the mock's answers", async () => {
    await using pool = mockPool().answer("GET /n", { body: { n: 20 } });
    const task = new URL(
      "data:text/javascript,export default async (n, { request }) => n + (await request({ method: 'GET', path: '/n' })).json().n",
    );
    assert.equal(await pool.run<(n: never) => number>(task, 1 as never), 21);
  });

  it("counts, and says which declared answers no request has used", async () => {
    await using pool = mockPool();
    await pool.ready();
    pool.answer("GET /never", {}).answer("POST /logs/_search", [{}, { status: 429 }, {}]);
    await pool.request(search);
    await pool.request(search);
    assert.deepEqual(pool.unused(), ["GET /never", "POST /logs/_search (1 of 3)"]);
    const { requests, answered, nodes } = pool.stats();
    assert.deepEqual([requests, answered, nodes[0]?.answers, nodes[0]?.errorStatuses], [2, 2, 2, 1]);
  });

  it("refuses an answer that cannot be one when it is declared, with every problem", () => {
    const pool = mockPool();
    const wrong = { hits: [], status: 99, error: "NO_NODE", sent: "maybe" } as MockAnswer;
    assert.throws(() => pool.answer("* /*", wrong), isConfig(/answer\.hits.*answer\.status.*answer\.sent/s));
    assert.throws(() => pool.answer("post /logs", {}), isConfig(/"POST \/:index\/_search"/));
  });
});

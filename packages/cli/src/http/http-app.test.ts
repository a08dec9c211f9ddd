import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { createMemoryStore } from "@rollcall/coordinator";
import type { OperationRequest, View } from "@rollcall/core/view";
import { ManualTimers, settled } from "@rollcall/testing";
import type { InjectOptions } from "fastify";
import { esNode, nowMs, viewOf } from "../status.test.support.js";
import { createHttpApp } from "./http-app.js";
import type { HttpOptions } from "./http-options.js";
import { LiveHistory } from "./live-history.js";
import { LiveStatus } from "./live-status.js";

const readerToken = "reader-reader-reader";
const operatorToken = "operator-operator-op";
const loopback: HttpOptions = { address: { host: "127.0.0.1", port: 9464, isLoopback: true } };
const remote: HttpOptions = { address: { host: "0.0.0.0", port: 9464, isLoopback: false }, readerToken, operatorToken };
const page = {
  html: "<!doctype html><p>page",
  assets: [{ path: "assets/0123/page.js", contentType: "text/javascript; charset=utf-8", body: Buffer.from("1") }],
};

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function serve(options: HttpOptions, view: View | null = viewOf([esNode(1)])) {
  const timers = new ManualTimers(nowMs);
  const store = createMemoryStore(timers, view ?? undefined);
  const live = new LiveStatus({
    store,
    timers,
    name: "logs",
    redis: "redis://r",
    coordinator: { isLeading: false, problem: undefined },
  });
  const history = new LiveHistory({ store, timers });
  const { app, show } = createHttpApp(options, page);
  closing.push(async () => {
    live.close();
    history.close();
    await app.close();
  });
  await settled();
  const begin = () =>
    show({
      name: "logs",
      live,
      history,
      store,
      scrape: () => ({ coordinator: { isLeading: false, isConnected: true }, clusterRequests: [] }),
    });
  const get = (url: string, headers: InjectOptions["headers"] = {}) =>
    app.inject({ url, headers: { host: "127.0.0.1:9464", ...headers } });
  return { app, get, begin, store };
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe("http of a coordinator", () => {
  it("/livez says that the process turns; /readyz and all data are 503 until there is something to show", async () => {
    const { get, begin } = await serve(loopback);
    for (const [url, status] of [
      ["/livez", 200],
      ["/readyz", 503],
      ["/status.json", 503],
      ["/metrics", 503],
      ["/events", 503],
      ["/", 200],
    ] as const) {
      assert.equal((await get(url)).statusCode, status, url);
    }
    begin();
    const ready = await get("/readyz");
    assert.deepEqual([ready.statusCode, ready.json()], [200, { ready: true }]);
  });

  it("/readyz of a process that has read no view is 503, and says why", async () => {
    const { get, begin } = await serve(loopback, null);
    begin();
    const ready = await get("/readyz");
    assert.equal(ready.statusCode, 503);
    assert.deepEqual(ready.json(), { ready: false, reason: "no view has been read yet" });
  });

  it("/status.json is the report of rollcall status --json", async () => {
    const { get, begin } = await serve(loopback);
    begin();
    const { statusCode, headers, body } = await get("/status.json");
    const report = JSON.parse(body) as Record<string, unknown>;
    assert.deepEqual([statusCode, headers["content-type"]], [200, "application/json; charset=utf-8"]);
    assert.deepEqual([report.name, report.state, report.redis], ["logs", "fresh", "redis://r"]);
  });

  it("/history.json is what rollcall history --json writes", async () => {
    const { get, begin, store } = await serve(loopback);
    begin();
    const none = (await get("/history.json")).json<{ problem: string; entries: unknown[] }>();
    assert.match(none.problem, /^the view logs has no history/);
    const lease = await store.acquire("a", 0);
    assert.ok(lease !== undefined);
    await store.addHistory(lease, [{ atMs: nowMs, event: "node.down", text: "es2 is down", by: "r1" }], 1);
    const { entries, kept } = (await get("/history.json")).json<{ entries: { text: string }[]; kept: number }>();
    assert.deepEqual([entries.map(({ text }) => text), kept], [["es2 is down"], 1]);
  });

  it("/why.json?node=… is what rollcall why NODE --json writes, and 404 names the nodes that there are", async () => {
    const { get, begin } = await serve(loopback);
    begin();
    const why = await get("/why.json?node=es1");
    const { answer, node } = why.json<{ answer: { text: string }; node: { address: string } }>();
    assert.deepEqual([why.statusCode, node.address], [200, "10.0.0.1:9200"]);
    assert.match(answer.text, /^es1 \(10\.0\.0\.1:9200\) /);
    const none = await get("/why.json?node=es9");
    assert.deepEqual([none.statusCode, /es1/.test(none.json<{ error: string }>().error)], [404, true]);
    for (const url of ["/why.json", "/why.json?node=", "/why.json?node=a&node=b"]) {
      assert.equal((await get(url)).statusCode, 400, url);
    }
  });

  it("/metrics is Prometheus's text, with the name of the view as the label pool", async () => {
    const { get, begin } = await serve(loopback);
    begin();
    const { headers, body } = await get("/metrics");
    assert.match(String(headers["content-type"]), /^text\/plain; version=0\.0\.4/);
    assert.match(body, /^rollcall_view_age_seconds\{pool="logs"\} 0\.4$/m);
    assert.match(body, /^rollcall_fleet_node_state\{pool="logs",node="10\.0\.0\.1:9200",state="healthy"\} 1$/m);
  });

  it("the page, its files and every refusal have a strict policy, and only files with a digest are kept", async () => {
    const { get, begin } = await serve(loopback);
    begin();
    for (const url of ["/", "/assets/0123/page.js", "/nowhere", "/status.json"]) {
      const { headers } = await get(url);
      const policy = String(headers["content-security-policy"]);
      assert.match(policy, /^default-src 'none'; script-src 'self'; /, url);
      assert.doesNotMatch(policy, /unsafe|\*|http/, url);
      assert.deepEqual([headers["x-content-type-options"], headers["referrer-policy"]], ["nosniff", "no-referrer"]);
      assert.equal(/immutable/.test(String(headers["cache-control"])), url.includes("assets"), url);
    }
    assert.deepEqual((await get("/nowhere")).json(), { error: "there is no such page" });
  });

  it("on loopback a request by another name than this machine's is refused, whatever it asks for", async () => {
    const { get, begin } = await serve(loopback);
    begin();
    for (const [host, status] of [
      ["localhost:1234", 200],
      ["[::1]:9464", 200],
      ["127.0.0.1", 200],
      ["evil.example:9464", 421],
      ["127.0.0.1.evil.example", 421],
      ["10.0.0.1:9464", 421],
    ] as const) {
      for (const url of ["/status.json", "/livez", "/"]) {
        assert.equal((await get(url, { host })).statusCode, status, `${host} ${url}`);
      }
    }
  });

  it("elsewhere data needs a reader's or an operator's token; probes and the page without data do not", async () => {
    const { get, begin } = await serve(remote);
    begin();
    for (const url of ["/status.json", "/metrics", "/events"]) {
      const none = await get(url, { host: "rollcall.internal" });
      assert.deepEqual([none.statusCode, none.headers["www-authenticate"]], [401, 'Bearer realm="rollcall"'], url);
      for (const wrong of [bearer("reader"), bearer(`${readerToken}x`), { authorization: `Basic ${readerToken}` }]) {
        const { statusCode, body } = await get(url, wrong);
        assert.equal(statusCode, 401, url);
        assert.doesNotMatch(body, /reader/);
      }
    }
    for (const token of [readerToken, operatorToken]) {
      assert.equal((await get("/status.json", bearer(token))).statusCode, 200);
    }
    for (const url of ["/livez", "/readyz", "/", "/assets/0123/page.js"]) {
      assert.equal((await get(url, { host: "rollcall.internal" })).statusCode, 200, url);
    }
  });

  it("a token that is wrong is refused even where none is needed", async () => {
    const { get, begin } = await serve({ ...loopback, operatorToken });
    begin();
    assert.equal((await get("/status.json")).statusCode, 200);
    assert.equal((await get("/status.json", bearer("wrong-wrong-wrong"))).statusCode, 401);
    assert.equal((await get("/status.json", bearer(operatorToken))).statusCode, 200);
  });

  it("an operation needs an operator's token and the page's own origin, and its answer is the leader's", async () => {
    const { app, begin, store } = await serve({ ...remote, address: loopback.address });
    begin();
    const asked: OperationRequest[] = [];
    store.onOperation((request) => {
      asked.push(request);
      const outcome = "node" in request && request.node === "es9" ? "refused" : "done";
      store.sendOperationResult({ id: request.id, outcome, text: `${request.kind}: ${outcome}` });
    });
    const post = (payload: object, headers: Readonly<Record<string, string>>) =>
      app.inject({ method: "POST", url: "/operations", payload, headers: { host: "localhost:9464", ...headers } });
    const drain = { kind: "drain", node: "es1", reason: "update", name: "ada" };
    const operator = bearer(operatorToken);
    for (const [headers, status] of [
      [{}, 401],
      [bearer(readerToken), 403],
      [{ ...operator, "sec-fetch-site": "cross-site" }, 403],
      [{ ...operator, origin: "http://evil.example" }, 403],
      [{ ...operator, origin: "null" }, 403],
    ] as const) {
      assert.equal((await post(drain, headers)).statusCode, status, JSON.stringify(headers));
    }
    assert.equal(asked.length, 0);
    const wrong = await post({ ...drain, forMs: -1 }, operator);
    assert.deepEqual([wrong.statusCode, asked.length], [400, 0]);
    const browser = { ...operator, origin: "http://localhost:9464", "sec-fetch-site": "same-origin" };
    const done = await post(drain, browser);
    assert.deepEqual([done.statusCode, done.json()], [200, { outcome: "done", text: "drain: done" }]);
    const refused = await post({ kind: "undrain", node: "es9" }, operator);
    assert.deepEqual([refused.statusCode, refused.json()], [409, { outcome: "refused", text: "undrain: refused" }]);
    const [first] = asked;
    assert.deepEqual([first?.by, first?.reason, first?.atMs], ["ada@127.0.0.1", "update", nowMs]);
  });

  it("without an operator's token in the options no client may act", async () => {
    const { operatorToken: _, ...readOnly } = remote;
    const { app, begin } = await serve(readOnly);
    begin();
    const headers = { host: "h", ...bearer(readerToken) };
    const payload = { kind: "drain", node: "es1" };
    assert.equal((await app.inject({ method: "POST", url: "/operations", payload, headers })).statusCode, 403);
  });

  it("a body that is too large is refused, and what went wrong inside is not said", async () => {
    const { app, begin } = await serve(loopback);
    begin();
    app.post("/fails", async () => {
      throw new Error("geheim");
    });
    const post = (payload: string) =>
      app.inject({
        method: "POST",
        url: "/fails",
        payload,
        headers: { host: "localhost", "content-type": "text/plain" },
      });
    assert.equal((await post("x".repeat(20_000))).statusCode, 413);
    const failed = await post("x");
    assert.deepEqual([failed.statusCode, failed.json()], [500, { error: "the request failed" }]);
  });
});

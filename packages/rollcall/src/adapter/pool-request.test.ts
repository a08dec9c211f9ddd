import assert from "node:assert/strict";
import { Stream } from "node:stream";
import { it } from "node:test";
import type { PoolRequest } from "@rollcall/worker";
import type { CallOptions } from "./diagnostic-result.js";
import { type ClientRequest, poolRequestOf } from "./pool-request.js";

function requestOf(given: Partial<ClientRequest>, options: CallOptions = {}, context: unknown = null): PoolRequest {
  const result = { meta: { attempts: 0, connection: null, context, request: { options } } };
  const request = { method: "GET", path: "/a", ...given };
  return poolRequestOf(request, { timeoutMs: undefined, signal: undefined }, undefined, result);
}

const timeoutOf = (timeoutMs: unknown) =>
  poolRequestOf({ method: "GET", path: "/" }, { timeoutMs, signal: undefined }, undefined, undefined).timeoutMs;

it("a client's query joins the path, also where the path has one of its own or no slash", () => {
  assert.equal(requestOf({ path: "/a", querystring: "b=1" }).path, "/a?b=1");
  assert.equal(requestOf({ path: "/a?b=1", querystring: "c=2" }).path, "/a?b=1&c=2");
  assert.equal(requestOf({ path: "_nodes/http", querystring: "" }).path, "/_nodes/http");
});

it("a client's headers go out as texts, without the length of the body and without what has no value", () => {
  const headers = { "x-a": 1, "x-b": ["c", "d"], "x-e": undefined, "x-f": null, "content-length": "3", "x-g": "h" };
  assert.deepEqual(requestOf({ headers }).headers, { "x-a": "1", "x-b": "c, d", "x-g": "h" });
});

it("a client's credential goes out as the request's own, and not as a header too", () => {
  const { auth, headers } = requestOf({ headers: { authorization: "ApiKey YTpi", "x-a": "1" } });
  assert.deepEqual(auth, { apiKey: "YTpi" });
  assert.deepEqual(headers, { "x-a": "1" });
});

it("a client's timeout is the pool's, within the pool's bounds; without one the pool's own is in force", () => {
  assert.equal(timeoutOf(1_500.4), 1_500);
  assert.equal(timeoutOf(0), 1);
  assert.equal(timeoutOf(1e12), 86_400_000);
  assert.equal(timeoutOf(undefined), undefined);
  assert.equal(timeoutOf(Number.NaN), undefined);
});

it("`maxRetries: 0` of a call means one attempt, any other number the pool's own policy", () => {
  assert.equal(requestOf({}, { maxRetries: 0 }).retry, false);
  assert.equal(requestOf({}, { maxRetries: 5 }).retry, undefined);
});

it("a status that a call ignores is an answer, where the pool would retry it", () => {
  assert.deepEqual(requestOf({}, { ignore: [404, 429, 503] }).retry, { statuses: [429, 503] });
  assert.equal(requestOf({}, { ignore: [404] }).retry, undefined);
});

it("the context of a call may give its class", () => {
  assert.equal(requestOf({}, {}, { rollcall: { class: "repeatable" } }).class, "repeatable");
  assert.equal(requestOf({}, {}, { rollcall: { node: "es1:9200" } }).node, "es1:9200");
  assert.equal(requestOf({}, {}, { rollcall: { priority: "low" } }).priority, "low");
  assert.equal(requestOf({}, {}, { trace: 1 }).class, undefined);
});

it("a body that is a stream is not read here; one of the first kind, without an iterator, is made one of today's", async () => {
  const body = (async function* () {})();
  assert.equal(requestOf({ body }).body, body);
  const old = new Stream();
  const pieces = requestOf({ body: old }).body as AsyncIterable<Uint8Array>;
  setImmediate(() => {
    old.emit("data", Buffer.from("a"));
    old.emit("end");
  });
  for await (const piece of pieces) assert.equal(String(piece), "a");
});

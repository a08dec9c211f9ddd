import assert from "node:assert/strict";
import { it } from "node:test";
import type { PoolRequest } from "@rollcall/worker";
import type { ClientCalls } from "./client-types.js";
import { scriptedPool } from "./scripted-pool.test.support.js";
import { type TypedRequestSettings, typedRequests } from "./typed-requests.js";

interface AnyClient extends ClientCalls {
  search(request: object): Promise<unknown>;
  bulk(request: object): Promise<unknown>;
  msearch(request: object): Promise<unknown>;
}

async function sentBy(call: keyof ClientCalls, request: object, settings?: TypedRequestSettings): Promise<PoolRequest> {
  const pool = scriptedPool(() => ({ body: {} }));
  await typedRequests<AnyClient>(pool)[call](request, settings);
  return pool.requests[0] ?? assert.fail();
}

it("a typed search says in the query what only the query takes, and the rest in the body", async () => {
  const query = { match_all: {} };
  assert.deepEqual(await sentBy("search", { index: ["a", "b"], query, routing: "r", size: 1, from: undefined }), {
    method: "POST",
    path: "/a%2Cb/_search",
    query: { routing: "r" },
    body: { query, size: 1 },
  });
  assert.deepEqual((await sentBy("search", { sort: "year:desc" })).query, { sort: "year:desc" });
  assert.deepEqual((await sentBy("search", { sort: ["year"] })).body, { sort: ["year"] });
});

it("a typed search of a client that has a body sends it as it is, and all else in the query", async () => {
  const sent = await sentBy("search", { index: "a", body: { size: 1 }, size: 2, routing: "r" }, { timeoutMs: 5 });
  assert.deepEqual(sent, {
    method: "POST",
    path: "/a/_search",
    query: { size: 2, routing: "r" },
    body: { size: 1 },
    timeoutMs: 5,
  });
});

it("typed requests of several lines send them as lines, those of a text too", async () => {
  const lines = [{}, { size: 1 }];
  const common = { method: "POST", path: "/_msearch", query: { typed_keys: true } };
  assert.deepEqual(await sentBy("msearch", { searches: lines, typed_keys: true }), { ...common, ndjson: lines });
  assert.deepEqual(await sentBy("msearch", { body: lines, typed_keys: true }), { ...common, ndjson: lines });
  const bulk = { method: "POST", path: "/i/_bulk", query: { refresh: true } };
  assert.deepEqual(await sentBy("bulk", { index: "i", operations: lines, refresh: true }), { ...bulk, ndjson: lines });
  for (const body of ['{}\n{"size":1}\n', Buffer.from('{}\r\n{"size":1}')]) {
    const sent = await sentBy("bulk", { index: "i", body, refresh: true });
    assert.deepEqual(sent, { ...bulk, ndjson: ["{}", '{"size":1}'] });
  }
});

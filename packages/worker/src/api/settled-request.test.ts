import assert from "node:assert/strict";
import { it } from "node:test";
import { mockPool } from "../testing/mock-pool.js";
import type { SettledRequest } from "./settled-request.js";

const search = { method: "POST", path: "/logs/_search", body: {} };

it("each request of a pool and of its children shows how it has ended, before its promise settles", async () => {
  await using pool = mockPool();
  const settled: SettledRequest[] = [];
  const ended: string[] = [];
  const listener = (request: SettledRequest) => {
    settled.push(request);
    ended.push("event");
  };
  pool.on("settled", () => {
    throw new Error("not the request's concern");
  });
  pool.on("settled", listener);
  pool.answer("POST /:index/_search", [{ status: 503 }, {}]).answer("POST /:index/_doc", { error: "CONNECT" });
  await pool.request(search).then(() => ended.push("promise"));
  await pool.child({}).request(search);
  await assert.rejects(pool.request({ ...search, path: "/logs/_doc" }), { code: "CONNECT" });
  await assert.rejects(pool.request({ ...search, path: "no slash" }), { code: "CONFIG" });
  pool.off("settled", listener);
  await assert.rejects(pool.request({ ...search, path: "/logs/_doc" }), { code: "CONNECT" });
  assert.deepEqual(ended.slice(0, 2), ["event", "promise"]);
  const of = settled.map(({ class: requestClass, outcome, status, node }) => [requestClass, outcome, status, node]);
  const node = "mock:9200";
  assert.deepEqual(of, [
    ["read", "answered", 503, node],
    ["read", "answered", 200, node],
    ["never", "CONNECT", undefined, node],
  ]);
  for (const { durationMs, attempts } of settled) {
    assert.ok(durationMs >= 0 && attempts.length === 1);
  }
});

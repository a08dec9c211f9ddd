import assert from "node:assert/strict";
import { it } from "node:test";
import { requestIds } from "./request-ids.js";

it("a request's ids are its x-opaque-id and its trace, as its span or its own traceparent names it", () => {
  const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  const traceparent = `00-${trace}-00f067aa0ba902b7-01`;
  assert.deepEqual(requestIds([], undefined), {});
  assert.deepEqual(requestIds(["accept", "*/*", "x-opaque-id", "shop-42"], undefined), { opaqueId: "shop-42" });
  assert.deepEqual(requestIds(["traceparent", traceparent], undefined), { traceId: trace });
  assert.deepEqual(requestIds(["traceparent", traceparent, "x-opaque-id", "7"], "ab"), {
    opaqueId: "7",
    traceId: "ab",
  });
  assert.deepEqual(requestIds(["traceparent", "secret"], undefined), {});
});

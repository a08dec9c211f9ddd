import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RollcallError } from "@rollcall/core";
import { parsePoolConfig } from "@rollcall/core/config";
import { type CallDefaults, type PoolRequest, prepareCall } from "./prepare-call.js";

const config = parsePoolConfig({ nodes: ["http://10.0.0.1:9200"] }, { cores: 1 });
const prepare = (request: PoolRequest, settings: CallDefaults = config) => prepareCall(request, settings, 1_000).call;

describe("preparing a call", () => {
  it("sends objects as JSON, text and bytes as they are, and lines as ndjson", () => {
    assert.equal(prepare({ method: "POST", path: "/_search", body: { size: 1 } }).body, '{"size":1}');
    assert.equal(prepare({ method: "POST", path: "/_search", body: "{}" }).body, "{}");
    const bytes = new Uint8Array([1, 2]);
    assert.equal(prepare({ method: "POST", path: "/_search", body: bytes }).body, bytes);
    const bulk = prepare({ method: "POST", path: "/_bulk", ndjson: [{ index: {} }, '{"a":1}'] });
    assert.equal(bulk.body, '{"index":{}}\n{"a":1}\n');
    assert.deepEqual(bulk.headers, ["content-type", "application/x-ndjson"]);
  });

  it("encodes the query and adds it to the one that the path has", () => {
    assert.equal(
      prepare({ method: "get", path: "/a/_search?q=x", query: { size: 1, fields: ["a", "b c"], absent: undefined } })
        .path,
      "/a/_search?q=x&size=1&fields=a%2Cb%20c",
    );
  });

  it("lets the caller's content type stand", () => {
    const headers = { "Content-Type": "application/vnd.x+json" };
    assert.deepEqual(prepare({ method: "POST", path: "/_search", body: "{}", headers }).headers, [
      "content-type",
      "application/vnd.x+json",
    ]);
  });

  it("lets a Read move that is bound to no node, unless one attempt is all that is wanted", () => {
    const reroutable = (request: PoolRequest, settings?: CallDefaults) => prepare(request, settings).reroutable;
    const search: PoolRequest = { method: "POST", path: "/a/_search" };
    assert.equal(reroutable(search), true);
    assert.equal(reroutable({ ...search, query: { scroll: "1m" } }), false);
    assert.equal(reroutable({ ...search, query: { scroll: "1m" }, class: "read" }), false);
    assert.equal(reroutable({ ...search, class: "repeatable" }), false);
    assert.equal(reroutable({ method: "POST", path: "/_sql" }), false);
    assert.equal(reroutable({ method: "POST", path: "/_sql", class: "read" }), true);
    assert.equal(reroutable({ method: "PUT", path: "/a/_doc/1" }), false);
    assert.equal(reroutable(search, { timeoutMs: 1_000, retry: false }), false);
  });

  it("classifies by method and path unless the caller knows better", () => {
    assert.equal(prepare({ method: "POST", path: "/a/_search" }).class, "read");
    assert.equal(prepare({ method: "POST", path: "/a/_doc" }).class, "never");
    assert.equal(prepare({ method: "POST", path: "/a/_doc", class: "repeatable" }).class, "repeatable");
  });

  it("counts the deadline from now", () => {
    assert.equal(prepare({ method: "GET", path: "/", timeoutMs: 500 }).deadlineMs, 1_500);
  });

  const circular: Record<string, unknown> = {};
  circular.self = circular;
  const bad: readonly (readonly [string, object, RegExp])[] = [
    ["a method that is none", { method: "FETCH", path: "/" }, /request\.method/],
    ["no method", { path: "/" }, /request\.method/],
    ["a path without a slash", { method: "GET", path: "_search" }, /request\.path/],
    ["a path with a space", { method: "GET", path: "/a b" }, /request\.path/],
    ["a path with a line break", { method: "GET", path: "/a\r\nx: y" }, /request\.path/],
    ["a path with a fragment", { method: "GET", path: "/a#b" }, /request\.path/],
    ["a path beyond ASCII", { method: "GET", path: "/ü" }, /request\.path/],
    ["a timeout that is no number", { method: "GET", path: "/", timeoutMs: Number.NaN }, /request\.timeoutMs/],
    ["a negative timeout", { method: "GET", path: "/", timeoutMs: -1 }, /request\.timeoutMs/],
    ["body and ndjson", { method: "POST", path: "/", body: {}, ndjson: [] }, /request\.ndjson/],
    ["a circular body", { method: "POST", path: "/", body: circular }, /request\.body/],
    ["a body with a BigInt", { method: "POST", path: "/", body: { n: 1n } }, /request\.body/],
    ["an unknown class", { method: "GET", path: "/", class: "maybe" }, /request\.class/],
    [
      "a credential of its own",
      { method: "GET", path: "/", headers: { Authorization: "x" } },
      /headers\.authorization/,
    ],
    ["a header with a line break", { method: "GET", path: "/", headers: { a: "b\r\nc" } }, /request\.headers/],
    ["an opaque id with a line break", { method: "GET", path: "/", opaqueId: "a\nb" }, /request\.opaqueId/],
  ];
  for (const [what, request, message] of bad) {
    it(`refuses ${what}, by name`, () => {
      assert.throws(
        () => prepare(request as PoolRequest),
        (error) =>
          error instanceof RollcallError &&
          error.code === "CONFIG" &&
          error.sent === "no" &&
          message.test(error.message),
      );
    });
  }
});

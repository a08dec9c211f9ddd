import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RollcallError } from "@rollcall/core";
import { parsePoolConfig } from "@rollcall/core/config";
import type { PoolRequest } from "./pool-request.js";
import { prepareRequest, type RequestDefaults } from "./prepare-request.js";

const config = parsePoolConfig({ nodes: ["http://10.0.0.1:9200"] }, { cores: 1, heapLimitBytes: 4_294_967_296 });
const prepare = (request: PoolRequest, defaults: RequestDefaults = config) => prepareRequest(request, defaults, 1_000);
const bulk = (...items: unknown[]) => prepare({ method: "POST", path: "/_bulk", ndjson: items });
const get = { method: "GET", path: "/" };

/** The lines of the CONFIG error that the request gives. */
function problemsOf(request: object): string[] {
  try {
    prepare(request as PoolRequest);
  } catch (error) {
    assert.ok(error instanceof RollcallError, String(error));
    assert.deepEqual([error.code, error.sent], ["CONFIG", "no"]);
    return error.message.split("\n");
  }
  return [];
}

describe("a prepared request", () => {
  it("a body that is an object is sent as JSON, text as it is, and bytes as they were at the call", () => {
    assert.equal(prepare({ method: "POST", path: "/_search", body: { size: 1 } }).body, '{"size":1}');
    assert.equal(prepare({ method: "POST", path: "/_search", body: "{}" }).body, "{}");
    const bytes = Buffer.from([1, 2]);
    const { body } = prepare({ method: "POST", path: "/_search", body: bytes });
    bytes.fill(9);
    assert.deepEqual(body, new Uint8Array([1, 2]));
  });

  it("a request that names its node is never rerouted from there", () => {
    assert.deepEqual([prepare(get).reroutable, prepare(get).settings], [true, undefined]);
    const { reroutable, settings, class: requestClass } = prepare({ ...get, node: "es1:9200" });
    assert.deepEqual([reroutable, settings?.node, requestClass], [false, "es1:9200", "read"]);
  });

  it("a Read is hedged by method, listed path and its own key, where the pool hedges and the request does not say otherwise", () => {
    const hedging = { ...config, hedge: { extraWork: 0.02 } };
    const search = { method: "POST", path: "/logs/_search" };
    const templateOf = (more: object) => prepare({ ...search, ...more }, hedging).hedgeTemplate;
    assert.equal(prepare(search).hedgeTemplate, undefined);
    assert.equal(templateOf({}), "POST /{index}/_search");
    assert.equal(templateOf({ hedge: true, hedgeKey: "sums" }), "POST /{index}/_search sums");
    assert.equal(templateOf({ path: "/logs/_unlisted", class: "read" }), "other");
    assert.equal(templateOf({ hedge: false }), undefined);
    assert.equal(templateOf({ path: "/logs/_search?scroll=1m" }), undefined);
    assert.equal(templateOf({ path: "/logs/_doc", body: {} }), undefined);
    assert.equal(templateOf({ retry: false }), undefined);
  });

  it("a request that cannot be hedged and asks for it is refused, and so is what names no key", () => {
    const hedging = { ...config, hedge: { extraWork: 0.02 } };
    const refused = (more: object, of = hedging) => {
      assert.throws(
        () => prepare({ method: "POST", path: "/logs/_search", ...more }, of),
        (error: Error) => {
          problem = error.message;
          return true;
        },
      );
      return problem;
    };
    let problem = "";
    const onlyReads =
      "request.hedge must not be true: only a Read that may go to any node, and may be retried, is hedged";
    assert.equal(refused({ path: "/logs/_doc", body: {}, hedge: true }), onlyReads);
    assert.equal(refused({ node: "es1:9200", hedge: true }), onlyReads);
    assert.equal(refused({ hedge: "yes" }), "request.hedge must be true or false");
    const key = "request.hedgeKey must be a text of 1 to 64 visible ASCII characters";
    for (const hedgeKey of ["", " ", "x".repeat(65), 7]) assert.equal(refused({ hedgeKey }), key);
    assert.throws(
      () => prepare({ ...get, hedge: true }),
      /request\.hedge must not be true where the pool has no option/,
    );
  });

  it("a `node` that names none is refused with what it may be", () => {
    const allowed = 'the address, name or id of a node, such as "es1:9200": a text of 1 to 512 characters';
    const refused = (node: unknown) => problemsOf({ ...get, node });
    assert.deepEqual(refused(7), [`request.node must be ${allowed}; it is 7`]);
    assert.deepEqual(refused(null), [`request.node must be ${allowed}; it is null`]);
    assert.deepEqual(refused({ host: "es1" }), [`request.node must be ${allowed}; it is an object`]);
    assert.deepEqual(refused(" "), [`request.node must be ${allowed}; it is a text of 1 characters`]);
    assert.deepEqual(refused("x".repeat(513)), [`request.node must be ${allowed}; it is a text of 513 characters`]);
  });

  it("a priority goes with the request, and one that is unknown is refused with those there are", () => {
    assert.equal(prepare({ ...get, priority: "low" }).settings?.priority, "low");
    const refused = (priority: unknown) => problemsOf({ ...get, priority });
    assert.deepEqual(refused("urgent"), ['request.priority must be "high", "normal" or "low"; it is "urgent"']);
    assert.deepEqual(refused(1), ['request.priority must be "high", "normal" or "low"; it is a value of type number']);
  });

  it("a body that is given away is moved, or copied where it is only a part of its buffer", () => {
    const post = { method: "POST", path: "/_bulk", transfer: true };
    const given = new Uint8Array([1, 2, 3]);
    const { buffer } = given;
    const { body, settings } = prepare({ ...post, body: given });
    assert.deepEqual([body, settings?.hasGivenBody], [new Uint8Array([1, 2, 3]), true]);
    assert.deepEqual([given.length, buffer.byteLength], [0, 0]);
    const part = Buffer.from("part");
    assert.deepEqual(prepare({ ...post, body: part }).body, new Uint8Array(Buffer.from("part")));
    assert.equal(part.toString(), "part");
    const shared = new Uint8Array(new SharedArrayBuffer(2));
    assert.deepEqual(prepare({ ...post, body: shared }).body, new Uint8Array(2));
  });

  it("a request that cannot be sent takes nothing of a body that is given away", () => {
    const body = new Uint8Array(3);
    assert.equal(problemsOf({ method: "POST", path: "/_bulk", transfer: true, body, timeoutMs: 0 }).length, 1);
    assert.equal(body.length, 3);
  });

  it("each item of `ndjson` is one line, whether an object, text or bytes", () => {
    class Entity {
      name = "x";
    }
    const withJson = { toJSON: () => ({ a: 2 }) };
    const { body, headers } = bulk({ index: {} }, '{"a":1}', Buffer.from('{"ü":1}'), new Entity(), withJson);
    assert.equal(body, '{"index":{}}\n{"a":1}\n{"ü":1}\n{"name":"x"}\n{"a":2}\n');
    assert.deepEqual(headers, ["content-type", "application/x-ndjson"]);
    assert.equal(prepare({ method: "POST", path: "/_bulk", ndjson: new Set([{ a: 1 }]) }).body, '{"a":1}\n');
  });

  const hidden = new (class {
    readonly #name = "x";
    get name() {
      return this.#name;
    }
  })();
  const notLines = {
    "a map": new Map([["a", 1]]),
    "a set": new Set([1]),
    "a promise": Promise.resolve({}),
    "an ArrayBuffer": new ArrayBuffer(4),
    "a typed array of words": new Uint16Array(2),
    "a function": () => {},
    "a symbol": Symbol("a"),
    "a number": 1,
    nothing: undefined,
    null: null,
    "a date": new Date(0),
    "an error": new Error("x"),
    "a regular expression": /x/,
    "an object that hides its state": hidden,
    "form data": new FormData(),
    "text of two lines": '{"a":1}\n{"delete":{"_id":"1"}}',
    "text with a carriage return": '{"a":1}\r',
    "empty text": "",
    "bytes of two lines": Buffer.from("{}\n{}"),
    "bytes that are not UTF-8": Buffer.from([0xff]),
    "a big integer inside": { n: 1n },
  };
  for (const [what, item] of Object.entries(notLines)) {
    it(`an item of \`ndjson\` that is ${what} is refused with its position`, () => {
      const [problem] = problemsOf({ method: "POST", path: "/_bulk", ndjson: [{}, item] });
      assert.match(problem ?? "", /^request\.ndjson\[1\] must be /);
    });
  }

  it("the query is encoded and added to that of the path, given as an object or as an iterable of pairs", () => {
    const pathWith = (query: PoolRequest["query"]) => prepare({ method: "GET", path: "/a/_search?q=x", query }).path;
    assert.equal(
      pathWith({ size: 1, fields: ["a", "b c"], absent: undefined }),
      "/a/_search?q=x&size=1&fields=a%2Cb%20c",
    );
    assert.equal(pathWith(new URLSearchParams("a=1&a=2%26")), "/a/_search?q=x&a=1&a=2%26");
    assert.equal(pathWith(new Map([["refresh", "wait_for"]])), "/a/_search?q=x&refresh=wait_for");
  });

  it("headers are read from an object, `Headers` or a `Map`, and the caller's content type is kept", () => {
    const headersFor = (headers: PoolRequest["headers"]) =>
      prepare({ method: "POST", path: "/_search", body: "{}", headers }).headers;
    const expected = ["x-tenant", "a", "content-type", "application/vnd.x+json"];
    const fields: [string, string][] = [
      ["X-Tenant", "a"],
      ["Content-Type", "application/vnd.x+json"],
    ];
    assert.deepEqual(headersFor(Object.fromEntries(fields)), expected);
    assert.deepEqual(headersFor(new Map(fields)), expected);
    assert.deepEqual(headersFor(new Headers({ "X-Tenant": "a" })), [
      "x-tenant",
      "a",
      "content-type",
      "application/json",
    ]);
  });

  it("a Read that is bound to no node may be rerouted, unless one attempt is all that is wanted", () => {
    const search = { method: "POST", path: "/a/_search" };
    const cases: readonly (readonly [PoolRequest, boolean])[] = [
      [search, true],
      [{ ...search, query: { scroll: "1m" } }, false],
      [{ ...search, query: { scroll: "1m" }, class: "read" }, false],
      [{ ...search, class: "repeatable" }, false],
      [{ method: "POST", path: "/_sql" }, false],
      [{ method: "POST", path: "/_sql", class: "read" }, true],
      [{ method: "PUT", path: "/a/_doc/1" }, false],
    ];
    for (const [request, expected] of cases)
      assert.equal(prepare(request).reroutable, expected, JSON.stringify(request));
    assert.equal(prepare(search, { ...config, retry: false }).reroutable, false);
  });

  it("a credential of its own is one header, and shows in no error", () => {
    const { headers, settings } = prepare({ ...get, auth: { username: "u", password: "p" } });
    assert.deepEqual([headers, settings?.hasOwnAuth], [["authorization", `Basic ${btoa("u:p")}`], true]);
    assert.doesNotMatch(problemsOf({ ...get, auth: { username: "hunter2:", bearer: "hunter2" } }).join(), /hunter2/);
  });

  it("the class follows from method, path and headers unless the caller gives it", () => {
    const classOf = (request: PoolRequest) => prepare(request).class;
    assert.equal(classOf({ method: "POST", path: "/a/_search" }), "read");
    assert.equal(classOf({ method: "POST", path: "/a/_doc" }), "never");
    assert.equal(classOf({ method: "POST", path: "/a/_doc", class: "repeatable" }), "repeatable");
    for (const name of ["X-HTTP-Method-Override", "x-http-method", "x-method-override"]) {
      assert.equal(classOf({ method: "POST", path: "/a/_search", headers: { [name]: "DELETE" } }), "never", name);
    }
  });

  it("the deadline counts from the call", () => {
    assert.equal(prepare({ ...get, timeoutMs: 500 }).deadlineMs, 1_500);
  });

  it("all problems of a request are in one error", () => {
    assert.deepEqual(problemsOf({ method: "get", path: "_search", timeoutMs: -1 }), [
      "request.method must be in upper case: GET",
      "request.path must begin with a slash",
      "request.timeoutMs must be a whole number from 1 to 86400000",
    ]);
  });

  const circular: Record<string, unknown> = {};
  circular.self = circular;
  const bad: readonly (readonly [string, object, RegExp])[] = [
    ["an unknown method", { ...get, method: "FETCH" }, /^request\.method must be one of/],
    ["no method", { path: "/" }, /^request\.method/],
    ["no path", { method: "GET" }, /^request\.path/],
    ["a path with a space", { ...get, path: "/a b" }, /^request\.path/],
    ["a path with a line break", { ...get, path: "/a\r\nx: y" }, /^request\.path/],
    ["a path with a fragment", { ...get, path: "/a#b" }, /^request\.path/],
    ["a path beyond ASCII", { ...get, path: "/ü" }, /^request\.path/],
    ["a timeout that is no number", { ...get, timeoutMs: Number.NaN }, /^request\.timeoutMs/],
    ["body and ndjson", { ...get, body: {}, ndjson: [] }, /^request\.ndjson/],
    ["a buffer as ndjson", { ...get, ndjson: Buffer.from("{}") }, /^request\.ndjson must/],
    ["text as ndjson", { ...get, ndjson: "{}" }, /^request\.ndjson must/],
    ["a circular body", { ...get, body: circular }, /^request\.body/],
    ["a body that is a map", { ...get, body: new Map() }, /^request\.body/],
    ["an object to transfer", { ...get, body: {}, transfer: true }, /^request\.transfer needs a `body` of bytes/],
    ["a transfer of lines", { ...get, ndjson: [], transfer: true }, /^request\.transfer needs a `body` of bytes/],
    ["a transfer that is a list", { ...get, body: "x", transfer: [] }, /^request\.transfer must be true or false$/],
    ["an unknown class", { ...get, class: "maybe" }, /^request\.class/],
    ["a credential as a header", { ...get, headers: { Authorization: "x" } }, /^request\.headers\.authorization/],
    ["a header twice", { ...get, headers: { a: "1", A: "2" } }, /^request\.headers\.a is given twice/],
    ["a header with a line break", { ...get, headers: { a: "b\r\nc" } }, /^request\.headers/],
    ["headers that are a list of texts", { ...get, headers: ["a: b"] }, /^request\.headers/],
    ["a query that is text", { ...get, query: "a=b" }, /^request\.query/],
    ["a query that hides its fields", { ...get, query: hidden }, /^request\.query/],
    ["an opaque id with a line break", { ...get, opaqueId: "a\nb" }, /^request\.opaqueId/],
    ["a querystring", { ...get, querystring: {} }, /^request\.querystring is unknown: use `query`$/],
    ["a requestTimeout", { ...get, requestTimeout: 1 }, /use `timeoutMs`$/],
    ["a bulkBody", { ...get, bulkBody: [] }, /use `ndjson`$/],
    ["half a credential", { ...get, auth: { username: "a" } }, /^request\.auth\.password is missing: /],
    [
      "a credential that is a function",
      { ...get, auth: () => ({}) },
      /^request\.auth = \[redacted\]: must be an object$/,
    ],
    ["maxRetries", { ...get, maxRetries: 0 }, /use `retry`/],
    ["retry: true", { ...get, retry: true }, /^request\.retry must be false or \{ max, statuses \}$/],
    [
      "no retries by number",
      { ...get, retry: { max: 0 } },
      /^request\.retry\.max must be .* from 1 to 20; `retry: false`/,
    ],
    ["an unknown field of retry", { ...get, retry: { maximum: 2 } }, /^request\.retry has an unknown field/],
    ["a status as text", { ...get, retry: { statuses: ["429"] } }, /^request\.retry\.statuses must be a list/],
    ["a status of success", { ...get, retry: { statuses: [200] } }, /^request\.retry\.statuses must be a list/],
    ["a larger limit than the pool's", { ...get, maxResponseBytes: 1e9 }, /^request\.maxResponseBytes .* 536870888/],
    ["a limit of no bytes", { ...get, maxResponseBytes: 0 }, /^request\.maxResponseBytes must be/],
    ["a misspelt field", { ...get, timeoutMS: 1 }, /did you mean `timeoutMs`\?$/],
    ["a field of no likeness", { ...get, "x\ny": 1 }, /^request\.\[…\] is unknown: the fields are method, /],
  ];
  for (const [what, request, message] of bad) {
    it(`a request with ${what} is refused by name`, () => assert.match(problemsOf(request)[0] ?? "", message));
  }
});

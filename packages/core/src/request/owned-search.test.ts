import assert from "node:assert/strict";
import { it } from "node:test";
import { ownedSearchOf } from "./owned-search.js";

const of = (call: string, body: object | string = "") => {
  const [method = "", target = ""] = call.split(" ");
  const owned = ownedSearchOf(method, target, () => (typeof body === "string" ? body : JSON.stringify(body)));
  return owned === undefined ? undefined : { id: undefined, ...owned };
};
const minutes = (count: number) => count * 60_000;
const days = (count: number) => minutes(count * 24 * 60);

it("a request that opens a search of its user is found, with the time that the search lives", () => {
  const opened = (what: string, keepAliveMs: number) => ({ id: undefined, what, keepAliveMs, closes: false });
  assert.deepEqual(of("POST /logs/_search?scroll=1m"), opened("scroll", minutes(1)));
  assert.deepEqual(of("GET /_search?size=1&scroll=500ms"), opened("scroll", 500));
  assert.deepEqual(of("POST /logs/_search/template?scroll=odd"), opened("scroll", minutes(5)));
  assert.deepEqual(of("POST /logs/_async_search?keep_alive=2d"), opened("asynchronous search", days(2)));
  assert.deepEqual(of("POST /_plugins/_asynchronous_search"), opened("asynchronous search", days(5)));
  assert.deepEqual(of("POST /logs/_eql/search", { keep_alive: "1h" }), opened("EQL search", minutes(60)));
  assert.deepEqual(of("POST /_query/async", { query: "FROM x" }), opened("ES|QL query", days(5)));
  assert.deepEqual(of("POST /_sql?format=json", { query: "SELECT 1" }), opened("SQL query", days(5)));
  assert.deepEqual(of("POST /_plugins/_sql", { query: "SELECT 1" }), opened("SQL query", minutes(5)));
});

it("a request that goes on with one is found by the id in its path, its query or its body", () => {
  const ids = (...calls: readonly Parameters<typeof of>[]) => calls.map((call) => of(...call)?.id);
  assert.deepEqual(
    ids(
      ["POST /_search/scroll", { scroll_id: "a==", scroll: "1m" }],
      ["POST /_search/scroll", { scroll_id: ["a=="] }],
      ["GET /_search/scroll?scroll_id=a%3D%3D"],
      ["GET /_search/scroll/a%3D%3D"],
      ["GET /_async_search/a%3D%3D"],
      ["GET /_async_search/status/a=="],
      ["DELETE /_async_search/a=="],
      ["GET /_plugins/_asynchronous_search/a=="],
      ["GET /_eql/search/a=="],
      ["GET /_eql/search/status/a=="],
      ["GET /_query/async/a=="],
      ["POST /_query/async/a==/stop"],
      ["POST /_sql", { cursor: "a==" }],
      ["POST /_sql/close", { cursor: "a==" }],
      ["GET /_sql/async/a=="],
      ["GET /_sql/async/status/a=="],
      ["DELETE /_sql/async/delete/a=="],
      ["POST /_plugins/_sql/close", { cursor: "a==" }],
    ),
    Array.from({ length: 18 }, () => "a=="),
  );
  assert.deepEqual(
    [of("DELETE /_eql/search/a")?.closes, of("POST /_sql/close", { cursor: "a" })?.closes],
    [true, true],
  );
});

it("no other request is one, nor one whose body does not say what it goes on with", () => {
  for (const call of [
    "POST /logs/_search",
    "POST /_pit",
    "POST /_query",
    "DELETE /_search/scroll/a",
    "GET /_sql/translate",
  ])
    assert.equal(of(call), undefined, call);
  assert.equal(of("DELETE /_search/scroll", { scroll_id: ["a", "b"] }), undefined);
  for (const body of ["", "{", "[]", "null", { scroll_id: 7 }]) {
    assert.equal(of("POST /_search/scroll", body), undefined);
  }
  assert.equal(of("GET /_async_search/%E0%A4%A"), undefined);
  assert.equal(
    ownedSearchOf("PUT", "/scroll=/_doc/1", () => assert.fail("the body was read")),
    undefined,
  );
});

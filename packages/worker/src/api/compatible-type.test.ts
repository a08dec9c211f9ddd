import assert from "node:assert/strict";
import { it } from "node:test";
import { compatibleType } from "./compatible-type.js";

it("the type of a body has the version of `accept` in every form in which clients write it, and else none", () => {
  const json = "application/json";
  const versions: readonly (readonly [accept: string | undefined, type: string])[] = [
    [undefined, json],
    ["*/*", json],
    ["application/vnd.elasticsearch+json", json],
    ["application/vnd.mapbox-vector-tile;compatible-with=8", json],
    ["application/vnd.elasticsearch+json; compatible-with=8", "application/vnd.elasticsearch+json; compatible-with=8"],
    [
      "text/plain, Application/Vnd.Elasticsearch+cbor;Compatible-With=9,*/*",
      "application/vnd.elasticsearch+json; compatible-with=9",
    ],
    [
      "application/vnd.elasticsearch+vnd.mapbox-vector-tile;compatible-with=10",
      "application/vnd.elasticsearch+json; compatible-with=10",
    ],
  ];
  for (const [accept, type] of versions) assert.equal(compatibleType(json, accept), type, accept);
  const lines = compatibleType("application/x-ndjson", "application/vnd.elasticsearch+json;compatible-with=8");
  assert.equal(lines, "application/vnd.elasticsearch+x-ndjson; compatible-with=8");
});

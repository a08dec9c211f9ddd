import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { roleLegend, shortRoles } from "./short-roles.js";

describe("shortRoles", () => {
  const cases: readonly (readonly [readonly string[], string])[] = [
    [["ingest", "data", "master"], "dim"],
    [["cluster_manager", "data"], "dm"],
    [["cluster_manager", "master"], "m"],
    [[], "-"],
    [["search"], "search"],
    [["warm", "data", "search"], "d+search+warm"],
  ];
  for (const [roles, short] of cases) {
    it(`writes ${JSON.stringify(roles)} as ${short}`, () => assert.equal(shortRoles(roles), short));
  }
});

describe("roleLegend", () => {
  it("names each letter that is used, once", () => {
    assert.equal(roleLegend(["data", "master", "data", "search"]), "d data, m master");
  });
});

import assert from "node:assert/strict";
import { it } from "node:test";
import { roleLegend, shortRoles } from "./short-roles.js";

it("roles are written as letters in one order, and those without a letter in full", () => {
  const cases = {
    "ingest data master": "dim",
    "cluster_manager data": "dm",
    "cluster_manager master": "m",
    "": "-",
    search: "search",
    "warm data search": "d+search+warm",
  };
  for (const [roles, short] of Object.entries(cases)) {
    assert.equal(shortRoles(roles.split(" ").filter(Boolean)), short, roles);
  }
});

it("the legend of roles names each letter that is used, once", () => {
  assert.equal(roleLegend(["data", "master", "data", "search"]), "d data, m master");
});

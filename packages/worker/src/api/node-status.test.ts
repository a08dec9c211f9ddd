import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { describeNode } from "./node-status.js";

describe("describing a node", () => {
  it("says what is known of it and nothing of what is not", () => {
    assert.deepEqual(describeNode({ id: "", host: "10.0.0.1", port: 9200 }), {});
    const known = { id: "a", name: "n1", roles: [], version: "2.19.1" };
    assert.deepEqual(describeNode({ ...known, host: "10.0.0.1", port: 9200, attributes: { zone: "z" } }), known);
  });
});

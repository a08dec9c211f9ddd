import assert from "node:assert/strict";
import { it } from "node:test";
import { RollcallError } from "@rollcall/worker";
import { refuseOptions } from "./refused-options.js";

it("options of a client that belong to the pool are refused all at once, each with its place", () => {
  const given = { auth: { apiKey: "secret" }, sniffInterval: 1_000, requestTimeout: 500, tls: {}, nodes: ["http://a"] };
  assert.throws(
    () => refuseOptions(given),
    (error: unknown) => {
      assert.ok(error instanceof RollcallError);
      assert.equal(error.code, "CONFIG");
      const lines = error.message.split("\n");
      assert.deepEqual(
        lines.map((line) => line.slice(0, line.indexOf(":"))),
        ["nodes", "auth", "tls", "sniffInterval"],
      );
      assert.match(lines[0] ?? "", /createPool\(\{ nodes \}\)/);
      assert.match(lines[2] ?? "", /createPool\(\{ tls \}\)/);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    },
  );
});

it("an option of the pool that a client has switched off is no problem, and neither is one of the client's own", () => {
  refuseOptions({ sniffOnStart: false, sniffInterval: false, auth: null, agent: undefined, maxRetries: 0, name: "a" });
});

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";

// Built tests run from test/dist/unit.
const script = fileURLToPath(new URL("../../../scripts/missing-paths.mjs", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "rollcall-specification-"));
after(() => rmSync(folder, { recursive: true, force: true }));

describe("scripts/missing-paths.mjs", () => {
  it("names the requests of each kind of specification that the table of facts does not hold, and no other", () => {
    const known = { path: "/_search", methods: ["GET", "POST"] };
    const api = { x: { url: { paths: [known, { path: "/_new/{id}", methods: ["PUT"] }] } } };
    writeFileSync(join(folder, "x.json"), JSON.stringify(api));
    writeFileSync(
      join(folder, "Y.ts"),
      "urls: [\n  {\n    path: '/_newer'\n    methods: ['GET', 'POST']\n  },\n  {\n    path: '/{any}/_count/'\n    methods: ['GET']\n  }\n]",
    );
    writeFileSync(join(folder, "z.yaml"), "paths:\n  /_newest:\n    head:\n      operationId: z\n");
    writeFileSync(
      join(folder, "old.yaml"),
      "/_opendistro/_sql:\n  superseded_by: /_plugins/_newer_sql\n  operations:\n    - POST\n",
    );
    const { status, stdout } = spawnSync(process.execPath, [script, folder], { encoding: "utf8" });
    const found = stdout.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    assert.deepEqual(
      found.map((line) => line.split(/\s+/).slice(0, 2).join(" ")),
      ["PUT /_new/{id}", "GET /_newer", "POST /_newer", "HEAD /_newest", "POST /_plugins/_newer_sql"],
    );
    assert.equal(status, 1);
  });
});

import assert from "node:assert/strict";
import { once } from "node:events";
import { it } from "node:test";
import { ClientVersion } from "./client-version.js";

it("a client of a version that is not tested is said once in the process, whichever client it is", async () => {
  const warned = once(process, "warning");
  const warnings: Error[] = [];
  process.on("warning", (warning) => warnings.push(warning));
  const headers = { "user-agent": "elasticsearch-js/42.0.1 (linux)" };
  for (let client = 0; client < 3; client++) new ClientVersion("rollcall/elasticsearch", [8, 9]).read(headers);
  new ClientVersion("rollcall/elasticsearch", [8, 9]).read({ "user-agent": "elasticsearch-js/9.5.1 (linux)" });
  new ClientVersion("rollcall/elasticsearch", [8, 9]).read({ "user-agent": "of the user" });
  await warned;
  assert.deepEqual(
    warnings.map(({ message }) => message),
    ["rollcall/elasticsearch is tested with version 8 and 9 of elasticsearch, and this is 42: it is used all the same"],
  );
});

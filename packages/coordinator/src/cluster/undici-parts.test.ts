import assert from "node:assert/strict";
import { it } from "node:test";
import * as undici from "undici";
import { buildUndiciConnector, UndiciClient } from "./undici-parts.cjs";

it("the parts of undici are those that its entry point exports", () => {
  assert.equal(UndiciClient, undici.Client);
  assert.equal(buildUndiciConnector, undici.buildConnector);
});

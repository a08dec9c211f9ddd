import assert from "node:assert/strict";
import { it } from "node:test";
import * as undici from "undici";
import { buildUndiciConnector, UndiciClient } from "./undici-parts.js";

it("the parts of undici are those that its entry point exports", () => {
  assert.equal(UndiciClient, undici.Client);
  assert.equal(buildUndiciConnector, undici.buildConnector);
});

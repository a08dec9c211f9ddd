import assert from "node:assert/strict";
import { it } from "node:test";
import { credentialOf } from "./call-credential.js";

it("the header of a client's credential is the pool's credential, whatever its scheme is written in", () => {
  const basic = `Basic ${Buffer.from("us er:p:ä").toString("base64")}`;
  assert.deepEqual(credentialOf(basic), { username: "us er", password: "p:ä" });
  assert.deepEqual(credentialOf("ApiKey YTpi"), { apiKey: "YTpi" });
  assert.deepEqual(credentialOf("bearer a.b-c"), { bearer: "a.b-c" });
  assert.equal(credentialOf("Negotiate abc"), undefined);
  assert.equal(credentialOf(undefined), undefined);
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { RollcallError } from "@rollcall/core";
import { ReceivedResponse } from "./response.js";

function received(status: number, body: string, headers: readonly string[] = []) {
  const rawHeaders = headers.map((text) => Buffer.from(text, "latin1"));
  const answer = {
    status,
    body: Buffer.from(body),
    rawHeaders,
    node: "10.0.0.1:9200",
    nodeUrl: "http://10.0.0.1:9200",
  };
  return new ReceivedResponse({ ...answer, attempts: [] }, { opaqueId: "shop" });
}

describe("a response", () => {
  it("reads its body as JSON, text and bytes, again and again", () => {
    const response = received(200, '{"a":"ü"}');
    assert.deepEqual([response.json(), response.json()], [{ a: "ü" }, { a: "ü" }]);
    assert.equal(response.text(), '{"a":"ü"}');
    assert.equal(response.bytes().byteLength, 10);
  });

  it("gives headers in lower case, those that came twice as a list", () => {
    const { headers } = received(200, "", [
      "Content-Type",
      "text/plain",
      "Warning",
      "a",
      "warning",
      "b",
      "__proto__",
      "x",
    ]);
    assert.equal(headers["content-type"], "text/plain");
    assert.deepEqual(headers.warning, ["a", "b"]);
    assert.equal(Object.getOwnPropertyDescriptor(headers, "__proto__")?.value, "x");
    for (const name of ["constructor", "toString"]) assert.equal(headers[name], undefined, name);
  });

  it("a response is JSON with a byte order mark before it, too", () => {
    assert.deepEqual(received(200, '\ufeff{"a":1}').json(), { a: 1 });
    const refused = received(404, '\ufeff{"error":{"type":"index_not_found_exception"}}');
    assert.throws(() => refused.throwIfError(), { type: "index_not_found_exception" });
  });

  it("a response with a content coding gives its bytes, and says why it is not JSON", () => {
    const response = received(200, "(packed)", ["Content-Encoding", "zstd"]);
    assert.throws(() => response.json(), { code: "BAD_RESPONSE", message: /content coding/ });
    assert.equal(Buffer.from(response.bytes()).toString(), "(packed)");
  });

  it("does not quote a body that is not JSON", () => {
    assert.throws(
      () => received(200, "secret text").json(),
      (error) => error instanceof RollcallError && error.code === "BAD_RESPONSE" && !error.message.includes("secret"),
    );
  });

  it("throws an error status only when asked to, with the server's word for it", () => {
    const response = received(
      404,
      '{"error":{"type":"index_not_found_exception","reason":"no such index [logs]\\u001b[2J"}}',
    );
    assert.equal(response.ok, false);
    assert.throws(
      () => response.throwIfError(),
      (error) =>
        error instanceof RollcallError &&
        error.code === "STATUS" &&
        error.status === 404 &&
        error.type === "index_not_found_exception" &&
        error.message.endsWith("answered 404 (index_not_found_exception): no such index [logs]\u{fffd}[2J") &&
        isDeepStrictEqual(error.body, response.json()) &&
        !Object.keys(error).includes("body"),
    );
    assert.throws(() => received(400, `{"error":"${"x".repeat(1_000)}"}`).throwIfError(), /: x{256}…$/);
    assert.equal(received(200, "").throwIfError().status, 200);
    assert.throws(() => received(502, "<html>").throwIfError(), { code: "STATUS", status: 502, body: "<html>" });
  });
});

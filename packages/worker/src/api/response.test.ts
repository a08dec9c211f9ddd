import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { RollcallError } from "@rollcall/core";
import { ReceivedResponse } from "./response.js";

function received(status: number, body: string, headers: readonly string[] = []) {
  return receivedBytes(status, Buffer.from(body), headers);
}

function receivedBytes(status: number, body: Buffer, headers: readonly string[]) {
  const rawHeaders = headers.map((text) => Buffer.from(text, "latin1"));
  const answer = {
    status,
    body,
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

  it("is read as what it holds, whatever its content type says, and one that is no text keeps its bytes", () => {
    const typed = (type: string, body: string) => received(200, body, ["Content-Type", type]);
    for (const type of ["application/vnd.elasticsearch+json;compatible-with=9", "application/json; charset=UTF-8"]) {
      assert.deepEqual(typed(type, '{"a":1}').json(), { a: 1 }, type);
    }
    const lines = typed("application/vnd.elasticsearch+x-ndjson; compatible-with=8", '{"a":1}\n{"a":2}\n');
    assert.deepEqual(
      lines
        .text()
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
      [{ a: 1 }, { a: 2 }],
    );
    assert.equal(typed("application/vnd.elasticsearch+yaml;compatible-with=8", "a: 1\n").text(), "a: 1\n");
    const packed = Buffer.from([0xbf, 0x61, 0x61, 0x01, 0xff]);
    for (const type of ["application/cbor", "application/vnd.elasticsearch+smile;compatible-with=8"]) {
      const binary = receivedBytes(200, packed, ["Content-Type", type]);
      assert.deepEqual(Buffer.from(binary.bytes()), packed);
      assert.throws(() => binary.json(), { code: "BAD_RESPONSE" });
    }
    const refused = received(404, '{"error":{"type":"a_b","reason":"c"}}', [
      "Content-Type",
      "application/vnd.elasticsearch+json;compatible-with=8",
    ]);
    assert.throws(() => refused.throwIfError(), { code: "STATUS", type: "a_b" });
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

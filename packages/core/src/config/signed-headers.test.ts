import assert from "node:assert/strict";
import { it } from "node:test";
import type { RequestToSign } from "./sign.js";
import { readSignedHeaders } from "./signed-headers.js";

const request: RequestToSign = {
  method: "GET",
  scheme: "https",
  host: "es1",
  port: 443,
  path: "/",
  headers: { host: "es1", accept: "application/json" },
  body: null,
};

it("a signature adds headers, and what the request has already may come back as it was", () => {
  const returned = { host: "es1", accept: "application/json", Authorization: "signature", "x-amz-date": "now" };
  assert.deepEqual(readSignedHeaders(request, returned), {
    kind: "signed",
    added: ["authorization", "signature", "x-amz-date", "now"],
  });
});

const unreadable = {
  get authorization(): string {
    throw new Error("hunter2");
  },
};

for (const [what, returned, problem] of [
  ["nothing", undefined, "returned no headers: it must return an object of names and values"],
  ["a text", "hunter2", "returned no headers: it must return an object of names and values"],
  ["an empty object", {}, "returned no headers: it must return an object of names and values"],
  ["a list", ["hunter2"], "returned no headers: it must return an object of names and values"],
  ["an object that throws", unreadable, "returned no headers: it must return an object of names and values"],
  ["a name with a space", { "a hunter2": "v" }, "returned a name that is none of a header"],
  ["a number", { "x-amz-date": 1 }, "returned a value for the header x-amz-date that HTTP does not allow"],
  ["two lines", { "x-a": "hunter2\r\nb: c" }, "returned a value for the header x-a that HTTP does not allow"],
  ["another host", { host: "hunter2" }, "returned another value for the header host, which the request has already"],
  ["a length", { "content-length": "3" }, "returned the header content-length, which the connection sets"],
  ["a name twice", { "x-a": "1", "X-A": "2" }, "returned the header x-a twice; case makes no difference"],
] as const) {
  it(`a hook that returns ${what} has signed nothing, and the problem shows no value`, () => {
    assert.deepEqual(readSignedHeaders(request, returned), { kind: "bad", problem });
  });
}

import assert from "node:assert/strict";
import { it } from "node:test";
import { type Account, signatureProblem, type WireRequest } from "../support/sigv4.js";

// Requests of AWS's own test suite for Signature Version 4, and the signatures that it states for them.
const suite: Account = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
  region: "us-east-1",
  service: "service",
};
const nowMs = Date.parse("2015-08-30T12:36:00Z");
const token = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267";

interface Vector {
  readonly method?: string;
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly account?: Account;
  readonly signature: string;
}

const vectors: Readonly<Record<string, Vector>> = {
  "get-vanilla": {
    target: "/",
    signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
  },
  "get-slashes": {
    target: "//example//",
    signature: "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84",
  },
  "get-vanilla-query-order-key-case": {
    target: "/?Param2=value2&Param1=value1",
    signature: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
  },
  "get-vanilla-query-order-value": {
    target: "/?Param1=value2&Param1=value1",
    signature: "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694",
  },
  "get-vanilla-query-order-encoded": {
    target: "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
    signature: "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac",
  },
  "post-x-www-form-urlencoded": {
    method: "POST",
    target: "/",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: "Param1=value1",
    signature: "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
  },
  "get-vanilla-with-session-token": {
    target: "/",
    headers: { "x-amz-security-token": token },
    account: { ...suite, sessionToken: token },
    signature: "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8",
  },
  "double-encode-path": {
    method: "POST",
    target: "/test/@connections/JBDvjfGEIAMCERw%3D",
    headers: { host: "tj9n5r0m12.execute-api.us-east-1.amazonaws.com" },
    account: { ...suite, accessKeyId: "ANOTREAL", secretAccessKey: "notrealrnrELgWzOk3IfjzDKtFBhDby" },
    signature: "57d157672191bac40bae387e48bbe14b15303c001fdbb01f4abf295dccb09705",
  },
};

function requestOf({ method = "GET", target, headers = {}, body = "", account = suite, signature }: Vector) {
  const all: Record<string, string> = { host: "example.amazonaws.com", "x-amz-date": "20150830T123600Z", ...headers };
  const names = Object.keys(all).sort().join(";");
  const credential = `${account.accessKeyId}/20150830/us-east-1/service/aws4_request`;
  const authorization = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`;
  const rawHeaders = Object.entries({ ...all, authorization }).flat();
  return { method, target, rawHeaders, body: Buffer.from(body) } satisfies WireRequest;
}

for (const [name, vector] of Object.entries(vectors)) {
  it(`the tests' own check of signatures accepts AWS's ${name}, and refuses it when anything is changed`, () => {
    const { account = suite } = vector;
    const request = requestOf(vector);
    assert.equal(signatureProblem(request, account, nowMs), undefined);
    for (const changed of [
      { ...request, target: `${request.target}x` },
      { ...request, method: "PUT" },
      { ...request, body: Buffer.from("other") },
      { ...request, rawHeaders: request.rawHeaders.map((part) => part.replace("amazonaws", "example")) },
    ]) {
      assert.match(signatureProblem(changed, account, nowMs) ?? "", /^another signature/);
    }
  });
}

it("the tests' own check of signatures refuses an old date, another token and a header that is not signed", () => {
  const request = requestOf(vectors["get-vanilla"] as Vector);
  assert.match(signatureProblem(request, suite, nowMs + 300_001) ?? "", /^Signature expired/);
  assert.match(signatureProblem(request, { ...suite, sessionToken: token }, nowMs) ?? "", /^The security token/);
  const more = { ...request, rawHeaders: [...request.rawHeaders, "x-amz-meta", "1"] };
  assert.equal(signatureProblem(more, suite, nowMs), "x-amz-meta is not signed");
  assert.match(signatureProblem(request, { ...suite, service: "aoss" }, nowMs) ?? "", /^the credential is/);
  assert.equal(signatureProblem({ ...request, rawHeaders: [] }, suite, nowMs), "Missing Authentication Token");
});

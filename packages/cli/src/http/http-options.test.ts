import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { Command } from "commander";
import { isLoopbackHost, parseHttpAddress } from "./http-address.js";
import { addHttpOptions, type HttpFlags, readHttpOptions } from "./http-options.js";

const token = "geheim-geheim-geheim";

async function read(flags: HttpFlags) {
  const problems: string[] = [];
  const options = await readHttpOptions(flags, problems);
  for (const problem of problems) assert.doesNotMatch(problem, /geheim/);
  return { options, problems };
}

it("an address is host:port; loopback is localhost, 127.0.0.0/8 and ::1", () => {
  assert.deepEqual(parseHttpAddress("127.0.0.1:9464"), { host: "127.0.0.1", port: 9464, isLoopback: true });
  assert.deepEqual(parseHttpAddress("[::1]:0"), { host: "::1", port: 0, isLoopback: true });
  assert.deepEqual(parseHttpAddress("0.0.0.0:80"), { host: "0.0.0.0", port: 80, isLoopback: false });
  assert.deepEqual(parseHttpAddress("[::]:80")?.isLoopback, false);
  for (const text of ["", "9464", ":9464", "host", "host:", "host:65536", "::1:80", "http://h:1", "h:1/x", "h:-1"]) {
    assert.equal(parseHttpAddress(text), undefined, text);
  }
  for (const [host, expected] of [
    ["LocalHost", true],
    ["127.9.9.9", true],
    ["127.0.0.1.example.com", false],
    ["localhost.example.com", false],
    ["10.0.0.1", false],
  ] as const) {
    assert.equal(isLoopbackHost(host), expected, host);
  }
});

it("--http is off by default, and on loopback it needs nothing else", async () => {
  assert.deepEqual(await read({}), { options: undefined, problems: [] });
  const { options, problems } = await read({ http: "127.0.0.1:9464" });
  assert.deepEqual([options?.address.port, options?.readerToken, problems], [9464, undefined, []]);
});

it("each thing that is wrong with the flags of the page is said by the flag's name, and no token is", async () => {
  for (const [flags, expected] of [
    [{ http: "9464" }, /^--http = "9464": must be host:port, such as 127\.0\.0\.1:9464$/],
    [
      { http: "0.0.0.0:80" },
      /^--http = "0\.0\.0\.0:80": other machines can connect there, so it needs --http-token-file/,
    ],
    [{ http: "0.0.0.0:80", httpCert: "/nowhere/c", httpKey: "/nowhere/k" }, /^--http-cert: cannot read the file/],
    [{ httpToken: token }, /^--http-token: without --http there is nothing that uses it$/],
    [{ http: "h:1", httpToken: "geheim" }, /^--http-token must be 16 to 512 printable ASCII characters/],
    [{ http: "h:1", httpToken: token, httpTokenFile: "f" }, /^--http-token and --http-token-file are both given/],
    [{ http: "h:1", httpTokenFile: "/nowhere/t" }, /^--http-token-file: cannot read the file "\/nowhere\/t": ENOENT$/],
    [{ http: "h:1", httpToken: token, httpOperatorToken: token }, /must differ/],
    [{ http: "h:1", httpToken: token, httpCert: "c" }, /^--http-cert and --http-key must both be given$/],
    [{ http: "h:1", httpToken: token, httpClientCa: "c" }, /^--http-client-ca needs --http-cert and --http-key$/],
  ] as const satisfies [HttpFlags, RegExp][]) {
    const { problems } = await read(flags);
    assert.match(problems[0] ?? "", expected);
  }
});

it("tokens and certificates are read from files, and what is no certificate is refused", async () => {
  const folder = await mkdtemp(join(tmpdir(), "rollcall-http-"));
  try {
    const [tokenFile, garbage] = [join(folder, "token"), join(folder, "pem")];
    await writeFile(tokenFile, `${token}\n`);
    await writeFile(garbage, "geheim");
    const { options } = await read({ http: "0.0.0.0:1", httpTokenFile: tokenFile });
    assert.equal(options?.readerToken, token);
    const wrong = await read({ http: "h:1", httpCert: garbage, httpKey: garbage, httpClientCa: garbage });
    assert.deepEqual(wrong.problems, [
      "the files of --http-cert and --http-key must be a certificate in PEM and its unencrypted key",
      "the file of --http-client-ca must be certificates in PEM",
    ]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

it("every flag of the page can be set in the environment", () => {
  const { options } = addHttpOptions(new Command());
  assert.deepEqual(
    options.map(({ envVar }) => envVar),
    [
      ...["ROLLCALL_HTTP", "ROLLCALL_HTTP_TOKEN", "ROLLCALL_HTTP_TOKEN_FILE", "ROLLCALL_HTTP_OPERATOR_TOKEN"],
      ...["ROLLCALL_HTTP_OPERATOR_TOKEN_FILE", "ROLLCALL_HTTP_CERT", "ROLLCALL_HTTP_KEY", "ROLLCALL_HTTP_CLIENT_CA"],
    ],
  );
});

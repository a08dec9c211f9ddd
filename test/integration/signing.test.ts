import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { canary, collectingLogger } from "@rollcall/testing";
import { startFixtureCluster } from "@rollcall/testing/fixture";
import { own } from "@rollcall/testing/processes";
import { createPool, type PoolOptions, type PoolRequest, type RequestToSign, RollcallError } from "@rollcall/worker";
import { startSignedService } from "../support/signed-service.js";
import type { Account } from "../support/sigv4.js";
import { assertAsPromised, folder, runToEnd } from "./support-examples.js";

const account: Account = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: canary("aws-key"),
  sessionToken: canary("aws-token"),
  region: "eu-central-1",
  service: "es",
};
const environment = {
  AWS_ACCESS_KEY_ID: account.accessKeyId,
  AWS_SECRET_ACCESS_KEY: account.secretAccessKey,
  AWS_SESSION_TOKEN: account.sessionToken ?? "",
  AWS_REGION: account.region,
};
Object.assign(process.env, environment);

/** The example's module. A name after it: another instance of it, for this service. */
function moduleFor(service: string): URL {
  process.env.AWS_SERVICE = service;
  return new URL(`file://${folder}aws/sign.mjs?${service}`);
}

const ndjson = { "content-type": "application/x-ndjson" };

async function* pieces() {
  yield '{"index":{}}\n';
  yield '{"a":1}\n';
}

/** What goes wrong in practice when a request is signed in another form than it is sent. */
const requests: Readonly<Record<string, PoolRequest>> = {
  "a name with an encoded slash, a comma and an asterisk": { method: "GET", path: "/a%2Fb,logs-*/_doc/x%20y" },
  "date math in a name": { method: "GET", path: "/%3Clogs-%7Bnow%2Fd%7D%3E/_search" },
  "a plus, quotes, brackets and an at sign": { method: "GET", path: "/a+b/(x)!'@:$&=~/_doc/1" },
  "a path in another script": { method: "GET", path: `/${encodeURIComponent("日本語é")}/_search` },
  "names that occur twice, in no order, and have no value": { method: "GET", path: "/i/_search?b=2&a=2&a=1&c&d=" },
  "a query with spaces, slashes and stars": { method: "GET", path: "/_search", query: { q: "a b/c*+é", size: 1 } },
  "a body in another script": { method: "POST", path: "/i/_search", body: { query: { match: { a: "日本語" } } } },
  bytes: { method: "PUT", path: "/i/_doc/1", body: Buffer.from('{"a":"\u00e9"}') },
  "no body where one is usual": { method: "POST", path: "/i/_refresh" },
  "headers of its own": { method: "HEAD", path: "/i", headers: { "x-opaque-id": "1" } },
};

for (const [service, options] of [
  ["es", { threads: 0 }],
  ["es", { threads: 2, compression: { requests: true, aboveBytes: 0 } }],
  ["aoss", { threads: 0, discovery: false }],
] as const satisfies readonly (readonly [string, Partial<PoolOptions>])[]) {
  describe(`requests signed for ${service} by AWS's own signer, with ${options.threads} threads`, () => {
    it("every request has a signature that the service accepts, and so have probes and sniffs", async () => {
      await using node = await startSignedService({ ...account, service });
      await using pool = createPool({ nodes: [node.url], sign: moduleFor(service), logger: false, ...options });
      await pool.ready();
      const streamed = { method: "POST", path: "/_bulk", headers: ndjson, body: pieces() } as const;
      for (const [what, request] of Object.entries({ ...requests, "a body that streams": streamed })) {
        assert.equal((await pool.request(request)).status, 200, what);
      }
      assert.deepEqual(
        node.requests.flatMap(({ problem }) => problem ?? []),
        [],
      );
      assert.ok(node.requests.length > Object.keys(requests).length);
    });
  });
}

it("a retry after a 503 has a date and a signature of its own", async () => {
  await using node = await startSignedService(account);
  await using pool = createPool({ nodes: [node.url], sign: moduleFor("es"), logger: false, threads: 0 });
  const { status, attempts } = await pool.request({ method: "GET", path: "/unavailable/_search" });
  assert.deepEqual([status, attempts.map(({ code }) => code)], [200, ["503", "200"]]);
  const sent = node.requests.filter(({ target }) => target.startsWith("/unavailable/"));
  assert.deepEqual(
    sent.map(({ problem }) => problem),
    [undefined, undefined],
  );
  const valuesOf = (name: string) => new Set(sent.map(({ rawHeaders }) => rawHeaders[rawHeaders.indexOf(name) + 1]));
  assert.deepEqual([valuesOf("x-amz-date").size, valuesOf("authorization").size], [2, 2]);
});

describe("a hook in worker threads that fails", () => {
  const secret = canary("hook");
  const hook = ({ path }: RequestToSign) => {
    if (path.includes("hangs")) return new Promise(() => {});
    if (path.includes("throws")) throw new TypeError("SECRET");
    return { authorization: "signature" };
  };
  const text = `export default ${hook}`.replace("SECRET", secret);
  const sign = new URL(`data:text/javascript,${encodeURIComponent(text)}`);

  it("ends its request alone, by name and unsent, and leaves the nodes and the other requests as they are", async () => {
    await using cluster = await startFixtureCluster({ nodes: 2 });
    await using pool = createPool({ nodes: [...cluster.urls], sign, logger: false, threads: 2 });
    await pool.ready();
    const stop = new AbortController();
    const failed = (what: string) =>
      pool
        .request({ method: "GET", path: `/${what}/_search`, signal: stop.signal })
        .then(String, (error: unknown) => error);
    const [throws, hangs] = [failed("throws"), failed("hangs")];
    const answers = Array.from({ length: 20 }, () => pool.request({ method: "GET", path: "/logs/_search" }));
    assert.deepEqual(new Set((await Promise.all(answers)).map(({ status }) => status)), new Set([200]));
    const error = await throws;
    assert.ok(error instanceof RollcallError, String(error));
    assert.deepEqual([error.code, error.sent, error.attempts], ["SIGN", "no", []]);
    assert.equal(error.message, "`sign`, a module with a data: URL, threw TypeError");
    stop.abort();
    const ended = await hangs;
    assert.ok(ended instanceof RollcallError, String(ended));
    assert.deepEqual([ended.code, ended.sent, ended.attempts], ["ABORTED", "no", []]);
    assert.deepEqual(new Set(pool.nodes().map(({ state }) => state)), new Set(["healthy"]));
  });

  it("fails ready and every request at once where its module cannot be loaded, and the log says why, once", async () => {
    await using cluster = await startFixtureCluster({ nodes: 1 });
    const logger = collectingLogger();
    await using pool = createPool({ nodes: [...cluster.urls], sign: "/nowhere/sign.js", logger, threads: 2 });
    const refused = { code: "SIGN", sent: "no", message: /^`sign`, \/nowhere\/sign.js, cannot be loaded: there is no/ };
    await assert.rejects(pool.ready(), refused);
    await assert.rejects(pool.request({ method: "GET", path: "/" }), refused);
    assert.equal(logger.messages("error", "no request can be signed: `sign`, /nowhere/sign.js").length, 1);
    assert.doesNotMatch(logger.text(), /thread/);
  });
});

it("aws/search.mjs prints what its first lines say, by the pool and by the official client", async () => {
  await using node = await startSignedService(account);
  const { lines } = await runToEnd("aws/search.mjs", [node.url], { ...environment, AWS_SERVICE: "es" });
  assertAsPromised("aws/search.mjs", lines);
  assert.deepEqual(
    node.requests.flatMap(({ problem }) => problem ?? []),
    [],
  );
});

it("the commands sniff and doctor sign what they send", async () => {
  await using node = await startSignedService(account);
  const program = fileURLToPath(new URL("../../../packages/cli/dist/main.js", import.meta.url));
  const run = async (...words: readonly string[]) => {
    const all = [program, ...words, "--sign", `${folder}aws/sign.mjs`, "--json"];
    const child = spawn(process.execPath, all, { env: { ...process.env, ...environment, AWS_SERVICE: "es" } });
    const owned = await own(child);
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    await owned.gone;
    assert.match(stdout, /uuid-of-the-signed-cluster/, stderr);
  };
  await Promise.all([run("sniff", node.url), run("doctor", "--nodes", node.url)]);
  assert.deepEqual(
    node.requests.flatMap(({ problem }) => problem ?? []),
    [],
  );
  assert.ok(node.requests.length > 4);
});

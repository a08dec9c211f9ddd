import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { createServer, type TlsOptions } from "node:tls";
import type { TlsConfig } from "@rollcall/core/config";
import { endpointOf, okAnswer, openRig, portOf, startRawServer, summary } from "./dispatch-rig.test.support.js";

/** A key and its self-signed certificate for one address, by the `openssl` command. */
function makeCertificate(address: string): { readonly key: string; readonly cert: string } {
  const folder = mkdtempSync(join(tmpdir(), "rollcall-tls-"));
  try {
    const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "key.pem"];
    const subject = ["-subj", "/CN=test", "-addext", `subjectAltName=IP:${address}`];
    const parameters = ["req", "-x509", ...newKey, ...subject, "-days", "3", "-out", "cert.pem"];
    execFileSync("openssl", parameters, { cwd: folder, stdio: "ignore" });
    return { key: readFileSync(join(folder, "key.pem"), "utf8"), cert: readFileSync(join(folder, "cert.pem"), "utf8") };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const own = makeCertificate("127.0.0.1");
const another = makeCertificate("127.0.0.9");

async function startTlsServer(test: TestContext, options: TlsOptions) {
  const seen = { requests: 0 };
  const server = createServer(options, (socket) => {
    socket
      .on("error", () => {})
      .on("data", () => {
        seen.requests++;
        socket.write(okAnswer);
      });
  }).on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  test.after(() => server.close());
  return { origin: `https://127.0.0.1:${portOf(server)}`, seen };
}

function oneAttempt(test: TestContext, origin: string, tls: TlsConfig, connectTimeoutMs = 20_000) {
  const rig = openRig(test, { settings: { connectTimeoutMs } });
  rig.use(endpointOf(origin, { tls }));
  return { rig, result: rig.request({ class: "never", maxRetries: 0 }) };
}

describe("dispatch: TLS", () => {
  it("a node whose certificate is trusted serves", async (test) => {
    const { origin, seen } = await startTlsServer(test, own);
    const { result } = oneAttempt(test, origin, { ca: [own.cert] });
    assert.deepEqual(summary(await result), { status: 200, attempts: ["200"] });
    assert.equal(seen.requests, 1);
  });

  it("a node gets no request if its certificate is not trusted, is for another name, or is not the pinned one", async (test) => {
    const [good, misnamed] = [await startTlsServer(test, own), await startTlsServer(test, another)];
    const pin = new X509Certificate(another.cert).fingerprint256;
    const cases = [
      [good, {}, "DEPTH_ZERO_SELF_SIGNED_CERT", /self-signed/],
      [misnamed, { ca: [another.cert] }, "ERR_TLS_CERT_ALTNAME_INVALID", /another name/],
      [good, { caFingerprint: pin }, "ERR_TLS_CA_FINGERPRINT", /./],
    ] as const;
    for (const [server, tls, attempt, reason] of cases) {
      const { rig, result } = oneAttempt(test, server.origin, tls);
      assert.deepEqual(summary(await result), { code: "TLS", sent: "no", attempts: [attempt] });
      assert.equal(server.seen.requests, 0);
      assert.equal(rig.failures.length, 1);
      assert.match(rig.failures[0]?.reason ?? "", reason);
    }
  });

  it("connecting to a node whose certificate is not trusted is retried, and the error is TLS", async (test) => {
    const { origin } = await startTlsServer(test, own);
    const rig = openRig(test);
    rig.use(endpointOf(origin));
    const result = await rig.request({ class: "never" });
    assert.ok(result.kind === "failed");
    assert.deepEqual([result.error.code, result.error.sent], ["TLS", "no"]);
    assert.ok(result.error.attempts.length > 1);
  });

  for (const how of ["resets", "closes"] as const) {
    it(`a node that ${how} the connection during the handshake gets no request, and connecting is retried`, async (test) => {
      const server = await startRawServer(
        test,
        () => {},
        (socket) => socket.once("data", () => (how === "resets" ? socket.resetAndDestroy() : socket.destroy())),
      );
      const rig = openRig(test);
      rig.use(endpointOf(server.origin.replace("http:", "https:"), { tls: { ca: [own.cert] } }));
      const result = await rig.request({ class: "never" });
      assert.ok(result.kind === "failed");
      assert.deepEqual([result.error.code, result.error.sent], ["NO_NODE", "no"]);
      assert.ok(server.connections > 1);
      assert.equal(rig.failures.length, result.error.attempts.length);
    });
  }

  it("a handshake without an answer is given up after the connect timeout", async (test) => {
    const server = await startRawServer(test, () => {});
    const { rig, result } = oneAttempt(test, server.origin.replace("http:", "https:"), {}, 100);
    assert.deepEqual(summary(await result), { code: "CONNECT", sent: "no", attempts: ["UND_ERR_CONNECT_TIMEOUT"] });
    assert.deepEqual(
      rig.failures.map(({ reason }) => reason),
      ["no connection in time"],
    );
  });

  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    it(`a node that demands a client certificate over ${version} serves with one`, async (test) => {
      const only = { minVersion: version, maxVersion: version };
      const { origin } = await startTlsServer(test, { ...own, ...only, requestCert: true, ca: [another.cert] });
      const { result } = oneAttempt(test, origin, { ca: [own.cert], cert: another.cert, key: another.key });
      assert.deepEqual(summary(await result), { status: 200, attempts: ["200"] });
    });
  }
});

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer as createTcpServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import { createServer, type SecureVersion, type TlsOptions } from "node:tls";
import type { TlsConfig } from "@rollcall/core/config";
import { type Certificates, makeCertificates, type NodeCertificate } from "@rollcall/testing/certificates";
import { answer, endpointOf, okAnswer, openRig, portOf, startRawServer, summary } from "./dispatch-rig.test.support.js";

let own: Certificates;
let foreign: Certificates;
let good: NodeCertificate;
let expired: NodeCertificate;

before(async () => {
  [own, foreign] = await Promise.all([makeCertificates({ names: ["es1"] }), makeCertificates({ names: ["es1"] })]);
  [good, expired] = [own.nodes[0] as NodeCertificate, await own.issue("es1", -1)];
});

interface Served {
  readonly origin: string;
  /** How many requests the node has read. */
  readonly read: () => number;
}

async function listening(test: TestContext, server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  test.after(() => server.close());
  return portOf(server);
}

async function secured(test: TestContext, options: TlsOptions): Promise<Served> {
  let read = 0;
  const server = createServer(options, (socket) => {
    socket
      .on("error", () => {})
      .on("data", () => {
        read++;
        socket.write(okAnswer);
      });
  }).on("tlsClientError", () => {});
  return { origin: `https://127.0.0.1:${await listening(test, server)}`, read: () => read };
}

/** One that answers whatever it is sent with this, and closes. */
async function plain(test: TestContext, answered: string | Buffer): Promise<Served> {
  const server = createTcpServer((socket) => socket.on("error", () => {}).once("data", () => socket.end(answered)));
  return { origin: `https://127.0.0.1:${await listening(test, server)}`, read: () => 0 };
}

const asHttp = ({ origin, read }: Served): Served => ({ origin: origin.replace("https:", "http:"), read });
const demanding = (): TlsOptions => ({ ...good, requestCert: true, ca: own.ca });
const presenting = ({ key, cert }: NodeCertificate): TlsConfig => ({ ca: [own.ca], key, cert });

interface Fault {
  readonly what: string;
  readonly serve: (test: TestContext, version: TlsOptions) => Promise<Served>;
  readonly tls: () => TlsConfig;
  /** Of the attempt, by version where they differ. */
  readonly code: RegExp;
  readonly sentence: RegExp;
  readonly versions?: readonly SecureVersion[];
}

const either: readonly SecureVersion[] = ["TLSv1.2", "TLSv1.3"];
const trusting = (): TlsConfig => ({ ca: [own.ca] });
const clientCertificate = /`tls\.cert` and `tls\.key`/;

const faults: readonly Fault[] = [
  {
    what: "whose certificate has expired",
    serve: (test, version) => secured(test, { ...version, ...expired }),
    ...{ tls: trusting, code: /^CERT_HAS_EXPIRED$/, sentence: /has expired: renew it at the node/ },
  },
  {
    what: "whose certificate has expired, below a pinned authority,",
    serve: (test, version) => secured(test, { ...version, ...expired, cert: `${expired.cert}${own.ca}` }),
    tls: () => ({ caFingerprint: own.caFingerprint }),
    ...{ code: /^CERT_HAS_EXPIRED$/, sentence: /has expired: renew it at the node/ },
  },
  {
    what: "whose certificate is for another name",
    serve: (test, version) => secured(test, { ...version, ...good }),
    tls: () => ({ ca: [own.ca], serverName: "es2" }),
    ...{ code: /^ERR_TLS_CERT_ALTNAME_INVALID$/, sentence: /another name: set `tls.serverName`/ },
  },
  {
    what: "whose authority is unknown",
    serve: (test, version) => secured(test, { ...version, ...good }),
    ...{
      tls: () => ({ ca: [foreign.ca] }),
      code: /^UNABLE_TO_|^CERT_/,
      sentence: /authority is unknown: set `tls.ca`/,
    },
  },
  {
    what: "whose authority is not the pinned one",
    serve: (test, version) => secured(test, { ...version, ...good, cert: `${good.cert}${own.ca}` }),
    tls: () => ({ caFingerprint: foreign.caFingerprint }),
    ...{ code: /^ERR_TLS_CA_FINGERPRINT$/, sentence: /the authority of `tls.caFingerprint`/ },
  },
  {
    what: "that requires a client certificate, called without one,",
    serve: (test, version) => secured(test, { ...version, ...demanding() }),
    ...{ tls: trusting, code: /ALERT_(HANDSHAKE_FAILURE|CERTIFICATE_REQUIRED)$/, sentence: clientCertificate },
  },
  {
    what: "that does not trust the authority of the client certificate, and closes,",
    serve: (test, version) => secured(test, { ...version, ...demanding() }),
    tls: () => presenting(foreign.nodes[0] as NodeCertificate),
    ...{ code: /^ERR_TLS_HANDSHAKE_ENDED$/, sentence: clientCertificate },
  },
  {
    what: "that is sent a client certificate which has expired, and closes,",
    serve: (test, version) => secured(test, { ...version, ...demanding() }),
    ...{ tls: () => presenting(expired), code: /^ERR_TLS_HANDSHAKE_ENDED$/, sentence: clientCertificate },
  },
  {
    what: "that allows old versions of TLS alone",
    serve: (test) =>
      secured(test, { ...good, minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" }),
    ...{ tls: trusting, code: /PROTOCOL/, sentence: /no version of TLS is allowed at both ends/, versions: [] },
  },
  {
    what: "that allows no cipher of Node's",
    serve: (test) => secured(test, { ...good, minVersion: "TLSv1.3", ciphers: "TLS_AES_128_CCM_SHA256" }),
    ...{ tls: trusting, code: /HANDSHAKE_FAILURE$/, sentence: /no cipher that Node offers/, versions: [] },
  },
  {
    what: "that speaks no TLS and answers with HTTP",
    serve: (test) => plain(test, "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"),
    ...{ tls: trusting, code: /^ERR_SSL_/, sentence: /speaks no TLS: write http:/, versions: [] },
  },
  {
    what: "that speaks TLS, called without it,",
    serve: async (test, version) => asHttp(await secured(test, { ...version, ...good })),
    ...{ tls: () => ({}), code: /^ERR_TLS_ONLY$/, sentence: /speaks TLS, .* write https:/ },
  },
  {
    what: "that speaks TLS and requires a client certificate, called without TLS,",
    serve: async (test, version) => asHttp(await secured(test, { ...version, ...demanding() })),
    ...{ tls: () => ({}), code: /^ERR_TLS_ONLY$/, sentence: /speaks TLS, .* write https:/ },
  },
  {
    what: "that answers an alert of TLS to a request without it",
    serve: async (test) => asHttp(await plain(test, Buffer.from([0x15, 3, 3, 0, 2, 2, 0x50]))),
    ...{ tls: () => ({}), code: /^ERR_TLS_ONLY$/, sentence: /speaks TLS, .* write https:/, versions: [] },
  },
];

describe("dispatch: what is wrong between the two ends of TLS", () => {
  for (const { what, serve, tls, code, sentence, versions = either } of faults) {
    const cases = versions.length === 0 ? [undefined] : versions;
    for (const version of cases) {
      const over = version === undefined ? "" : ` over ${version}`;
      const only = version === undefined ? {} : { minVersion: version, maxVersion: version };

      it(`a node ${what} reads no request${over}: a write fails with TLS and what to do, or moves on`, async (test) => {
        const node = await serve(test, only);
        const rig = openRig(test);
        rig.use(endpointOf(node.origin, { tls: tls() }));
        const result = await rig.request({ method: "POST", class: "never", maxRetries: 0 });
        assert.ok(result.kind === "failed");
        const { error } = result;
        assert.deepEqual([error.code, error.sent, error.attempts.length], ["TLS", "no", 1]);
        assert.match(error.attempts[0]?.code ?? "", code);
        assert.match(error.message, sentence);
        assert.match(rig.failures[0]?.reason ?? "", sentence);

        const other = await startRawServer(test, answer);
        const both = openRig(test);
        both.use(endpointOf(node.origin, { tls: tls() }), other.origin);
        for (let sent = 0; sent < 3; sent++) {
          const { status } = summary(await both.request({ method: "POST", class: "never" }));
          assert.equal(status, 200);
        }
        assert.deepEqual([node.read(), other.requests.length], [0, 3]);
      });
    }
  }

  it("a node without TLS that closes a new connection may have read the request", async (test) => {
    const node = asHttp(await plain(test, ""));
    const rig = openRig(test);
    rig.use(endpointOf(node.origin));
    assert.deepEqual(summary(await rig.request({ method: "POST", class: "never" })), {
      ...{ code: "DISCONNECTED", sent: "maybe", attempts: ["UND_ERR_SOCKET"] },
    });
  });
});

describe("dispatch: refusals of a client certificate by an alert", () => {
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "rollcall-alerts-"));
    const files = { "key.pem": good.key, "cert.pem": good.cert, "ca.pem": own.ca };
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text, { mode: 0o600 });
  });
  after(() => rm(folder, { recursive: true, force: true }));

  /** OpenSSL's own server says why it refuses; Node's closes the connection. */
  async function openssl(test: TestContext, version: "-tls1_2" | "-tls1_3"): Promise<string> {
    const named = ["-key", "key.pem", "-cert", "cert.pem", "-CAfile", "ca.pem", "-Verify", "3", "-verify_return_error"];
    const server = spawn("openssl", ["s_server", "-accept", "127.0.0.1:0", version, ...named, "-www"], { cwd: folder });
    test.after(() => server.kill());
    for await (const text of server.stdout) {
      const port = /ACCEPT 127\.0\.0\.1:(\d+)/.exec(String(text))?.[1];
      if (port !== undefined) return `https://127.0.0.1:${port}`;
    }
    throw new Error("openssl has not said where it listens");
  }

  const refusals = [
    ["one of an unknown authority", () => presenting(foreign.nodes[0] as NodeCertificate), /ALERT_UNKNOWN_CA$/],
    ["one that has expired", () => presenting(expired), /ALERT_CERTIFICATE_EXPIRED$/],
    ["none", trusting, /ALERT_(HANDSHAKE_FAILURE|CERTIFICATE_REQUIRED)$/],
  ] as const;
  for (const version of ["-tls1_2", "-tls1_3"] as const) {
    for (const [what, tls, code] of refusals) {
      it(`a write fails with TLS and was not sent where the node is given ${what} (${version})`, async (test) => {
        const rig = openRig(test);
        rig.use(endpointOf(await openssl(test, version), { tls: tls() }));
        const result = await rig.request({ method: "POST", class: "never", maxRetries: 0 });
        assert.ok(result.kind === "failed");
        assert.deepEqual([result.error.code, result.error.sent], ["TLS", "no"]);
        assert.match(result.error.attempts[0]?.code ?? "", code);
        assert.match(result.error.message, /`tls\.cert`/);
      });
    }
  }
});

import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, createServer as createPlainServer, type Server } from "node:net";
import { after, it } from "node:test";
import { createServer } from "node:tls";
import { freePort } from "@rollcall/testing";
import { systemTimers } from "../system-timers.js";
import { issue, type KeyPair, makeAuthority } from "./certificates.test.support.js";
import { type ConnectionTarget, examineConnection } from "./examine-connection.js";

const servers: Server[] = [];
after(() => servers.forEach((server) => void server.close()));

async function listening(server: Server): Promise<number> {
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

const serving = (pair: KeyPair, more = {}) =>
  listening(createServer({ ...pair, ...more }, (socket) => socket.on("error", () => {})));

const parts = { timeoutMs: 30_000, timers: systemTimers, wallNowMs: Date.now };
const examine = (port: number, tls?: ConnectionTarget["tls"]) =>
  examineConnection({ address: "127.0.0.1", port, ...(tls === undefined ? {} : { tls }) }, parts);

it("an examination shows the chain that a pool would accept or refuse, and why", async () => {
  const [authority, stranger] = await Promise.all([makeAuthority("ours"), makeAuthority("theirs")]);
  const names = ["DNS:es1", "IP:127.0.0.1"];
  const [good, expired] = await Promise.all([issue(authority, names), issue(authority, names, -1)]);
  const port = await serving({ ...good, cert: `${good.cert}${authority.cert}` });
  const { fingerprint256 } = new X509Certificate(authority.cert);
  const host = "127.0.0.1";
  const problemWith = async (at: number, tls: ConnectionTarget["tls"]) => (await examine(at, tls)).tls?.problem;

  const { tcp, tls } = await examine(port, { host, config: { ca: [authority.cert] } });
  assert.deepEqual([tcp.ok, tls?.handshake.ok, tls?.problem, tls?.protocol], [true, true, undefined, "TLSv1.3"]);
  assert.deepEqual(
    tls?.chain.map(({ subject, names }) => [subject, names]),
    [
      ["CN=node", "DNS:es1, IP Address:127.0.0.1"],
      ["CN=ours", ""],
    ],
  );
  assert.deepEqual(tls?.authority, { name: "CN=ours", fingerprint256 });

  assert.equal(await problemWith(port, { host: "es1", config: { ca: [authority.cert] } }), undefined);
  assert.equal(
    await problemWith(port, { host: "es2", config: { ca: [authority.cert] } }),
    "ERR_TLS_CERT_ALTNAME_INVALID",
  );
  assert.equal(
    await problemWith(port, { host: "es2", config: { ca: [authority.cert], serverName: "es1" } }),
    undefined,
  );
  assert.equal(await problemWith(port, { host, config: {} }), "SELF_SIGNED_CERT_IN_CHAIN");
  assert.equal(await problemWith(port, { host, config: { caFingerprint: fingerprint256 } }), undefined);
  const other = new X509Certificate(stranger.cert).fingerprint256;
  assert.equal(await problemWith(port, { host, config: { caFingerprint: other } }), "ERR_TLS_CA_FINGERPRINT");
  assert.equal(
    await problemWith(await serving(expired), { host, config: { ca: [authority.cert] } }),
    "CERT_HAS_EXPIRED",
  );
});

it("an examination shows the step that fails: no listener, no TLS, a key that cannot be read", async () => {
  const closed = await examine(await freePort());
  assert.deepEqual(closed.tcp.ok ? "open" : closed.tcp.code, "ECONNREFUSED");
  const plain = await listening(
    createPlainServer((socket) => socket.on("error", () => {}).end("HTTP/1.1 400 Bad Request\r\n\r\n")),
  );
  const codeOf = async (config: object) => {
    const handshake = (await examine(plain, { host: "es1", config })).tls?.handshake;
    return handshake?.ok === false ? handshake.code : "none";
  };
  assert.match(await codeOf({}), /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG/);
  assert.match(await codeOf({ cert: "x", key: "y" }), /^ERR_/);
});

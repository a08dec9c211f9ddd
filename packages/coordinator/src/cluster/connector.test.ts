import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { createServer } from "node:https";
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from "node:net";
import { after, before, describe, it } from "node:test";
import type { TlsConfig } from "@rollcall/core/config";
import { createHostPolicy } from "@rollcall/core/policy";
import { settled, waitUntil } from "@rollcall/testing";
import { Client } from "undici";
import { systemTimers } from "../system-timers.js";
import { endpointAt } from "../testing.test.support.js";
import { issue, type KeyPair, makeAuthority } from "./certificates.test.support.js";
import { type ConnectorOptions, createConnector } from "./connector.js";
import type { Endpoint } from "./endpoint.js";
import { NameCache } from "./name-cache.js";

const names = new NameCache(systemTimers);
const common = { names, timers: systemTimers, wallNowMs: Date.now };

const open: { close(): unknown }[] = [];
after(() => Promise.all(open.map((one) => one.close())));

async function listen<T extends Server>(server: T): Promise<number> {
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

/** A server with that key that sends that chain. */
function serve(key: string, ...chain: string[]): Promise<number> {
  const server = createServer({ key, cert: chain.join("\n") }, (_request, response) => response.end("served"));
  server.on("tlsClientError", () => {});
  return listen(server);
}

/** "served", or the code and message of the failure. */
async function call(endpoint: Endpoint, more: Partial<ConnectorOptions> = {}): Promise<string> {
  const connect = createConnector({ endpoint }, { connectTimeoutMs: 20_000, ...common, opening: 4, ...more });
  const client = new Client(endpoint.origin, { connect, headersTimeout: 20_000 });
  try {
    const { body } = await client.request({ method: "GET", path: "/" });
    return await body.text();
  } catch (error) {
    assert.ok(error instanceof Error);
    return `${"code" in error ? error.code : error.name} ${error.message}`;
  } finally {
    await client.destroy();
  }
}

/** Every name has these addresses. */
function resolvingTo(...addresses: string[]): NameCache {
  const found = addresses.map((address) => ({ address, family: 4 }));
  return new NameCache(systemTimers, (_host, done) => setImmediate(done, null, found));
}

const over = (port: number, tls: TlsConfig, host = "127.0.0.1") =>
  call(endpointAt(port, { scheme: "https", host, tls }));
const fingerprintOf = ({ cert }: KeyPair) => new X509Certificate(cert).fingerprint256;

describe("connector with TLS", () => {
  let authority: KeyPair;
  let impostor: KeyPair;
  let node: KeyPair;
  let nodePort: number;

  before(async () => {
    // The same name, so that only a signature shows whose certificate it is.
    [authority, impostor] = await Promise.all([makeAuthority("search CA"), makeAuthority("search CA")]);
    node = await issue(authority, ["DNS:localhost", "IP:127.0.0.1"]);
    nodePort = await serve(node.key, node.cert, authority.cert);
  });

  it("only the configured authorities are trusted", async () => {
    assert.equal(await over(nodePort, { ca: [authority.cert] }), "served");
    assert.match(await over(nodePort, { ca: [impostor.cert] }), /^(CERT|SELF|UNABLE)_/);
    assert.match(await over(nodePort, {}), /^(SELF_SIGNED|UNABLE_TO)/);
  });

  it("with only a fingerprint, only the pinned authority is trusted", async () => {
    assert.equal(await over(nodePort, { caFingerprint: fingerprintOf(authority) }), "served");
    assert.match(await over(nodePort, { caFingerprint: fingerprintOf(impostor) }), /^ERR_TLS_CA_FINGERPRINT/);
  });

  it("with an authority and a fingerprint, both must match", async () => {
    const caFingerprint = fingerprintOf(authority);
    assert.equal(await over(nodePort, { ca: [authority.cert], caFingerprint }), "served");
    assert.match(await over(nodePort, { ca: [impostor.cert], caFingerprint }), /^(CERT|SELF|UNABLE)_/);
    const wrong = { ca: [authority.cert], caFingerprint: fingerprintOf(impostor) };
    assert.match(await over(nodePort, wrong), /^ERR_TLS_CA_FINGERPRINT/);
  });

  it("a pinned authority must be in the chain, and a server's own certificate can be pinned", async () => {
    const port = await serve(node.key, node.cert);
    assert.match(
      await over(port, { caFingerprint: fingerprintOf(authority) }),
      /^ERR_TLS_CA_FINGERPRINT no certificate/,
    );
    assert.equal(await over(port, { caFingerprint: fingerprintOf(node) }), "served");
  });

  it("a chain with the pinned authority behind a certificate that it did not sign is refused", async () => {
    const forged = await issue(impostor, ["IP:127.0.0.1"]);
    const port = await serve(forged.key, forged.cert, authority.cert);
    assert.match(await over(port, { caFingerprint: fingerprintOf(authority) }), /^ERR_TLS_CA_FINGERPRINT/);
  });

  it("a certificate signed by a server's certificate is refused", async () => {
    const forged = await issue({ key: node.key, cert: node.cert }, ["IP:127.0.0.1"]);
    const port = await serve(forged.key, forged.cert, node.cert, authority.cert);
    assert.match(await over(port, { caFingerprint: fingerprintOf(authority) }), /^ERR_TLS_CA_FINGERPRINT/);
    assert.match(await over(port, { caFingerprint: fingerprintOf(node) }), /^ERR_TLS_CA_FINGERPRINT/);
  });

  it("an expired certificate is refused, by authority and by pin", async () => {
    const expired = await issue(authority, ["IP:127.0.0.1"], -1);
    const port = await serve(expired.key, expired.cert, authority.cert);
    assert.match(await over(port, { ca: [authority.cert] }), /^CERT_HAS_EXPIRED/);
    assert.match(await over(port, { caFingerprint: fingerprintOf(authority) }), /^CERT_HAS_EXPIRED/);
  });

  it("a certificate whose time has not come is refused by a pin, whatever its fingerprint", async () => {
    const endpoint = endpointAt(nodePort, { scheme: "https", tls: { caFingerprint: fingerprintOf(authority) } });
    assert.match(await call(endpoint, { wallNowMs: () => 0 }), /^CERT_NOT_YET_VALID/);
  });

  it("a certificate for another name is refused unless that name is configured, by authority and by pin", async () => {
    const other = await issue(authority, ["DNS:es1.internal"]);
    const port = await serve(other.key, other.cert, authority.cert);
    const [ca, caFingerprint] = [[authority.cert], fingerprintOf(authority)];
    assert.match(await over(port, { ca }), /^ERR_TLS_CERT_ALTNAME_INVALID/);
    assert.match(await over(port, { caFingerprint }), /^ERR_TLS_CERT_ALTNAME_INVALID/);
    assert.equal(await over(port, { ca, serverName: "es1.internal" }), "served");
    assert.equal(await over(port, { caFingerprint, serverName: "es1.internal" }), "served");
    assert.match(await over(port, { caFingerprint, serverName: "es2.internal" }), /^ERR_TLS_CERT_ALTNAME_INVALID/);
  });

  it("NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment switches no check off", async () => {
    const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
    try {
      assert.match(await over(nodePort, {}), /^(SELF_SIGNED|UNABLE_TO)/);
      assert.match(await over(nodePort, { ca: [impostor.cert] }), /^(CERT|SELF|UNABLE)_/);
      assert.match(await over(nodePort, { caFingerprint: fingerprintOf(impostor) }), /^ERR_TLS_CA_FINGERPRINT/);
      assert.equal(await over(nodePort, { ca: [authority.cert] }), "served");
    } finally {
      if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
      else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before;
    }
  });

  it("with `unsafeSkipVerification` a certificate passes that is self-signed, for another name or expired", async () => {
    const skips = { unsafeSkipVerification: true } as const;
    const [selfSigned, misnamed, expired] = await Promise.all([
      makeAuthority("itself"),
      issue(impostor, ["DNS:es9.internal"]),
      issue(impostor, ["IP:127.0.0.1"], -1),
    ]);
    for (const { key, cert } of [selfSigned, misnamed, expired]) {
      const port = await serve(key, cert);
      assert.equal(await over(port, skips), "served");
      assert.match(await over(port, {}), /^(CERT|DEPTH|INVALID|SELF|UNABLE)_/);
    }
  });

  it("a server is called by its name without the final dot", async () => {
    const names: string[] = [];
    const SNICallback = (name: string, done: (error: Error | null) => void) => {
      names.push(name);
      done(null);
    };
    const server = createServer({ key: node.key, cert: node.cert, SNICallback }, (request, response) =>
      response.end(request.headers.host),
    );
    const port = await listen(server);
    const endpoint = endpointAt(port, { scheme: "https", host: "localhost.", tls: { ca: [authority.cert] } });
    assert.equal(await call(endpoint, { names: resolvingTo("127.0.0.1") }), `localhost:${port}`);
    assert.deepEqual(names, ["localhost"]);
  });

  it("a handshake that takes longer than the wait before the next address succeeds all the same", async () => {
    const accepted: Socket[] = [];
    const { key, cert } = await issue(authority, ["DNS:es1.test"]);
    const behind = createServer({ key, cert }, (_request, response) => response.end("served"));
    await listen(behind);
    // Only the first connection gets any further, and late.
    const slowPort = await listen(
      createTcpServer((socket) => {
        accepted.push(socket.on("error", () => {}));
        if (accepted.length === 1) setTimeout(() => behind.emit("connection", socket), 320);
      }),
    );
    const endpoint = endpointAt(slowPort, { scheme: "https", host: "es1.test", tls: { ca: [authority.cert] } });
    assert.equal(await call(endpoint, { names: resolvingTo("127.0.0.1", "127.0.0.1") }), "served");
    assert.equal(accepted.length, 2);
    for (const socket of accepted) socket.destroy();
  });

  it("the pin is checked for every connection", async () => {
    const endpoint = endpointAt(nodePort, { scheme: "https", tls: { caFingerprint: fingerprintOf(authority) } });
    const connect = createConnector({ endpoint }, { connectTimeoutMs: 20_000, ...common, opening: 1 });
    for (let time = 0; time < 3; time++) {
      const client = new Client(endpoint.origin, { connect });
      assert.equal((await client.request({ method: "GET", path: "/" })).statusCode, 200);
      await client.destroy();
    }
  });

  it("a key that cannot be read fails every connection", async () => {
    const endpoint = endpointAt(nodePort, { scheme: "https", tls: { cert: node.cert, key: "no key" } });
    const connect = createConnector({ endpoint }, { connectTimeoutMs: 20_000, ...common, opening: 1 });
    const client = new Client(endpoint.origin, { connect });
    for (let time = 0; time < 3; time++)
      await assert.rejects(client.request({ method: "GET", path: "/" }), /PEM|DECODER|key/i);
    await client.destroy();
  });
});

describe("connector that looks names up", () => {
  const policyFor = (...hosts: string[]) =>
    createHostPolicy({
      seeds: [{ scheme: "http", host: "es.example.com", port: 9200, pathPrefix: "", addresses: ["203.0.113.7"] }],
      ...(hosts.length === 0 ? {} : { allow: { hosts } }),
      hasCredentials: true,
    });

  it("no connection is opened to an address that the host policy refuses", async () => {
    let connections = 0;
    const port = await listen(createTcpServer(() => connections++));
    const refused = await call(endpointAt(port, { host: "localhost", policy: policyFor() }));
    assert.match(refused, /^ERR_HOST_REFUSED .*discovery\.allow/);
    await settled();
    assert.equal(connections, 0);
  });

  it("a name beside a configured one is dialled at a foreign address only where its certificate is verified", async () => {
    const port = await listen(createTcpServer((socket) => socket.destroy()));
    const policy = createHostPolicy({
      seeds: [{ scheme: "https", host: "es1.example.com", port: 9200, pathPrefix: "", addresses: ["203.0.113.7"] }],
      hasCredentials: true,
      parentDomain: () => "example.com",
    });
    const at = (tls: TlsConfig) =>
      call(endpointAt(port, { scheme: "https", host: "es2.example.com", policy, tls }), {
        names: resolvingTo("127.0.0.1"),
      });
    assert.match(await at({ unsafeSkipVerification: true }), /^ERR_HOST_REFUSED .*not verified/);
    assert.match(await at({}), /^ECONNRESET/);
  });

  it("the current host policy decides, not the one at the start", async () => {
    const port = await serveHttp();
    const node = { endpoint: endpointAt(port, { host: "localhost", policy: policyFor("127.0.0.0/8", "::1") }) };
    const client = new Client(node.endpoint.origin, {
      connect: createConnector(node, { connectTimeoutMs: 20_000, ...common, opening: 1 }),
      pipelining: 0,
    });
    await (await client.request({ method: "GET", path: "/" })).body.text();
    node.endpoint = { ...node.endpoint, policy: policyFor() };
    await assert.rejects(client.request({ method: "GET", path: "/" }), { code: "ERR_HOST_REFUSED" });
    await client.destroy();
  });

  it("the published address is dialled if the name does not resolve and the policy allows it", async () => {
    const port = await serveHttp();
    const given = { host: "es1.invalid", fallbackAddress: "127.0.0.1" };
    assert.equal(await call(endpointAt(port, given)), "served");
    assert.match(await call(endpointAt(port, { ...given, policy: policyFor() })), /^ERR_HOST_REFUSED/);
    assert.match(await call(endpointAt(port, { host: "es1.invalid" })), /^(ENOTFOUND|EAI_AGAIN)/);
  });

  it("a name whose first address refuses is reached at its second", async () => {
    const port = await serveHttp();
    const names = resolvingTo("127.0.0.2", "127.0.0.1");
    assert.equal(await call(endpointAt(port, { host: "es1.test" }), { names }), "served");
  });

  it("what the name of a configured node resolved to last is dialled while the resolver is away", async () => {
    const port = await serveHttp();
    const away = Object.assign(new Error("away"), { code: "EAI_AGAIN" });
    const names = new NameCache(systemTimers, (_host, done) => setImmediate(done, away, []));
    const lastAddresses = ["127.0.0.1"];
    assert.equal(await call(endpointAt(port, { host: "es1.test", lastAddresses }), { names }), "served");
    assert.match(await call(endpointAt(port, { host: "es1.test" }), { names }), /^EAI_AGAIN/);
  });

  async function serveHttp(): Promise<number> {
    return listen(
      createTcpServer((socket) => {
        socket.on("error", () => {});
        socket.once("data", () =>
          socket.end("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 6\r\n\r\nserved"),
        );
      }),
    );
  }
});

describe("connector whose connections hang", () => {
  /** A server that takes connections and never says a word, so that no TLS handshake ends. */
  async function hanging() {
    const sockets: Socket[] = [];
    const port = await listen(
      createTcpServer((socket) => {
        socket.on("error", () => {}).resume();
        sockets.push(socket);
      }),
    );
    return { sockets, endpoint: endpointAt(port, { scheme: "https" }) };
  }

  function dial(endpoint: Endpoint, connections: number, signal?: AbortSignal) {
    const connect = createConnector(
      { endpoint },
      { connectTimeoutMs: 60_000, ...common, opening: 2, ...(signal === undefined ? {} : { signal }) },
    );
    const failures: string[] = [];
    const target = { hostname: endpoint.host, protocol: "https:", port: `${endpoint.port}`, host: endpoint.address };
    for (let count = 0; count < connections; count++) {
      connect(target, (...[error]) => {
        failures.push(error !== null && "code" in error ? `${error.code}` : "none");
      });
    }
    return failures;
  }

  it("no more than `opening` connections open at once, and the next follow as those end", async () => {
    const { sockets, endpoint } = await hanging();
    const failures = dial(endpoint, 5);
    await waitUntil("two connections are opening", () => sockets.length >= 2);
    await settled();
    assert.equal(sockets.length, 2);
    sockets[0]?.destroy();
    await waitUntil("a third follows", () => sockets.length >= 3);
    await settled();
    assert.deepEqual([sockets.length, failures.length], [3, 1]);
    await waitUntil("all have had their turn", () => {
      for (const socket of sockets) socket.destroy();
      return failures.length === 5;
    });
  });

  it("the abort signal ends the opening connections, and no other is opened", async () => {
    const { sockets, endpoint } = await hanging();
    const stop = new AbortController();
    const failures = dial(endpoint, 3, stop.signal);
    await waitUntil("two connections are opening", () => sockets.length >= 2);
    stop.abort();
    await waitUntil("the server sees them end", () =>
      sockets.every(({ readableEnded, destroyed }) => readableEnded || destroyed),
    );
    await waitUntil("all have failed", () => failures.length === 3);
    assert.deepEqual([failures, sockets.length], [["ERR_CLOSED", "ERR_CLOSED", "ERR_CLOSED"], 2]);
  });
});

describe("connector that measures", () => {
  it("the time of each connection that was made is reported, and of none that failed", async () => {
    const took: number[] = [];
    let nowMs = 0;
    const timed = { nowMs: () => (nowMs += 7), took: (ms: number) => took.push(ms) };
    const connecting = (port: number) =>
      new Promise<boolean>((resolve) => {
        const connect = createConnector(
          { endpoint: endpointAt(port) },
          { connectTimeoutMs: 20_000, ...common, opening: 1, timed },
        );
        const target = { hostname: "127.0.0.1", host: "127.0.0.1", protocol: "http:", port: String(port) };
        connect({ ...target, servername: "" }, (error, socket) => {
          socket?.destroy();
          resolve(error === null);
        });
      });
    assert.equal(await connecting(await listen(createTcpServer())), true);
    const gone = createTcpServer();
    const port = await listen(gone);
    await new Promise((resolve) => gone.close(resolve));
    assert.equal(await connecting(port), false);
    assert.deepEqual(took, [7]);
  });
});

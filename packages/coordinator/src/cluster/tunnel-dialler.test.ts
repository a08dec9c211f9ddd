import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo, OnReadOpts, Socket } from "node:net";
import { after, before, describe, it } from "node:test";
import { type ClusterConfig, parseClusterConfig } from "@rollcall/core/config";
import { ManualTimers, waitUntil } from "@rollcall/testing";
import { type ConnectFault, type ConnectProxy, startConnectProxy } from "@rollcall/testing/proxies";
import { Client } from "undici";
import { systemTimers } from "../system-timers.js";
import { endpointAt } from "../testing.test.support.js";
import { issue, type KeyPair, makeAuthority } from "./certificates.test.support.js";
import { type ConnectorOptions, createConnector } from "./connector.js";
import type { Endpoint } from "./endpoint.js";
import { NameCache } from "./name-cache.js";

const secret = "pass word";

describe("connections through a proxy", { timeout: 60_000 }, () => {
  let authority: KeyPair;
  let nodeKeys: KeyPair;
  let plain: ConnectProxy;
  let secure: ConnectProxy;
  const servers: Server[] = [];
  const ports = { http: 0, https: 0 };

  before(async () => {
    authority = await makeAuthority("proxies' CA");
    nodeKeys = await issue(authority, ["DNS:es1.inside"]);
    const { key, cert } = await issue(authority, ["DNS:proxy.test"]);
    // What only a proxy can look up.
    const hosts = { "es1.inside": "127.0.0.1" };
    plain = await startConnectProxy({ hosts, userinfo: `user:${secret}` });
    secure = await startConnectProxy({ hosts, tls: { key, cert } });
    for (const [scheme, server] of [
      ["http", createServer()],
      ["https", createSecureServer(nodeKeys)],
    ] as const) {
      server.on("request", (request, response) => response.end(`${scheme} ${request.headers.host}`));
      server.on("tlsClientError", () => {});
      servers.push(server);
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      ports[scheme] = (server.address() as AddressInfo).port;
    }
  });
  after(async () => {
    for (const server of servers) server.closeAllConnections();
    for (const server of servers) server.close();
    await Promise.all([plain.stop(), secure.stop()]);
  });

  /** Only the proxy's own name is known here. */
  const names = new NameCache(systemTimers, (name, done) => {
    const isProxy = name === "proxy.test";
    const unknown = Object.assign(new Error(`no ${name}`), { code: "ENOTFOUND" });
    setImmediate(done, isProxy ? null : unknown, isProxy ? [{ address: "127.0.0.1", family: 4 }] : []);
  });
  const common = { names, timers: systemTimers, wallNowMs: Date.now, connectTimeoutMs: 20_000 };
  const targetOf = ({ scheme, host, port, address }: Endpoint) => {
    return { hostname: host, protocol: `${scheme}:`, port: `${port}`, host: address };
  };
  const proxyOf = (proxy: unknown) =>
    parseClusterConfig({ nodes: ["http://es1"], proxy }).proxy as NonNullable<ClusterConfig["proxy"]>;
  const throughPlain = (userinfo = `user:${encodeURIComponent(secret)}@`) =>
    proxyOf(`http://${userinfo}127.0.0.1:${plain.port}`);
  const throughSecure = () => proxyOf({ url: `https://proxy.test:${secure.port}`, tls: { ca: authority.cert } });

  const inside = (scheme: "http" | "https", proxy: Endpoint["proxy"]) =>
    endpointAt(ports[scheme], { scheme, host: "es1.inside", tls: { ca: [authority.cert] }, ...(proxy && { proxy }) });

  async function call(endpoint: Endpoint, more: Partial<ConnectorOptions> = {}): Promise<string> {
    const connect = createConnector({ endpoint }, { ...common, opening: 4, ...more });
    const client = new Client(endpoint.origin, { connect });
    try {
      return await (await client.request({ method: "GET", path: "/" })).body.text();
    } catch (error) {
      assert.ok(error instanceof Error);
      return `${"code" in error ? error.code : error.name} ${error.message}`;
    } finally {
      await client.destroy();
    }
  }

  it("plain and TLS nodes are reached through a plain and a TLS proxy, which looks their names up", async () => {
    for (const scheme of ["http", "https"] as const) {
      const served = `${scheme} es1.inside:${ports[scheme]}`;
      assert.equal(await call(inside(scheme, throughPlain())), served);
      assert.equal(await call(inside(scheme, throughSecure())), served);
    }
    assert.deepEqual(new Set(plain.asked), new Set([`es1.inside:${ports.http}`, `es1.inside:${ports.https}`]));
    assert.deepEqual(secure.credentials, []);
  });

  it("the socket that its owner reads is the one in which the node's answers come, in every kind of tunnel", async () => {
    for (const scheme of ["http", "https"] as const) {
      for (const proxy of [throughPlain(), throughSecure()]) {
        const attached: Socket[] = [];
        const callback: OnReadOpts["callback"] = (byteLength, { buffer, byteOffset }) =>
          attached[0]?.push(Buffer.from(buffer.slice(byteOffset, byteOffset + byteLength))) ?? false;
        const onread: OnReadOpts = { buffer: Buffer.alloc(65_536), callback };
        const reads = () => ({ onread, attach: (socket: Socket) => void attached.push(socket) });
        const endpoint = inside(scheme, proxy);
        const connect = createConnector({ endpoint }, { ...common, opening: 1, reads });
        const socket = await new Promise((resolve) => connect(targetOf(endpoint), (...[, opened]) => resolve(opened)));
        assert.deepEqual([attached.length, attached[0] === socket], [1, true]);
        attached[0]?.destroy();
      }
    }
  });

  it("a node's certificate is checked through a proxy as without one", async () => {
    const endpoint = { ...inside("https", throughPlain()), tls: {} };
    assert.match(await call(endpoint), /^(SELF_SIGNED|UNABLE_TO)/);
    const pinned = { ...endpoint, tls: { caFingerprint: `${"00:".repeat(31)}00` } };
    assert.match(await call(pinned), /^ERR_TLS_CA_FINGERPRINT/);
  });

  it("a proxy's own failure says which proxy and why, and shows no credential", async () => {
    const shown = `the proxy http://127\\.0\\.0\\.1:${plain.port}`;
    const rejected = await call(inside("http", throughPlain("user:canary-wrong@")));
    assert.match(rejected, new RegExp(`^ERR_PROXY_AUTH ${shown} .*\\(407\\): correct the one in \`proxy\``));
    assert.match(await call(inside("http", throughPlain(""))), /^ERR_PROXY_AUTH .*set one in `proxy`/);
    const untrusted = proxyOf(`https://proxy.test:${secure.port}`);
    assert.match(await call(inside("http", untrusted)), /^ERR_PROXY_UNREACHABLE .*`proxy\.tls\.ca`/);
    const closedPort = proxyOf("http://user:canary-wrong@127.0.0.1:1");
    assert.match(
      await call(inside("https", closedPort)),
      /^ERR_PROXY_UNREACHABLE .*:1 cannot be .*connection refused$/,
    );
    const unknown = proxyOf("http://nowhere.test:3128");
    assert.match(await call(inside("http", unknown)), /^ERR_PROXY_UNREACHABLE .*does not resolve$/);
    for (const text of [rejected, await call(inside("http", closedPort))]) assert.doesNotMatch(text, /canary|user/);
  });

  const faults: readonly (readonly [ConnectFault, RegExp])[] = [
    [401, /^ERR_PROXY_AUTH the proxy .* asks for another credential \(401\)/],
    [403, /^ERR_PROXY_REFUSED the proxy .* refuses to connect to es1\.inside:\d+ \(403\)$/],
    [502, /^ERR_PROXY_NODE the proxy .* cannot connect to es1\.inside:\d+ \(502\)$/],
    [503, /^ERR_PROXY_NODE .*\(503\)$/],
    ["close", /^ERR_PROXY_ANSWER .* has closed the connection/],
    ["garbage", /^ERR_PROXY_ANSWER .* does not answer CONNECT with HTTP$/],
  ];
  for (const [fault, expected] of faults) {
    it(`a proxy that answers CONNECT with ${fault} fails the connection with a sentence of its own`, async () => {
      plain.fault = fault;
      try {
        assert.match(await call(inside("https", throughPlain())), expected);
      } finally {
        plain.fault = undefined;
      }
    });
  }

  it("a proxy that leaves CONNECT unanswered gets the time to connect, and no more", async () => {
    plain.fault = "hang";
    const timers = new ManualTimers();
    const before = plain.asked.length;
    try {
      const calling = call(inside("https", throughPlain()), { timers, connectTimeoutMs: 3_000 });
      await waitUntil("the proxy was asked", () => plain.asked.length > before);
      timers.advance(2_999);
      timers.advance(1);
      assert.match(await calling, /^ERR_PROXY_TIMEOUT .* has not connected to es1\.inside:\d+ within 3000 ms$/);
    } finally {
      plain.fault = undefined;
    }
  });

  it("a connection that is given up in any step leaves no tunnel open", async () => {
    const endpoint = inside("https", throughPlain());
    for (const fault of ["hang", undefined] as const) {
      plain.fault = fault;
      const stop = new AbortController();
      const before = plain.asked.length;
      const failed = new Promise<Error | null>((resolve) => {
        const connect = createConnector({ endpoint }, { ...common, opening: 1, signal: stop.signal });
        connect(targetOf(endpoint), (...[error, socket]) => {
          // Where it was open before it could be given up, it is its owner's to close.
          socket?.destroy();
          resolve(error);
        });
      });
      await waitUntil("the proxy was asked", () => plain.asked.length > before);
      stop.abort();
      assert.match(String(await failed), fault === undefined ? /^null$|closed before/ : /closed before/);
    }
    plain.fault = undefined;
    await waitUntil("no tunnel is left", () => plain.open === 0);
  });
});

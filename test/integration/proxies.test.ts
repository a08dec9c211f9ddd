import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createHttpServer, type ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { canary, collectingLogger, waitUntil } from "@rollcall/testing";
import { makeCertificates } from "@rollcall/testing/certificates";
import { startFixtureCluster } from "@rollcall/testing/fixture";
import { startConnectProxy } from "@rollcall/testing/proxies";
import { createPool } from "@rollcall/worker";
import { failureOf, patience, search, settled } from "./support-requests.js";

const mebibyte = 1_048_576;

describe("a pool behind a proxy", patience, () => {
  it("requests, probes and lists of threads and of the main thread go through it alone, with its credential", async () => {
    const password = canary("proxy-password");
    await using cluster = await startFixtureCluster({ nodes: 2, tls: true });
    await using proxy = await startConnectProxy({ userinfo: `user:${password}` });
    for (const threads of [0, 1]) {
      const pool = createPool({
        nodes: cluster.urls.slice(0, 1),
        proxy: { url: `http://127.0.0.1:${proxy.port}`, auth: { username: "user", password } },
        threads,
        logger: false,
        ...(cluster.ca === undefined ? {} : { tls: { ca: cluster.ca } }),
      });
      try {
        await settled(pool, cluster);
        for (let count = 0; count < 20; count++) assert.equal((await pool.request(search)).status, 200);
        assert.doesNotMatch(JSON.stringify([pool.config(), pool.stats()]), new RegExp(password));
      } finally {
        await pool.close({ timeoutMs: 0 });
      }
    }
    assert.equal((await cluster.stats()).connections, proxy.asked.length);
    assert.equal(new Set(proxy.asked).size, 2);
  });

  it("an answer that streams through a tunnel is held while its reader takes nothing, and all of it comes", async () => {
    const { ca, nodes } = await makeCertificates({ names: ["es1"] });
    let sent = 0;
    const piece = Buffer.alloc(65_536, "x");
    const send = async (response: ServerResponse) => {
      for (let left = 32 * mebibyte; left > 0; left -= piece.length) {
        sent += piece.length;
        if (!response.write(piece)) await once(response, "drain");
      }
      response.end();
    };
    const server = createServer(nodes[0] ?? {}, ({ method }, response) => {
      if (method === "POST") void send(response);
      else response.end("{}");
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    await using proxy = await startConnectProxy();
    const url = `https://127.0.0.1:${port}`;
    const pool = createPool({
      ...{ nodes: [url], discovery: false, logger: false, threads: 1, tls: { ca } },
      proxy: `http://127.0.0.1:${proxy.port}`,
    });
    try {
      const { body } = await pool.stream({ ...search, timeoutMs: 60_000 });
      let last = -1;
      let same = 0;
      await waitUntil("no more is sent", () => {
        same = sent === last ? same + 1 : 0;
        last = sent;
        return same > 20 && sent > 0;
      });
      assert.ok(sent < 24 * mebibyte, `${sent} bytes`);
      let bytes = 0;
      for await (const chunk of body) bytes += (chunk as Buffer).length;
      assert.equal(bytes, 32 * mebibyte);
      assert.equal((await pool.request({ method: "GET", path: "/" })).status, 200);
    } finally {
      await pool.close({ timeoutMs: 0 });
      server.closeAllConnections();
      await new Promise((ended) => server.close(ended));
    }
  });

  it("a proxy that dies takes no node down: the error and one line name it, and requests pass once it is back", async () => {
    await using cluster = await startFixtureCluster({ nodes: 3 });
    await using proxy = await startConnectProxy();
    const logger = collectingLogger();
    const pool = createPool({
      nodes: cluster.urls,
      proxy: `http://127.0.0.1:${proxy.port}`,
      threads: 1,
      logger,
      discovery: { intervalMs: 1_000 },
    });
    try {
      await settled(pool, cluster);
      await proxy.stop();
      const failures = await Promise.all(
        Array.from({ length: 6 }, () => failureOf(pool.request({ ...search, retry: false }))),
      );
      for (const { code, sent, message } of failures) {
        assert.deepEqual([code, sent], ["CONNECT", "no"]);
        assert.match(message, /^the proxy of the option `proxy` cannot be reached \(.*: ERR_PROXY_UNREACHABLE\)$/);
      }
      const line = `the proxy http://127.0.0.1:${proxy.port} cannot be reached: connection refused`;
      await waitUntil("the log names the proxy", () => logger.messages("warn", line).length > 0);

      proxy.fault = 407;
      await proxy.start();
      const before = proxy.asked.length;
      await waitUntil("lists and probes were tried often enough to take nodes down", () => {
        return proxy.asked.length > before + 8;
      });
      assert.deepEqual(logger.messages("warn").length, 2, logger.lines.join("\n"));
      assert.match(logger.messages("warn")[1] ?? "", /asks for another credential \(407\): set one in `proxy`/);
      assert.deepEqual([...new Set(pool.nodes().map(({ state }) => state))], ["healthy"]);

      proxy.fault = undefined;
      await waitUntil("requests pass again", () =>
        pool.request(search).then(
          ({ ok }) => ok,
          () => false,
        ),
      );
      await waitUntil(
        "the log says so",
        () => logger.messages("info", "the proxy connects to nodes again").length === 1,
      );
    } finally {
      await pool.close({ timeoutMs: 0 });
    }
  });

  it("a managed cluster that has no GET / is ready once its address answers, and serves requests", async () => {
    const server = createHttpServer(({ method }, response) => {
      response.writeHead(method === "POST" ? 200 : 404).end("{}");
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    const host = "logs.us-east-1.aoss.amazonaws.com";
    await using proxy = await startConnectProxy({ hosts: { [host]: "127.0.0.1" } });
    const logger = collectingLogger();
    const pool = createPool({
      ...{ nodes: [`http://${host}:${port}`], proxy: `http://127.0.0.1:${proxy.port}`, threads: 0, logger },
    });
    try {
      await pool.ready({ timeoutMs: 20_000 });
      assert.equal((await pool.request(search)).status, 200);
      assert.deepEqual(
        pool.nodes().map(({ state, name }) => [state, name]),
        [["healthy", undefined]],
      );
      assert.equal(logger.messages("info", "is a cluster of Amazon OpenSearch Serverless").length, 1);
      assert.deepEqual(logger.messages("warn"), []);
    } finally {
      await pool.close({ timeoutMs: 0 });
      server.closeAllConnections();
      await new Promise((ended) => server.close(ended));
    }
  });
});

import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { after, describe, it } from "node:test";
import { ClusterAccess, HttpControlClient, systemTimers } from "@rollcall/coordinator";
import { silentLogger, type Timers } from "@rollcall/core";
import { parseClusterConfig } from "@rollcall/core/config";
import { probeOnce } from "./probe-once.js";

const open: (() => unknown)[] = [];
after(() => Promise.all(open.map((close) => close())));

async function serving(listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

function looking(port: number, timers: Timers = systemTimers) {
  const access = new ClusterAccess(parseClusterConfig({ nodes: [`http://127.0.0.1:${port}`] }), timers, silentLogger);
  const controlClient = new HttpControlClient({ timers: timers, wallNowMs: Date.now, connectTimeoutMs: 3_000 });
  open.push(() => controlClient.close());
  return { access, look: () => probeOnce(controlClient, access, { id: "", host: "127.0.0.1", port }, "u1") };
}

const answering =
  (status: number, uuid = "u1"): RequestListener =>
  (_request, response) =>
    response.writeHead(status).end(JSON.stringify({ name: "n1", cluster_uuid: uuid }));

describe("a fresh look at a node", () => {
  it("reaches whoever answers, whatever the answer is", async () => {
    for (const status of [200, 401, 404, 429, 503]) {
      const { look } = looking(await serving(answering(status)));
      assert.deepEqual(await look(), { kind: "reached" }, `${status}`);
    }
    assert.deepEqual(await looking(await serving(answering(200, "_na_"))).look(), { kind: "reached" });
  });

  it("tells another cluster from nobody", async () => {
    assert.equal((await looking(await serving(answering(200, "u2"))).look()).kind, "foreign");
    const port = await serving((request) => request.socket.destroy());
    assert.equal((await looking(port).look()).kind, "unreachable");
  });

  it("sees nothing where the configuration forbids to ask", async () => {
    const access = new ClusterAccess(
      parseClusterConfig({ nodes: ["http://127.0.0.1:1"], auth: () => new Promise(() => {}) }),
      systemTimers,
      silentLogger,
    );
    const controlClient = new HttpControlClient({ timers: systemTimers, wallNowMs: Date.now, connectTimeoutMs: 3_000 });
    open.push(() => controlClient.close());
    assert.equal((await probeOnce(controlClient, access, { id: "", host: "127.0.0.1", port: 1 }, "u1")).kind, "void");
  });

  it("sees nothing while this process is hardly running", async () => {
    const port = await serving(() => {});
    // Every deadline is noticed a second too late: its loop was blocked.
    let nowMs = 0;
    const late: Timers = {
      nowMs: () => nowMs,
      after: (delayMs, wake) => {
        const timer = setTimeout(() => {
          nowMs += delayMs + 1_000;
          wake();
        }, 5);
        return () => clearTimeout(timer);
      },
    };
    assert.equal((await looking(port, late).look()).kind, "void");
  });
});

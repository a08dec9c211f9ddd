import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { after, describe, it } from "node:test";
import { ClusterAccess, HttpControlClient, systemTimers } from "@rollcall/coordinator";
import { silentLogger, type Timers } from "@rollcall/core";
import { parseClusterConfig } from "@rollcall/core/config";
import { ControlProber } from "./prober.js";

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

const answering =
  (status: number, uuid = "u1"): RequestListener =>
  (_request, response) =>
    response.writeHead(status).end(JSON.stringify({ name: "n1", cluster_uuid: uuid }));

function probe(port: number, { timers = systemTimers, auth }: { timers?: Timers; auth?: () => Promise<never> } = {}) {
  const config = parseClusterConfig({ nodes: [`http://127.0.0.1:${port}`], ...(auth === undefined ? {} : { auth }) });
  const controlClient = new HttpControlClient({ timers, wallNowMs: Date.now, connectTimeoutMs: 3_000 });
  open.push(() => controlClient.close());
  const access = new ClusterAccess(config, timers, silentLogger);
  return new ControlProber(controlClient, access).probe({ id: "", host: "127.0.0.1", port }, "u1");
}

describe("one probe of a node", () => {
  it("a node is reached by any answer, whatever its status", async () => {
    for (const status of [200, 401, 404, 429, 503]) {
      assert.deepEqual(await probe(await serving(answering(status))), { kind: "reached" }, `${status}`);
    }
    assert.deepEqual(await probe(await serving(answering(200, "_na_"))), { kind: "reached" });
  });

  it("another cluster at the address is foreign, and no answer unreachable", async () => {
    assert.equal((await probe(await serving(answering(200, "u2")))).kind, "foreign");
    assert.equal((await probe(await serving((request) => request.socket.destroy()))).kind, "unreachable");
  });

  it("a probe shows nothing where the configuration does not allow it", async () => {
    assert.equal((await probe(1, { auth: () => new Promise(() => {}) })).kind, "void");
  });

  it("a probe shows nothing while this process is hardly running", async () => {
    const port = await serving(() => {});
    // Every deadline is noticed a second too late: the loop was blocked.
    let nowMs = 0;
    const timers: Timers = {
      nowMs: () => nowMs,
      after: (delayMs, wake) => {
        const timer = setTimeout(() => {
          nowMs += delayMs + 1_000;
          wake();
        }, 5);
        return () => clearTimeout(timer);
      },
    };
    assert.equal((await probe(port, { timers })).kind, "void");
  });
});

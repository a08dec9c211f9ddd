import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { describe, it } from "node:test";
import { freePort, waitUntil } from "@rollcall/testing";
import { answer, endpointOf, mute, okAnswer, openRig, startRawServer, summary } from "./dispatch-rig.test.support.js";
import type { PreparedRequest, Result } from "./sender.js";

/** A request that names its node, as it is prepared. */
const to = (node: string, call: Partial<PreparedRequest> = {}): Partial<PreparedRequest> => ({
  reroutable: false,
  settings: { node },
  ...call,
});

const nodeOf = (result: Result) => (result.kind === "answered" ? result.node : result.error.message);

describe("a request that names its node", () => {
  it("goes there and nowhere else, also where the node is down, drained or ejected", async (test) => {
    const servers = [await startRawServer(test, answer), await startRawServer(test, answer)];
    const rig = openRig(test);
    rig.use(...servers.map(({ origin }) => origin));
    const name = `127.0.0.1:${servers[1]?.port}`;
    for (const state of [
      { mark: "down", ejected: false },
      { mark: "drained", ejected: false },
      { mark: "none", ejected: true },
    ] as const) {
      rig.writer.setState(1, { tier: "node", ...state }, undefined);
      assert.equal(nodeOf(await rig.request(to(name))), name);
    }
    assert.deepEqual([servers[0]?.requests.length, servers[1]?.requests.length], [0, 3]);
  });

  it("is retried there alone, as often as any other", async (test) => {
    const busy = await startRawServer(test, (socket) => socket.write("HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n"));
    const lost = await startRawServer(test, (socket) => socket.resetAndDestroy());
    const well = await startRawServer(test, answer);
    const rig = openRig(test);
    rig.use(busy.origin, lost.origin, well.origin);
    const refused = summary(await rig.request(to(`127.0.0.1:${busy.port}`)));
    assert.deepEqual(refused, { status: 503, attempts: ["503", "503", "503"] });
    const failed = summary(await rig.request(to(`127.0.0.1:${lost.port}`)));
    assert.deepEqual([failed.code, failed.sent, failed.attempts.length], ["DISCONNECTED", "maybe", 3]);
    assert.equal(summary(await rig.request(to(`127.0.0.1:${lost.port}`, { class: "never" }))).attempts.length, 1);
    assert.equal(well.requests.length, 0);
  });

  it("says that its node accepts no connection, once that has lasted", async (test) => {
    const well = await startRawServer(test, answer);
    const rig = openRig(test, { noNodeWaitMs: 50 });
    const port = await freePort();
    rig.use(well.origin, `http://127.0.0.1:${port}`);
    const result = await rig.request(to(`127.0.0.1:${port}`));
    assert.ok(result.kind === "failed");
    const { code, sent, message } = result.error;
    assert.deepEqual([code, sent], ["NO_NODE", "no"]);
    const sentence = "the node that the request names accepted no connection";
    assert.equal(message, `${sentence} (127.0.0.1:${port}: ECONNREFUSED)`);
  });

  it("fails at once with the nodes that there are, if its node is not among them", async (test) => {
    const server = await startRawServer(test, answer);
    const rig = openRig(test);
    const names = { id: "id-1", name: "es1", formerAddresses: [] };
    rig.apply([{ slot: 0, generation: 1, endpoint: endpointOf(server.origin), names }]);
    const { result } = rig.begin(to("es7"));
    const settled = await result;
    assert.ok(settled.kind === "failed");
    assert.deepEqual(settled.error, {
      code: "NO_NODE",
      message: `no node is called es7 (nearest: es1); the nodes are es1 (127.0.0.1:${server.port})`,
      sent: "no",
      attempts: [],
    });
  });

  it("waits while no node is listed at all, and fails when the list that comes lacks its node", async (test) => {
    const server = await startRawServer(test, answer);
    const rig = openRig(test);
    const node = `127.0.0.1:${server.port}`;
    const [found, missing] = [rig.begin(to(node)), rig.begin(to("127.0.0.9:9"))];
    assert.equal(rig.dispatch.stats().queued, 2);
    rig.use(server.origin);
    assert.equal(nodeOf(await found.result), node);
    assert.equal(summary(await missing.result).code, "NO_NODE");
  });

  it("waits for a connection to its node alone, in order, and holds up no other request", async (test) => {
    const held: Socket[] = [];
    const slow = await startRawServer(test, (socket) => held.push(socket));
    const well = await startRawServer(test, answer);
    const rig = openRig(test, { settings: { perNode: 1 } });
    rig.use(slow.origin, well.origin);
    const name = `127.0.0.1:${slow.port}`;
    const calls = ["/1", "/2", "/3"].map((path) => rig.begin(to(name, { path })));
    await waitUntil("the first is there", () => held.length === 1);
    assert.equal(rig.dispatch.stats().queued, 2);
    assert.equal(nodeOf(await rig.request()), `127.0.0.1:${well.port}`);
    assert.equal(nodeOf(await rig.request(to(`127.0.0.1:${well.port}`))), `127.0.0.1:${well.port}`);
    for (const count of [1, 2, 3]) {
      await waitUntil("the next is there", () => held.length === count);
      held[count - 1]?.write(okAnswer);
    }
    await Promise.all(calls.map(({ result }) => result));
    assert.deepEqual(
      slow.requests.map((head) => head.split(" ")[1]),
      ["/1", "/2", "/3"],
    );
  });

  it("counts against the bound of the queue, and leaves it when it is cancelled", async (test) => {
    const server = await startRawServer(test, mute);
    const rig = openRig(test, { settings: { perNode: 1 }, queueMax: 2 });
    rig.use(server.origin);
    const name = `127.0.0.1:${server.port}`;
    rig.begin(to(name));
    const [first, second] = [rig.begin(to(name)), rig.begin()];
    assert.equal(summary(await rig.request(to(name))).code, "QUEUE_FULL");
    assert.equal(summary(await rig.request()).code, "QUEUE_FULL");
    first.pending.cancel("ABORTED", "stop");
    assert.equal(summary(await first.result).code, "ABORTED");
    assert.equal(rig.dispatch.stats().queued, 1);
    second.pending.cancel("ABORTED", "stop");
    assert.equal(rig.dispatch.stats().queued, 0);
  });

  it("fails when its node leaves the list while it waits", async (test) => {
    const server = await startRawServer(test, mute);
    const other = await startRawServer(test, answer);
    const rig = openRig(test, { settings: { perNode: 1 } });
    rig.use(server.origin, other.origin);
    const name = `127.0.0.1:${server.port}`;
    rig.begin(to(name));
    const waiting = rig.begin(to(name));
    rig.use(undefined, other.origin);
    const result = await waiting.result;
    assert.ok(result.kind === "failed");
    assert.equal(result.error.code, "NO_NODE");
    assert.match(result.error.message, new RegExp(`^no node is called ${name}.*; the nodes are .*${other.port}$`));
    assert.equal(other.requests.length, 0);
  });
});

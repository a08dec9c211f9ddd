import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { describe, it } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { waitUntil } from "@rollcall/testing";
import { answer, endpointOf, mute, okAnswer, openRig, startRawServer, summary } from "./dispatch-rig.test.support.js";
import type { Target } from "./target.js";

describe("dispatch: a new list of nodes", () => {
  it("a list that comes in the middle of a turn is applied before a node is picked", async (test) => {
    const [old, fresh] = [await startRawServer(test, answer), await startRawServer(test, answer)];
    const newLists: Target[][] = [];
    const rig = openRig(test, { newLists });
    rig.use(old.origin);
    // As the main thread does for another thread: first the list, then the table.
    newLists.push([], [{ slot: 1, generation: 1, endpoint: endpointOf(fresh.origin) }]);
    rig.writer.assign(1, 1);
    rig.writer.setState(0, undefined, undefined);
    rig.writer.setState(1, { tier: "node", mark: "none", ejected: false }, undefined);
    assert.deepEqual(summary(await rig.request()), { status: 200, attempts: ["200"] });
    assert.deepEqual([old.requests.length, fresh.requests.length], [0, 1]);
    await waitUntil("the slot of the list between is released", () => rig.released.length > 0);
  });

  it("a node that stays in the list keeps its connections, whatever else has changed", async (test) => {
    const [a, b] = [await startRawServer(test, answer), await startRawServer(test, answer)];
    const rig = openRig(test);
    rig.use(a.origin);
    await rig.request();
    rig.use(endpointOf(a.origin, { pathPrefix: "/es", headers: { authorization: "Basic new" } }), b.origin);
    rig.use(endpointOf(a.origin, { pathPrefix: "/es", headers: { authorization: "Basic new" } }));
    await nextTurn();
    await rig.request({ path: "/_search" });
    assert.equal(a.connections, 1);
    assert.match(a.requests[1] ?? "", /^GET \/es\/_search /);
    assert.match(a.requests[1] ?? "", /\r\nauthorization: Basic new/);
    assert.doesNotMatch(a.requests[0] ?? "", /authorization/);
  });

  it("requests with one list of headers have each credential that their node has meanwhile, and others their own", async (test) => {
    const server = await startRawServer(test, answer);
    const rig = openRig(test);
    const shared = ["x-of", "both"];
    const requests: readonly (readonly [credential: string, headers: readonly string[]])[] = [
      ...([
        ["old", shared],
        ["old", shared],
        ["new", shared],
      ] as const),
      ...([
        ["new", ["x-of", "one"]],
        ["new", ["authorization", "Basic own"]],
        ["new", shared],
      ] as const),
    ];
    for (const [credential, headers] of requests) {
      rig.use(endpointOf(server.origin, { headers: { authorization: `Basic ${credential}` } }));
      await rig.request({ headers });
    }
    const sent = server.requests.map((head) => head.match(/^(x-of|authorization): .*$/gm));
    const both = (credential: string) => ["x-of: both", `authorization: Basic ${credential}`];
    assert.deepEqual(sent, [
      ...[both("old"), both("old"), both("new")],
      ...[["x-of: one", "authorization: Basic new"], ["authorization: Basic own"], both("new")],
    ]);
    assert.deepEqual(shared, ["x-of", "both"]);
  });

  it("another node at the same address keeps the slot with its connections and counts", async (test) => {
    const server = await startRawServer(test, answer);
    const rig = openRig(test);
    const endpoint = endpointOf(server.origin);
    rig.apply([{ slot: 0, generation: 1, endpoint }]);
    await rig.request();
    await nextTurn();
    rig.apply([{ slot: 0, generation: 2, endpoint }]);
    await rig.request();
    assert.deepEqual([server.connections, rig.stats().nodes[0]?.requests], [1, 2]);
    assert.deepEqual(rig.released, []);
  });

  it("a late failure of a slot's last node is reported under that node's generation", async (test) => {
    const sockets: Socket[] = [];
    const server = await startRawServer(test, (socket) => sockets.push(socket));
    const rig = openRig(test);
    const endpoint = endpointOf(server.origin);
    rig.apply([{ slot: 0, generation: 1, endpoint }]);
    const begun = rig.begin({ class: "never" });
    await waitUntil("it is on the wire", () => sockets.length === 1);
    rig.apply([{ slot: 0, generation: 2, endpoint }]);
    sockets[0]?.resetAndDestroy();
    await begun.result;
    assert.deepEqual(rig.failures, [{ slot: 0, generation: 1, reason: "connection reset" }]);
  });

  it("requests at a removed node may end; then its connections are closed and its slot is released once", async (test) => {
    const sockets: Socket[] = [];
    const [leaving, staying] = [
      await startRawServer(test, (socket) => sockets.push(socket)),
      await startRawServer(test, answer),
    ];
    const rig = openRig(test);
    rig.use(leaving.origin);
    const begun = rig.begin({ class: "never" });
    await waitUntil("it is on the wire", () => sockets.length === 1);
    rig.use(undefined, staying.origin);

    assert.deepEqual(summary(await rig.request()), { status: 200, attempts: ["200"] });
    assert.deepEqual([rig.released, begun.settlements, leaving.open], [[], 0, 1]);
    sockets[0]?.write(okAnswer);
    assert.deepEqual(summary(await begun.result), { status: 200, attempts: ["200"] });
    await waitUntil("its slot is released", () => rig.released.length > 0);
    await waitUntil("its connection is closed", () => leaving.open === 0);
    rig.use(undefined, staying.origin);
    await rig.dispatch.destroy();
    assert.deepEqual(rig.released, [0]);
    assert.equal(leaving.requests.length, 1);
  });

  it("a removed node that is idle or was never used releases its slot", async (test) => {
    const server = await startRawServer(test, answer);
    const rig = openRig(test);
    rig.use(server.origin, "http://127.0.0.1:1");
    await rig.request();
    rig.use();
    await waitUntil("both are released", () => rig.released.length === 2);
    assert.deepEqual([...rig.released].sort(), [0, 1]);
  });

  it("a request that is stuck at a removed node ends when the drain time is over", async (test) => {
    const [leaving, staying] = [await startRawServer(test, mute), await startRawServer(test, answer)];
    const rig = openRig(test, { drainMs: 50 });
    rig.use(leaving.origin);
    const [read, never] = [rig.begin({ class: "read" }), rig.begin({ class: "never" })];
    await waitUntil("both are on the wire", () => leaving.requests.length === 2);
    rig.use(undefined, staying.origin);
    assert.deepEqual(summary(await never.result), {
      code: "DISCONNECTED",
      sent: "maybe",
      attempts: ["UND_ERR_DESTROYED"],
    });
    assert.deepEqual(summary(await read.result), { status: 200, attempts: ["UND_ERR_DESTROYED", "200"] });
    await waitUntil("its slot is released", () => rig.released.length > 0);
    assert.deepEqual([rig.released, rig.failures, rig.inFlight], [[0], [], 0]);
  });

  it("a node with another origin or other TLS settings gets new connections", async (test) => {
    const [before, now] = [await startRawServer(test, answer), await startRawServer(test, answer)];
    const rig = openRig(test);
    rig.use(before.origin);
    await rig.request();
    rig.use(now.origin);
    await rig.request();
    assert.deepEqual([before.requests.length, now.requests.length], [1, 1]);
    await waitUntil("the old connection is closed", () => before.open === 0);
    rig.use(endpointOf(now.origin, { tls: {} }));
    await rig.request();
    assert.deepEqual([now.requests.length, now.connections], [2, 2]);
    assert.deepEqual(rig.released, []);
  });

  it("requests on replaced connections take no room from the node that has the slot now", async (test) => {
    const sockets: Socket[] = [];
    const server = await startRawServer(test, (socket, { path }) => {
      if (path === "/long") sockets.push(socket);
      else socket.write(okAnswer);
    });
    const rig = openRig(test, { settings: { perNode: 1 } });
    rig.use(server.origin);
    const long = rig.begin({ path: "/long", class: "never" });
    await waitUntil("it is on the wire", () => sockets.length === 1);
    rig.use(endpointOf(server.origin, { tls: {} }));
    assert.deepEqual(summary(await rig.request()), { status: 200, attempts: ["200"] });
    assert.deepEqual([long.settlements, rig.inFlight, rig.reader.inFlightOf(0)], [0, 1, 0]);
    sockets[0]?.write(okAnswer);
    await long.result;
    assert.deepEqual([rig.inFlight, rig.reader.inFlightOf(0), rig.reader.hasRoom(0)], [0, 0, true]);
  });

  it("a slot is released only when the requests of all its former nodes have ended", async (test) => {
    const sockets: Socket[] = [];
    const [first, second] = [
      await startRawServer(test, (socket) => sockets.push(socket)),
      await startRawServer(test, answer),
    ];
    const rig = openRig(test);
    rig.use(first.origin);
    const begun = rig.begin();
    await waitUntil("it is on the wire", () => sockets.length === 1);
    rig.use(second.origin);
    await rig.request();
    rig.use();
    await waitUntil("the second's connection is closed", () => second.open === 0);
    await nextTurn();
    assert.deepEqual(rig.released, []);
    sockets[0]?.write(okAnswer);
    await begun.result;
    await waitUntil("the slot is released", () => rig.released.length > 0);
    assert.deepEqual(rig.released, [0]);
  });

  it("queued requests go on when a list brings a node with room", async (test) => {
    const [busy, idle] = [await startRawServer(test, mute), await startRawServer(test, answer)];
    const rig = openRig(test, { settings: { perNode: 1 } });
    rig.use(busy.origin);
    rig.begin();
    const waiting = rig.begin();
    rig.use(busy.origin, idle.origin);
    assert.equal((await waiting.result).kind, "answered");
  });
});

import assert from "node:assert/strict";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { after, before, describe, it } from "node:test";
import { ManualTimers, settled, waitUntil } from "@rollcall/testing";
import { type Dialled, dialFirst, inTurn } from "./dial-first.js";

const at = (address: string, family = 4) => ({ address, family });

describe("dialling the addresses of a name", () => {
  let port: number;
  const accepted: Socket[] = [];
  const server = createServer((socket) => accepted.push(socket.on("error", () => {})));
  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    port = (server.address() as AddressInfo).port;
  });
  after(() => {
    for (const socket of accepted) socket.destroy();
    server.close();
  });

  /** Each address is a real connection to the server; the test says when and how it ends. */
  function dialling(...addresses: string[]) {
    const timers = new ManualTimers();
    const dialled = new Map<string, { readonly socket: Socket; readonly done: Dialled }>();
    const results: string[] = [];
    const giveUp = dialFirst(
      addresses.map((address) => at(address)),
      ({ address }, done) => {
        const socket = connect(port, "127.0.0.1");
        socket.on("error", (error) => done(error, null));
        dialled.set(address, { socket, done });
        return socket;
      },
      timers,
      (error, _socket, address) => results.push(error === null ? `${address?.address}` : error.message),
    );
    const open = (address: string) => dialled.get(address)?.done(null, dialled.get(address)?.socket ?? null);
    const fail = (address: string) => dialled.get(address)?.done(new Error(`${address} failed`), null);
    const isDestroyed = (address: string) => dialled.get(address)?.socket.destroyed;
    return { timers, dialled, results, giveUp, open, fail, isDestroyed };
  }

  it("attempts overlap: the next begins after 250 ms and does not end the first, which may still win", async () => {
    const { timers, dialled, results, open, isDestroyed } = dialling("a", "b", "c");
    assert.deepEqual([...dialled.keys()], ["a"]);
    timers.advance(249);
    assert.equal(dialled.size, 1);
    timers.advance(1);
    assert.deepEqual([...dialled.keys()], ["a", "b"]);
    open("a");
    timers.advance(1_000);
    assert.deepEqual([results, dialled.size, isDestroyed("a"), isDestroyed("b")], [["a"], 2, false, true]);
    await settled();
    assert.deepEqual(results, ["a"]);
    dialled.get("a")?.socket.destroy();
  });

  it("after an attempt that fails the next begins at once, and the last failure ends it", () => {
    const { dialled, results, fail } = dialling("a", "b");
    fail("a");
    assert.deepEqual([[...dialled.keys()], results], [["a", "b"], []]);
    fail("b");
    assert.deepEqual(results, ["b failed"]);
    for (const { socket } of dialled.values()) socket.destroy();
  });

  it("a failure while another attempt is pending is not the end", () => {
    const { timers, results, open, fail, dialled } = dialling("a", "b");
    timers.advance(250);
    fail("b");
    assert.deepEqual(results, []);
    open("a");
    assert.deepEqual(results, ["a"]);
    for (const { socket } of dialled.values()) socket.destroy();
  });

  it("giving up ends every attempt, and none begins after that", async () => {
    const { timers, dialled, results, giveUp } = dialling("a", "b", "c");
    timers.advance(250);
    giveUp(new Error("given up"));
    timers.advance(1_000);
    await waitUntil("both are closed", () => [...dialled.values()].every(({ socket }) => socket.destroyed));
    assert.deepEqual([results, dialled.size], [["given up"], 2]);
  });
});

describe("order of the addresses of a name", () => {
  const [four, five, six, seven] = [at("10.0.0.4"), at("10.0.0.5"), at("fd00::6", 6), at("fd00::7", 6)];

  it("families take turns, the one that served last before the resolver's first", () => {
    assert.deepEqual(inTurn([six, seven, four, five], undefined), [six, four, seven, five]);
    assert.deepEqual(inTurn([six, seven, four, five], 4), [four, six, five, seven]);
    assert.deepEqual(inTurn([four, five], 6), [four, five]);
    assert.deepEqual(inTurn([six], 4), [six]);
  });
});

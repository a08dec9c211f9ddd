import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { Readable } from "node:stream";
import { it, type TestContext } from "node:test";
import { waitUntil } from "@rollcall/testing";
import { answer, openRig, startRawServer } from "./dispatch-rig.test.support.js";
import { isFullBlock, SocketReads } from "./socket-reads.js";

/** A socket that is read by a `SocketReads`, and the end that writes to it. */
async function openSocket(test: TestContext, isGivenRoom = true) {
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const reads = new SocketReads();
  const { port } = server.address() as AddressInfo;
  const socket = connect({ port, host: "127.0.0.1", ...(isGivenRoom ? { onread: reads.onread } : {}) });
  reads.attach(socket);
  const [peer] = (await once(server, "connection")) as [Socket];
  test.after(() => {
    socket.destroy();
    peer.destroy();
    server.close();
  });
  const chunks: Buffer[] = [];
  // As undici's parser does.
  socket.on("readable", () => {
    for (let chunk = socket.read() as Buffer | null; chunk !== null; chunk = socket.read()) chunks.push(chunk);
  });
  const text = () => Buffer.concat(chunks).toString("latin1");
  const send = async (sent: string) => {
    const before = text();
    peer.write(sent);
    await waitUntil("it has come", () => text() === before + sent);
  };
  return { reads, socket, peer, chunks, text, send };
}

it("what is read stays as it was when the socket is read again", async (test) => {
  const { send, chunks } = await openSocket(test);
  await send("first");
  await send("other");
  assert.deepEqual(chunks.map(String), ["first", "other"]);
});

it("what streams lies side by side in one block, and a block is full when it is left", async (test) => {
  const { reads, send, chunks } = await openSocket(test);
  reads.isStreaming = true;
  // The room for the first read was chosen before.
  await send("head");
  const [head] = chunks.splice(0);
  await send("a".repeat(1_000));
  await send("b".repeat(1_000));
  const [a, b] = chunks as [Buffer, Buffer];
  assert.deepEqual([b.buffer, b.byteOffset], [a.buffer, a.byteOffset + 1_000]);
  assert.notEqual(head?.buffer, a.buffer);
  assert.equal(isFullBlock(a.buffer), false);
  await send("c".repeat(a.buffer.byteLength));
  assert.equal(isFullBlock(a.buffer), true);
  assert.equal(isFullBlock(chunks.at(-1)?.buffer ?? a.buffer), false);
});

it("a socket whose answer has streamed reads the next one apart from its block", async (test) => {
  const { reads, send, chunks } = await openSocket(test);
  reads.isStreaming = true;
  for (const sent of ["head", "streamed"]) await send(sent);
  reads.isStreaming = false;
  for (const sent of ["next", "last"]) await send(sent);
  assert.notEqual(chunks.at(-1)?.buffer, chunks[1]?.buffer);
});

for (const isGivenRoom of [true, false]) {
  const how = isGivenRoom ? "" : ", where Node has not been given the room to read into";
  it(`a socket that is closed is not read, and holds its peer until it is opened${how}`, async (test) => {
    const { reads, socket, peer, send, text } = await openSocket(test, isGivenRoom);
    await send("one");
    reads.close();
    const long = "x".repeat(20_000_000);
    const isAllTaken = peer.write(long);
    await waitUntil("the peer is held", () => peer.writableLength > 0 && socket.bytesRead > 3);
    assert.deepEqual([isAllTaken, text()], [false, "one"]);
    reads.open(true);
    await waitUntil("all has come", () => text().length === long.length + 3);
    peer.end();
    await once(socket, "end");
  });

  it(`a peer that ends while its socket is closed is read to its end${how}`, async (test) => {
    const { reads, socket, peer, send, text } = await openSocket(test, isGivenRoom);
    await send("one");
    reads.close();
    peer.end("two");
    await waitUntil("the rest has come", () => socket.bytesRead === 6);
    const ended = once(socket, "end");
    assert.equal(text(), "one");
    reads.open(true);
    await ended;
    assert.equal(text(), "onetwo");
  });

  it(`what a reader puts back is read first${how}`, async (test) => {
    const { send, socket, chunks, peer } = await openSocket(test, isGivenRoom);
    await send("read");
    chunks.length = 0;
    socket.unshift(Buffer.from("put back, "));
    peer.write("new");
    await waitUntil("both have come", () => chunks.length === 2);
    assert.deepEqual(chunks.map(String), ["put back, ", "new"]);
  });

  it(`a reader that takes data as it comes gets it from the stream${how}`, async (test) => {
    const { socket, peer } = await openSocket(test, isGivenRoom);
    socket.removeAllListeners("readable");
    let text = "";
    socket.on("data", (chunk) => {
      text += String(chunk);
    });
    peer.write("flowing");
    await waitUntil("it has come", () => text === "flowing");
    peer.end();
    await once(socket, "end");
  });
}

it("undici's parser reads past the stream", async (test) => {
  const pushed = test.mock.method(Readable.prototype, "push");
  const server = await startRawServer(test, answer);
  const rig = openRig(test);
  rig.use(server.origin);
  for (const path of ["/first", "/kept"]) await rig.request({ path });
  const chunks = pushed.mock.calls.filter(({ this: stream, arguments: [chunk] }) => {
    return SocketReads.of(stream as never) !== undefined && chunk !== null;
  });
  assert.equal(server.requests.length, 2);
  assert.deepEqual(chunks, []);
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { waitUntil } from "@rollcall/testing";
import { type Behaviour, okAnswer, openRig, startRawServer, summary } from "./dispatch-rig.test.support.js";

const windowBytes = 10_000;

/** Answers with so many bytes. */
const long =
  (byteLength: number, more = ""): Behaviour =>
  (socket) =>
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${byteLength}\r\n${more}\r\n${"x".repeat(byteLength)}`);

describe("answers that stream", () => {
  it("a node whose answer waits for its reader owes nothing: it is not shown as awaited until the reader goes on", async (test) => {
    const server = await startRawServer(test, long(5_000_000));
    const rig = openRig(test);
    rig.use(server.origin);
    const streamed = await rig.stream(windowBytes);
    await waitUntil("the window is full", () => streamed.bytes >= windowBytes);
    assert.equal(rig.traffic.isAwaited(0), false);
    assert.equal(rig.inFlight, 1, "its place at the node is taken");
    streamed.answer.source.read(5_000_000);
    assert.equal(rig.traffic.isAwaited(0), true);
    await waitUntil("all has come", () => streamed.end !== undefined);
    assert.deepEqual([streamed.bytes, streamed.end], [5_000_000, "whole"]);
  });

  it("a window that is full bounds what is read, but for one read of the socket", async (test) => {
    const server = await startRawServer(test, long(5_000_000));
    const rig = openRig(test);
    rig.use(server.origin);
    const streamed = await rig.stream(windowBytes);
    await waitUntil("the window is full", () => streamed.bytes >= windowBytes);
    await rig.request({ path: "/" }).catch(() => {});
    assert.ok(streamed.bytes < windowBytes + 70_000, String(streamed.bytes));
  });

  it("a connection whose answer has ended while its window was full serves the next request", async (test) => {
    const server = await startRawServer(test, long(windowBytes));
    const rig = openRig(test, { settings: { perNode: 1, maxResponseBytes: windowBytes } });
    rig.use(server.origin);
    const streamed = await rig.stream(windowBytes);
    await waitUntil("all has come", () => streamed.end !== undefined);
    const next = rig.begin();
    await waitUntil("the next request is answered", () => next.settlements === 1);
    assert.deepEqual([streamed.end, server.connections], ["whole", 1]);
  });

  it("a node that ends its connection while its answer waits for the reader loses nothing of it", async (test) => {
    // undici's own pause throws here, where no code can catch it.
    for (const byteLength of [windowBytes, 30_000]) {
      let hasEnded = false;
      const server = await startRawServer(test, (socket) => {
        socket.write("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n");
        socket.end("x".repeat(byteLength), () => {
          hasEnded = true;
        });
      });
      const rig = openRig(test);
      rig.use(server.origin);
      const streamed = await rig.stream(windowBytes);
      await waitUntil("the window is full, and the node has ended", () => streamed.bytes >= windowBytes && hasEnded);
      await waitUntil("it has ended", () => {
        streamed.answer.source.read(windowBytes);
        return streamed.end !== undefined;
      });
      assert.deepEqual([streamed.bytes, streamed.end], [byteLength, "whole"]);
    }
  });

  it("the rest of a small refusal is read to keep its connection, that of a large one ends it", async (test) => {
    for (const [byteLength, connections] of [
      [1_000, 1],
      [3_000_000, 2],
    ] as const) {
      let asked = 0;
      const body = "x".repeat(byteLength);
      const server = await startRawServer(test, (socket) => {
        if (asked++ > 0) return void socket.write(okAnswer);
        socket.write(`HTTP/1.1 503 No\r\nretry-after: 0\r\ncontent-length: ${byteLength}\r\n\r\n${body}`);
      });
      const rig = openRig(test, { settings: { perNode: 1 } });
      rig.use(server.origin);
      const streamed = await rig.stream(windowBytes);
      await waitUntil("it has ended", () => streamed.end !== undefined);
      assert.deepEqual(
        streamed.answer.attempts.map(({ code }) => code),
        ["503", "200"],
      );
      assert.deepEqual([streamed.end, server.connections], ["whole", connections]);
    }
  });

  it("a dispatch that is destroyed breaks its streams, with what had come", async (test) => {
    const server = await startRawServer(test, long(5_000_000));
    const rig = openRig(test);
    rig.use(server.origin);
    const streamed = await rig.stream(windowBytes);
    await waitUntil("the window is full", () => streamed.bytes >= windowBytes);
    await rig.dispatch.destroy();
    assert.equal(streamed.end, `CLOSED after ${streamed.bytes}`);
  });

  it("a node is judged when the headers come, and a lost body is no refusal of its connection", async (test) => {
    const server = await startRawServer(test, (socket) => {
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf", () => socket.end());
    });
    const rig = openRig(test);
    rig.use(server.origin);
    const streamed = await rig.stream(windowBytes);
    assert.equal(rig.stats().nodes[0]?.answers, 1);
    await waitUntil("it has ended", () => streamed.end !== undefined);
    assert.match(streamed.end ?? "", /after 4$/);
    assert.deepEqual([rig.failures, server.requests.length], [[], 1]);
  });

  it("an answer that is collected is bounded, and its connection is closed", async (test) => {
    const server = await startRawServer(test, long(5_000));
    const rig = openRig(test, { settings: { maxResponseBytes: 4_999 } });
    rig.use(server.origin);
    const { code, attempts } = summary(await rig.request());
    assert.deepEqual([code, attempts], ["BAD_RESPONSE", ["UND_ERR_RES_EXCEEDED_MAX_SIZE"]]);
    await waitUntil("it is closed", () => server.open === 0);
  });
});

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, it, type TestContext } from "node:test";
import { gzipSync } from "node:zlib";
import { waitUntil } from "@rollcall/testing";
import { AnswerFlow } from "./answer-flow.js";
import {
  type Behaviour,
  okAnswer,
  openRig,
  type RigOptions,
  startRawServer,
  summary,
} from "./dispatch-rig.test.support.js";
import type { PreparedRequest, Result } from "./sender.js";

const windowBytes = 10_000;
const text = JSON.stringify({ hits: "a word and another word ".repeat(20) });

/** Answers with these bytes. */
const packed =
  (body: Buffer, more = "content-encoding: gzip\r\n", status = "200 OK"): Behaviour =>
  (socket) => {
    socket.write(`HTTP/1.1 ${status}\r\ncontent-length: ${body.length}\r\nx-kept: yes\r\n${more}\r\n`);
    socket.write(body);
  };

async function openPackedRig(test: TestContext, behaviour: Behaviour, { settings, ...more }: RigOptions = {}) {
  const server = await startRawServer(test, behaviour);
  const ours = { unpacksAnswers: true, perNode: 1, maxResponseBytes: 10_000_000, ...settings };
  const rig = openRig(test, { ...more, settings: ours });
  rig.use(server.origin);
  return { server, rig };
}

function answered(result: Result) {
  assert.equal(result.kind, "answered", JSON.stringify(result));
  const raw = result.rawHeaders as readonly Buffer[];
  return { body: result.body.toString(), names: raw.filter((_, at) => at % 2 === 0).map(String) };
}

describe("packed answers", () => {
  it("an answer is asked for packed and comes unpacked, without the headers that are true of packed bytes alone", async (test) => {
    const large = randomBytes(300_000).toString("hex");
    for (const body of [text, large]) {
      const { server, rig } = await openPackedRig(test, packed(gzipSync(body)));
      assert.deepEqual(answered(await rig.request()), { body, names: ["x-kept"] });
      assert.match(server.requests[0] ?? "", /\r\naccept-encoding: gzip, deflate, br(?:, zstd)?/);
      assert.equal(answered(await rig.request()).body, body);
      assert.equal(server.connections, 1, "its connection is used again");
    }
  });

  it("an answer stays as it came where its request asks for a coding itself, and where nothing is to be unpacked", async (test) => {
    const body = gzipSync(text);
    const own: Partial<PreparedRequest> = { headers: ["accept-encoding", "gzip"] };
    for (const [unpacksAnswers, call] of [
      [true, own],
      [false, {}],
    ] as const) {
      const { rig } = await openPackedRig(test, packed(body), { settings: { unpacksAnswers } });
      const result = await rig.request(call);
      assert.deepEqual(answered(result).names, ["content-length", "x-kept", "content-encoding"]);
      assert.ok(result.kind === "answered" && body.equals(Buffer.from(result.body)));
    }
  });

  it("the headers of an answer that has no body stay as they came", async (test) => {
    const { rig } = await openPackedRig(test, (socket, { head }) => {
      const status = head.startsWith("HEAD") ? "200 OK" : "304 Not Modified";
      socket.write(`HTTP/1.1 ${status}\r\ncontent-length: 99\r\ncontent-encoding: gzip\r\n\r\n`);
    });
    for (const method of ["HEAD", "GET"] as const) {
      assert.deepEqual(answered(await rig.request({ method })).names, ["content-length", "content-encoding"]);
    }
  });

  it("a coding that cannot be undone is one error that names it and the node, for a whole answer and for a stream", async (test) => {
    for (const answerWindowBytes of [0, windowBytes]) {
      const { server, rig } = await openPackedRig(test, packed(Buffer.from("?"), "content-encoding: br, compress\r\n"));
      const result = await rig.request({ class: "never", answerWindowBytes });
      assert.deepEqual(summary(result), { code: "BAD_RESPONSE", sent: "maybe", attempts: ["CONTENT_UNREADABLE"] });
      const where = `(127.0.0.1:${server.port}: CONTENT_UNREADABLE)`;
      const message = `the answer has the content coding compress, which cannot be undone ${where}`;
      assert.ok(result.kind === "failed");
      assert.equal(result.error.message, message);
    }
  });

  it("an answer that is cut short within its coding is BAD_RESPONSE: a read is tried once more, a write is not", async (test) => {
    for (const body of [gzipSync(text), gzipSync(randomBytes(200_000))]) {
      const { rig } = await openPackedRig(test, packed(body.subarray(0, -5)));
      const cut = { code: "BAD_RESPONSE", sent: "maybe" };
      assert.deepEqual(summary(await rig.request({ class: "never" })), { ...cut, attempts: ["CONTENT_CUT_SHORT"] });
      const twice = ["CONTENT_CUT_SHORT", "CONTENT_CUT_SHORT"];
      assert.deepEqual(summary(await rig.request()), { ...cut, attempts: twice });
    }
  });

  it("an answer that unpacks to more than is read is BAD_RESPONSE, and only the limit of it is held", async (test) => {
    // The first is unpacked as it comes, the others at once.
    for (const [byteLength, maxResponseBytes] of [
      [100_000_000, 1_000_000],
      [1_000_000, 1_000],
      [200_000, 1_000],
    ] as const) {
      const { rig } = await openPackedRig(test, packed(gzipSync(Buffer.alloc(byteLength))), {
        settings: { maxResponseBytes },
      });
      const tooLarge = { code: "BAD_RESPONSE", sent: "maybe", attempts: ["UND_ERR_RES_EXCEEDED_MAX_SIZE"] };
      assert.deepEqual(summary(await rig.request()), tooLarge);
    }
  });

  it("a stream is bounded by its request's own limit, unpacked", async (test) => {
    const { rig } = await openPackedRig(test, packed(gzipSync(Buffer.alloc(5_000_000))));
    const streamed = await rig.stream(10_000_000, { settings: { maxResponseBytes: 1_000_000 } });
    await waitUntil("it has ended", () => streamed.end !== undefined);
    assert.match(streamed.end ?? "", /^BAD_RESPONSE after 1\d{6}$/);
  });

  it("a packed refusal is retried as any other, and unpacked where it is the answer", async (test) => {
    let asked = 0;
    const refused = packed(gzipSync(text), "retry-after: 0\r\ncontent-encoding: gzip\r\n", "503 No");
    const { rig } = await openPackedRig(test, (...given) =>
      (asked++ === 0 ? refused : packed(gzipSync("{}")))(...given),
    );
    assert.deepEqual(summary(await rig.request()), { status: 200, attempts: ["503", "200"] });
    asked = 0;
    const result = await rig.request({ maxRetries: 0 });
    assert.deepEqual([summary(result), answered(result).body], [{ status: 503, attempts: ["503"] }, text]);
    asked = 0;
    const streamed = await rig.stream(windowBytes);
    await waitUntil("it has ended", () => streamed.end !== undefined);
    assert.deepEqual([streamed.bytes, streamed.end], [2, "whole"]);
  });

  it("a stream whose reader takes nothing unpacks a bounded part, its node owes nothing, and the rest comes later", async (test) => {
    const body = gzipSync(Buffer.alloc(30_000_000));
    let asked = 0;
    const { server, rig } = await openPackedRig(test, (socket, request) =>
      asked++ === 0 ? packed(body)(socket, request) : void socket.write(okAnswer),
    );
    const streamed = await rig.stream(windowBytes);
    await waitUntil(
      "the window is full, and the whole answer is here",
      () => streamed.bytes >= windowBytes && !rig.traffic.isAwaited(0),
    );
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    assert.ok(streamed.bytes < windowBytes + 200_000, String(streamed.bytes));
    streamed.answer.source.read(30_000_000);
    await waitUntil("all has come", () => streamed.end !== undefined);
    assert.deepEqual([streamed.bytes, streamed.end], [30_000_000, "whole"]);
    await rig.request();
    assert.equal(server.connections, 1, "its connection is used again");
  });

  it("a stream that is dropped, cancelled or destroyed while it waits to be unpacked leaves nothing behind", async (test) => {
    for (const how of ["drop", "cancel", "destroy"] as const) {
      const { rig } = await openPackedRig(test, packed(gzipSync(Buffer.alloc(30_000_000))));
      const streamed = await rig.stream(windowBytes);
      await waitUntil("it waits for its reader", () => streamed.bytes >= windowBytes && !rig.traffic.isAwaited(0));
      if (how === "drop") streamed.answer.source.drop();
      if (how === "cancel") rig.begun[0]?.pending.cancel("ABORTED", "the test has done so");
      if (how === "destroy") await rig.dispatch.destroy();
      await waitUntil("nothing is in flight", () => rig.inFlight === 0);
      assert.equal(streamed.end?.split(" ")[0], { drop: undefined, cancel: "ABORTED", destroy: "CLOSED" }[how]);
    }
  });

  it("a stream whose connection is lost gives out what had come, unpacked, and then DISCONNECTED", async (test) => {
    const body = gzipSync(randomBytes(100_000));
    const { rig } = await openPackedRig(test, (socket) => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\ncontent-encoding: gzip\r\n\r\n`);
      socket.write(body.subarray(0, 50_000), () => socket.end());
    });
    const streamed = await rig.stream(windowBytes);
    await waitUntil("it has ended", () => {
      streamed.answer.source.read(windowBytes);
      return streamed.end !== undefined;
    });
    assert.equal(streamed.end, `DISCONNECTED after ${streamed.bytes}`);
    assert.ok(streamed.bytes > 45_000, String(streamed.bytes));
  });

  it("a thread goes on with its other work while it unpacks a large answer", async (test) => {
    const { rig } = await openPackedRig(test, packed(gzipSync(Buffer.alloc(50_000_000))), {
      settings: { maxResponseBytes: 60_000_000 },
    });
    let turns = 0;
    const begun = rig.begin();
    const count = () => {
      turns++;
      if (begun.settlements === 0) setImmediate(count);
    };
    count();
    assert.equal(summary(await begun.result).status, 200);
    assert.ok(turns > 300, String(turns));
  });

  it("large answers that are unpacked wait for one another at the bound of memory, and all come", async (test) => {
    const body = randomBytes(400_000).toString("hex");
    const answers = new AnswerFlow(1_000_000);
    const { rig } = await openPackedRig(test, packed(gzipSync(body)), { answers, settings: { perNode: 4 } });
    const results = await Promise.all(Array.from({ length: 8 }, () => rig.request()));
    for (const result of results) assert.equal(answered(result).body, body);
  });
});

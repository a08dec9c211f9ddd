import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { seededRandom } from "@rollcall/testing";
import { openRig, startRawServer } from "./dispatch-rig.test.support.js";
import { SmallChunks } from "./small-chunks.js";

describe("small chunks of an answer", () => {
  it("chunks of any sizes come out as the same bytes, in few pieces", () => {
    const random = seededRandom(3);
    const given = Array.from({ length: 5_000 }, (_, at) => {
      const size = random() < 0.01 ? 10_000 + Math.floor(random() * 90_000) : Math.floor(random() * 30);
      return Buffer.alloc(size, at);
    });
    const kept: Buffer[] = [];
    const small = new SmallChunks(kept);
    for (const chunk of given) small.add(chunk);
    small.end();
    small.end();
    const whole = Buffer.concat(given);
    assert.ok(Buffer.concat(kept).equals(whole));
    assert.ok(kept.length < whole.length / 4_096 + 2, `${kept.length} pieces of ${whole.length} bytes`);
  });

  it("an answer that comes one byte at a time is held in few pieces, and is whole", async (test) => {
    const bytes = 200_000;
    const text = "0123456789".repeat(bytes / 10);
    const server = await startRawServer(test, (socket) => {
      const pieces = Array.from(text, (digit) => `1\r\n${digit}\r\n`).join("");
      socket.write(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${pieces}0\r\n\r\n`);
    });
    const rig = openRig(test, { settings: { maxResponseBytes: bytes } });
    rig.use(server.origin);
    const result = await rig.request();
    assert.ok(result.kind === "answered");
    assert.equal(String(result.body), text);
  });
});

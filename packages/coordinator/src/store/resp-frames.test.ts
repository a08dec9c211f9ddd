import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BrokenReplies, type Frame, RespFrames } from "./resp-frames.js";

/** The frames of these bytes, given in chunks of this size. */
function framesOf(text: string, chunkBytes: number): string[] {
  const bytes = Buffer.from(text, "latin1");
  const frames = new RespFrames();
  const found: Frame[] = [];
  let whole = "";
  for (let from = 0; from < bytes.length; from += chunkBytes) {
    const chunk = bytes.subarray(from, from + chunkBytes);
    for (let start = 0; start < chunk.length; ) {
      const { end, frame } = frames.next(chunk, start);
      whole += chunk.subarray(start, end).toString("latin1");
      start = end;
      if (frame !== undefined) found.push(frame);
    }
  }
  assert.equal(whole, text);
  assert.equal(frames.isInsideFrame, false);
  return found.map((frame) => (frame.kind === "push" ? frame.name : frame.kind));
}

const broken = (text: string) => assert.throws(() => framesOf(text, 4), BrokenReplies, JSON.stringify(text));

describe("frames of RESP", () => {
  const conversation = [
    "%2\r\n$6\r\nserver\r\n$5\r\nredis\r\n$5\r\nproto\r\n:3\r\n",
    "+OK\r\n",
    ">3\r\n$9\r\nsubscribe\r\n$6\r\nevents\r\n:1\r\n",
    "-ERR max number of clients reached\r\n",
    "$-1\r\n*-1\r\n_\r\n#t\r\n,1.5\r\n(12345678901234567890\r\n*0\r\n",
    "$6\r\na\r\nb\r\n\r\n",
    ">3\r\n+message\r\n$6\r\nevents\r\n$0\r\n\r\n",
    ">3\r\n$11\r\nunsubscribe\r\n_\r\n:0\r\n",
    ">3\r\n$12\r\nsunsubscribe\r\n$6\r\nevents\r\n:0\r\n>3\r\n$8\r\nsmessage\r\n$6\r\nevents\r\n$1\r\nx\r\n",
    "*2\r\n*2\r\n:1\r\n~1\r\n=7\r\ntxt:abc\r\n!3\r\nERR\r\n",
    ">2\r\n+invalidate\r\n_\r\n",
  ].join("");

  it("the frames of a conversation are found however its bytes are divided", () => {
    const whole = framesOf(conversation, conversation.length);
    assert.deepEqual(whole.slice(0, 4), ["reply", "reply", "subscribe", "error"]);
    assert.deepEqual(whole.slice(-6), ["message", "unsubscribe", "sunsubscribe", "smessage", "reply", "invalidate"]);
    for (let chunkBytes = 1; chunkBytes < 40; chunkBytes++) assert.deepEqual(framesOf(conversation, chunkBytes), whole);
  });

  it("what is not RESP is refused at its first line", () => {
    for (const text of [
      "HTTP/1.1 400 Bad Request\r\n",
      "+OK\n",
      ":12a\r\n",
      "$x\r\n",
      "*-2\r\n",
      "\r\n",
      "$?\r\n",
      "\u0000",
    ])
      broken(`${text}\r\n`);
  });

  it("a push that the client would trip over is refused", () => {
    for (const text of [
      ">0\r\n",
      ">1\r\n_\r\n",
      ">1\r\n+message\r\n",
      ">1\r\n$7\r\nmessage\r\n",
      ">2\r\n+message\r\n_\r\n",
      ">3\r\n+message\r\n_\r\n+x\r\n",
      ">1\r\n+subscribe\r\n",
      ">1\r\n+unsubscribe\r\n",
      ">2\r\n+smessage\r\n+events\r\n",
      ">3\r\n+ssubscribe\r\n+events\r\n_\r\n",
      ">2\r\n+sunsubscribe\r\n_\r\n",
      ">3\r\n+subscribe\r\n+events\r\n*0\r\n",
      ">4\r\n+pmessage\r\n+*\r\n+events\r\n+x\r\n",
      "*1\r\n>1\r\n+x\r\n",
    ])
      broken(text);
  });

  it("an answer that is too long, too wide, too deep or has no end is refused without being kept", () => {
    broken("$2000000000\r\n");
    broken("*2000000\r\n");
    broken("*1\r\n".repeat(100));
    broken(`+${"x".repeat(9_000_000)}`);
    broken(`*90000\r\n${"$100\r\n".concat("x".repeat(100), "\r\n").repeat(90_000)}`);
  });
});

import assert from "node:assert/strict";
import { it } from "node:test";
import { MessageGate } from "./message-gate.js";
import { PassingFrames } from "./passing-frames.js";
import { RespFrames } from "./resp-frames.js";

/** What of these bytes is passed on, given in chunks of this size, and what the gate was asked. */
function passed(text: string, chunkBytes: number, refusedChannels: readonly string[]) {
  const asked: string[] = [];
  const gate = new MessageGate();
  gate.decideBy((channel, byteLength) => {
    asked.push(`${channel} ${byteLength}`);
    return !refusedChannels.includes(channel);
  });
  const frames = new RespFrames();
  let whole = "";
  const passing = new PassingFrames(frames, gate, (bytes) => {
    whole += bytes.toString("latin1");
  });
  const bytes = Buffer.from(text, "latin1");
  for (let from = 0; from < bytes.length; from += chunkBytes) {
    const chunk = bytes.subarray(from, from + chunkBytes);
    for (let start = 0; start < chunk.length; ) {
      const { end, frame } = frames.next(chunk, start);
      passing.take(chunk.subarray(start, end), frame !== undefined);
      start = end;
    }
  }
  return { whole, asked };
}

const message = (channel: string, text: string, kind = "message") =>
  `>3\r\n$${kind.length}\r\n${kind}\r\n$${channel.length}\r\n${channel}\r\n$${text.length}\r\n${text}\r\n`;

it("messages that the gate refuses are skipped, and all else is passed on, however the bytes are divided", () => {
  const kept = [
    "+OK\r\n",
    message("calm", "one"),
    ">2\r\n+invalidate\r\n_\r\n",
    "$6\r\nab\r\ncd\r\n",
    message("calm", ""),
  ];
  const [ok, one, invalidate, reply, empty] = kept;
  const text = [
    ok,
    message("flood", "x\r\n>3"),
    one,
    invalidate,
    message("flood", "y".repeat(500), "smessage"),
    reply,
    empty,
  ].join("");
  for (const chunkBytes of [...Array(60).keys(), 999].map((at) => at + 1)) {
    const { whole, asked } = passed(text, chunkBytes, ["flood"]);
    assert.equal(whole, kept.join(""), `${chunkBytes}`);
    assert.deepEqual(asked, ["flood 5", "calm 3", "flood 500", "calm 0"]);
  }
});

it("a message that is too long for any channel is skipped without being kept, and the connection stays in use", () => {
  const text = `${message("calm", "z".repeat(9_000_000))}+OK\r\n`;
  const { whole, asked } = passed(text, 65_536, []);
  assert.deepEqual([whole, asked], ["+OK\r\n", []]);
});

it("a channel's name without an end is not held back for ever", () => {
  const begun = `>3\r\n$7\r\nmessage\r\n$100000\r\n${"c".repeat(50_000)}`;
  assert.ok(passed(begun, 1_000, []).whole.length > 40_000);
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ReceivedResponse } from "../api/response.js";
import { Incoming } from "./incoming.js";
import { toMain } from "./messages.js";
import { Outgoing } from "./outgoing.js";

const attempts = [{ node: "10.0.0.1:9200", code: "200", ms: 3 }];
const largeEnoughForBytes = 20_000;

/** One answer, sent as a thread does and read as main does. */
function crossed(rawHeaders: readonly Buffer[], body: Buffer) {
  const outgoing = new Outgoing();
  outgoing.result(7, {
    kind: "answered",
    status: 200,
    rawHeaders,
    body,
    node: "10.0.0.1:9200",
    nodeUrl: "http://10.0.0.1:9200",
    attempts,
  });
  const { words, transfer } = outgoing;
  const incoming = new Incoming(structuredClone(words, { transfer }));
  assert.deepEqual([incoming.number(), incoming.number()], [toMain.answered, 7]);
  const result = incoming.answer();
  assert.ok(result.kind === "answered" && incoming.ended);
  return { response: new ReceivedResponse(result, {}), transferred: transfer };
}

/** What a socket has read, with the parts of it that undici gives. */
function readFromSocket(lines: readonly (readonly [string, string, string])[], body: Buffer) {
  const status = "HTTP/1.1 200 OK\r\n";
  const head = `${status + lines.map(([name, gap, value]) => `${name}:${gap}${value}\r\n`).join("")}\r\n`;
  const chunk = Buffer.allocUnsafeSlow(head.length + body.length);
  chunk.write(head, "latin1");
  chunk.set(body, head.length);
  const headers: Buffer[] = [];
  let at = status.length;
  for (const [name, gap, value] of lines) {
    headers.push(chunk.subarray(at, at + name.length));
    at += name.length + 1 + gap.length;
    headers.push(chunk.subarray(at, at + value.length));
    at += value.length + 2;
  }
  return { chunk, headers, body: chunk.subarray(head.length) };
}

describe("lane: answers", () => {
  const body = Buffer.alloc(largeEnoughForBytes, "é", "latin1");

  it("an answer keeps its headers, however the server has spaced them", () => {
    for (const gaps of [
      [" ", " ", " "],
      ["", "   ", " "],
      ["\t", "", "  "],
    ] as const) {
      const { headers, body: part } = readFromSocket(
        [
          ["Server", gaps[0], "a: b"],
          ["X-Twice", gaps[1], "caf\u00e9"],
          ["x-twice", gaps[2], "2"],
        ],
        body,
      );
      assert.deepEqual({ ...crossed(headers, part).response.headers }, { server: "a: b", "x-twice": ["café", "2"] });
    }
  });

  it("an answer keeps headers that came in several reads", () => {
    const { headers } = readFromSocket([["server", " ", "nginx"]], body);
    const apart = [...headers, Buffer.from("etag"), Buffer.from('"1"')];
    assert.deepEqual({ ...crossed(apart, Buffer.from(body)).response.headers }, { server: "nginx", etag: '"1"' });
    assert.deepEqual({ ...crossed([], Buffer.from(body)).response.headers }, {});
  });

  it("an answer keeps a header that lies elsewhere, at the very place where it would follow", () => {
    const { headers } = readFromSocket(
      [
        ["server", " ", "nginx"],
        ["etag", " ", '"1"'],
        ["via", " ", "proxy"],
      ],
      body,
    );
    const [, , etag = Buffer.alloc(0)] = headers;
    const other = Buffer.allocUnsafeSlow(etag.byteOffset + etag.length + 1);
    // In the first buffer stands nothing of it, as where it was joined of two reads.
    const elsewhere = other.subarray(etag.byteOffset, etag.byteOffset + etag.length);
    elsewhere.set(etag);
    etag.fill(0);
    new Uint8Array(etag.buffer, etag.byteOffset - 2, 2).fill(0);
    headers[2] = elsewhere;
    const { headers: got } = crossed(headers, Buffer.from(body)).response;
    assert.deepEqual({ ...got }, { server: "nginx", etag: '"1"', via: "proxy" });
  });

  it("the buffer that was read from the socket is transferred itself", () => {
    const { chunk, headers, body: part } = readFromSocket([["server", " ", "nginx"]], body);
    const { response, transferred } = crossed(headers, part);
    assert.deepEqual(Buffer.from(response.bytes()), body);
    assert.equal(transferred.length, 1);
    assert.equal(chunk.byteLength, 0, "the thread has it no more");
  });

  it("a buffer that is shared with others, or is mostly something else, is copied", () => {
    const pool = Buffer.allocUnsafeSlow(Buffer.poolSize);
    const binary = Buffer.alloc(1_000, 0xff);
    pool.set(binary, 64);
    const large = Buffer.alloc(200_000, 0xff);
    for (const [whole, part] of [
      [pool, pool.subarray(64, 64 + binary.length)],
      [large, large.subarray(0, largeEnoughForBytes)],
    ] as const) {
      assert.equal(crossed([], part).response.bytes().byteLength, part.byteLength);
      assert.notEqual(whole.byteLength, 0);
      assert.equal(part[0], 0xff);
    }
  });

  it("a short answer crosses as text with the same bytes", () => {
    for (const text of ["{}", '{"name":"Zoë"}', ""]) {
      const { response, transferred } = crossed([], Buffer.from(text));
      assert.equal(transferred.length, 0);
      assert.equal(response.text(), text);
      assert.deepEqual(Buffer.from(response.bytes()), Buffer.from(text));
    }
  });
});

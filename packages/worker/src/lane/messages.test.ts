import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MessageChannel, receiveMessageOnPort } from "node:worker_threads";
import fc from "fast-check";
import { ReceivedResponse } from "../api/response.js";
import type { PreparedRequest, Result } from "../dispatch/sender.js";
import { Incoming, type RequestWord } from "./incoming.js";
import { toMain, toThread, type Word } from "./messages.js";
import { Outgoing } from "./outgoing.js";

/** Through a real port, so that what is transferred is gone here. */
function across(outgoing: Outgoing): Incoming {
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(outgoing.words, outgoing.transfer);
  const words = receiveMessageOnPort(port2)?.message as Word[];
  port1.close();
  port2.close();
  return new Incoming(words);
}

// Few of everything that requests share: many of a run are alike.
const sharedHeaders = [[], ["x-a", "value"], ["content-type", "application/json", "x-a", "ÿ"]];

const call = fc
  .record(
    {
      method: fc.constantFrom("GET", "POST", "HEAD"),
      path: fc.string().map((text) => `/${encodeURIComponent(text)}`),
      headers: fc.constantFrom(...sharedHeaders),
      body: fc.oneof(fc.constant(undefined), fc.string(), fc.uint8Array({ maxLength: 50 })),
      class: fc.constantFrom("read", "repeatable", "never"),
      reroutable: fc.boolean(),
      hedgeTemplate: fc.constantFrom(undefined, "GET /_search"),
      maxRetries: fc.constantFrom(3, 3, 0),
      deadlineMs: fc.double({ noNaN: true, min: 0, max: 1e12 }),
      sentBefore: fc.constantFrom(0, 0, 3),
      settings: fc.option(
        fc.record(
          { finalStatuses: fc.array(fc.integer({ min: 400, max: 599 })), maxResponseBytes: fc.nat() },
          { requiredKeys: [], noNullPrototype: true },
        ),
        { nil: undefined },
      ),
      answerWindowBytes: fc.constantFrom(0, 0, 65_536),
    },
    { noNullPrototype: true },
  )
  .map((one) => (one.reroutable ? one : { ...one, hedgeTemplate: undefined }));

const attempts = fc.array(
  fc.record(
    { node: fc.string(), code: fc.constantFrom("200", "0", "", "STALLED"), ms: fc.nat() },
    { noNullPrototype: true },
  ),
  { maxLength: 3 },
);

const result = fc.oneof(
  fc
    .record({
      kind: fc.constant("answered" as const),
      status: fc.integer({ min: 100, max: 599 }),
      rawHeaders: fc.constant(["X-A", "1", "x-a", "2", "x-b", "ÿ"].map((text) => Buffer.from(text, "latin1"))),
      body: fc
        .oneof(
          fc.uint8Array(),
          fc.string({ unit: "binary" }).map((text) => Buffer.from(text, "utf8")),
        )
        .map((bytes) => Buffer.from(bytes)),
      node: fc.integer({ min: 1, max: 20 }).map((port) => `last:${port}`),
      before: attempts,
      url: fc.constantFrom(
        (node: string) => `http://${node}`,
        (node: string) => `https://${node}`,
        (node: string) => `https://${node}/es`,
      ),
    })
    .map(({ node, before, url, ...rest }) => ({
      ...rest,
      node,
      nodeUrl: url(node),
      attempts: [...before, { node, code: String(rest.status), ms: 1 }],
    })),
  fc.record({
    kind: fc.constant("failed" as const),
    error: fc.record(
      {
        code: fc.constantFrom("TIMEOUT" as const, "CONNECT" as const),
        message: fc.string(),
        sent: fc.constantFrom("no" as const, "maybe" as const),
        attempts,
        cause: fc.string(),
      },
      { requiredKeys: ["code", "message", "sent", "attempts"], noNullPrototype: true },
    ),
  }),
);

describe("lane messages", () => {
  it("requests arrive as they were sent", () => {
    fc.assert(
      fc.property(fc.array(call), (calls) => {
        const outgoing = new Outgoing();
        for (const [id, one] of calls.entries()) outgoing.request(id, one);
        const incoming = across(outgoing);
        for (const [id, one] of calls.entries()) {
          const kind = incoming.toThread() as RequestWord;
          assert.equal(incoming.number(), id);
          assert.deepEqual(incoming.request(kind), one);
        }
        assert.ok(incoming.ended);
      }),
    );
  });

  it("of requests that are alike, all but the first of a message cross without what they share", () => {
    const like: PreparedRequest = {
      method: "POST",
      path: "/a/_search",
      headers: ["content-type", "application/json"],
      body: "{}",
      class: "read",
      reroutable: true,
      maxRetries: 3,
      deadlineMs: 1.5,
      sentBefore: 0,
      settings: undefined,
      answerWindowBytes: 0,
    };
    const outgoing = new Outgoing();
    outgoing.request(0, like);
    const lengthOfFirst = outgoing.words.length;
    outgoing.request(1, { ...like, path: "/b/_search", body: "[]", deadlineMs: 2.5 });
    assert.deepEqual(outgoing.words.slice(lengthOfFirst), [toThread.alike, 1, "/b/_search", 2.5, "[]"]);
    const different: Partial<PreparedRequest>[] = [
      ...[{ method: "GET" } as const, { headers: [] }, { class: "never" } as const, { reroutable: false }],
      ...[{ hedgeTemplate: "POST /{index}/_search" }, { maxRetries: 0 }, { sentBefore: 1 }],
    ];
    for (const more of different) {
      outgoing.request(1, like);
      const at = outgoing.words.length;
      outgoing.request(2, { ...like, ...more });
      assert.notEqual(outgoing.words[at], toThread.alike, Object.keys(more)[0]);
    }
    const { port1, port2 } = new MessageChannel();
    outgoing.post(port1);
    outgoing.request(0, like);
    assert.equal(outgoing.words[0], toThread.plain, "each message stands for itself");
    port1.close();
    port2.close();
  });

  it("reroute orders arrive as they were sent", () => {
    const time = fc.double({ noNaN: true });
    const order = fc.record(
      {
        decidedAtMs: time,
        stuck: fc.array(
          fc.record({ slot: fc.nat(9), generation: fc.nat(9), suspectedAtMs: time }, { noNullPrototype: true }),
        ),
        targets: fc.array(fc.record({ slot: fc.nat(9), lastByteAtMs: time }, { noNullPrototype: true })),
      },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(fc.array(order), (orders) => {
        const outgoing = new Outgoing();
        for (const one of orders) outgoing.reroute(one);
        const incoming = across(outgoing);
        for (const one of orders) {
          assert.equal(incoming.number(), toThread.reroute);
          assert.deepEqual(incoming.reroute(), one);
        }
        assert.ok(incoming.ended);
      }),
    );
  });

  it("results arrive as they were sent, to the last byte and header", () => {
    fc.assert(
      fc.property(fc.array(result), (results) => {
        const wanted = results.map(shown);
        const outgoing = new Outgoing();
        for (const [id, one] of results.entries()) outgoing.result(id, one);
        const incoming = across(outgoing);
        const got = results.map(({ kind }, id) => {
          assert.deepEqual([incoming.number(), incoming.number()], [toMain[kind], id]);
          return shown(kind === "answered" ? incoming.answer() : incoming.failure());
        });
        assert.deepEqual(got, wanted);
        assert.ok(incoming.ended);
      }),
    );
  });

  it("a request's bytes stay usable on the sending side, and so does what shares their buffer", () => {
    const whole = new Uint8Array([1, 2, 3, 4]);
    const outgoing = new Outgoing();
    outgoing.request(0, {
      method: "POST",
      path: "/",
      headers: [],
      body: whole.subarray(1, 3),
      class: "never",
      reroutable: false,
      maxRetries: 0,
      deadlineMs: 1,
      sentBefore: 0,
      settings: undefined,
      answerWindowBytes: 0,
    });
    const incoming = across(outgoing);
    const kind = incoming.toThread() as RequestWord;
    incoming.number();
    assert.deepEqual(incoming.request(kind).body, new Uint8Array([2, 3]));
    assert.deepEqual(whole, new Uint8Array([1, 2, 3, 4]));
  });

  it("a large answer crosses alone, also if it is part of a larger buffer", () => {
    for (const length of [8_192, 8_193, 500_000]) {
      const slab = Buffer.alloc(2 * length + 20, "x");
      const own = Buffer.alloc(length, "y");
      for (const body of [slab.subarray(10, 10 + length), own]) {
        const text = body.toString();
        const outgoing = new Outgoing();
        outgoing.result(0, {
          kind: "answered",
          status: 200,
          rawHeaders: [],
          body,
          node: "",
          nodeUrl: "http://",
          attempts: [],
        });
        const incoming = across(outgoing);
        incoming.number();
        incoming.number();
        const answer = incoming.answer();
        assert.ok(answer.kind === "answered" && answer.body.toString() === text);
        if (typeof answer.body !== "string") assert.equal(answer.body.buffer.byteLength, length);
      }
      assert.equal(slab.length, 2 * length + 20, "the slab is still there");
    }
  });
});

function shown(one: Result): unknown {
  // A plain copy: fast-check's own objects have no prototype.
  if (one.kind === "failed") return { ...one };
  const response = new ReceivedResponse(one, {});
  const { status, node, nodeUrl, attempts: tries, headers } = response;
  return { status, node, nodeUrl, tries, headers, bytes: [...response.bytes()], text: response.text() };
}

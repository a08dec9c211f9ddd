import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import type { Timers } from "@rollcall/core";
import type { RequestToSign, SignHook } from "@rollcall/core/config";
import { ManualTimers, waitUntil } from "@rollcall/testing";
import { json, type StandIn, standIn } from "../stand-in.test.support.js";
import { systemTimers } from "../system-timers.js";
import { endpointAt } from "../testing.test.support.js";
import type { ControlRequest } from "./control-client.js";
import { HttpControlClient } from "./http-control-client.js";
import { probe } from "./probe.js";
import { Signer } from "./signer.js";

const question: ControlRequest = { path: "/", timeoutMs: 30_000, maxBytes: 1_000, fresh: false };
const silent = () => {};

const open: (() => Promise<void>)[] = [];
after(() => Promise.all(open.map((close) => close())));

async function serving(reply: StandIn["reply"]): Promise<StandIn> {
  const server = await standIn(reply);
  open.push(() => server.down());
  return server;
}

function clientOn(timers: Timers, hook?: SignHook): HttpControlClient {
  const signer = hook === undefined ? undefined : new Signer({ kind: "function", hook }, timers);
  const connecting = { timers, wallNowMs: Date.now, connectTimeoutMs: 3_000 };
  const client = new HttpControlClient({ ...connecting, signer: () => signer });
  open.push(() => client.close());
  return client;
}

describe("HTTP control client", () => {
  it("the response has status, body and date, and the request the endpoint's headers and path prefix", async () => {
    const server = await serving(json({ ok: true }, 404));
    const endpoint = endpointAt(server.port, { pathPrefix: "/es", headers: { authorization: "Bearer t" } });
    const answer = await clientOn(systemTimers).request(endpoint, { ...question, path: "/_nodes/http?a=b" });
    assert.ok(answer.kind === "answered");
    const { date, ...rest } = answer;
    assert.deepEqual(rest, { kind: "answered", status: 404, body: Buffer.from('{"ok":true}') });
    assert.match(date ?? "", / GMT$/);
    assert.deepEqual([server.asked, server.credentials], [["/es/_nodes/http?a=b"], ["Bearer t"]]);
  });

  it("each request is signed as it goes out", async () => {
    const server = await serving(json({}));
    const asked: RequestToSign[] = [];
    const client = clientOn(systemTimers, (request) => {
      asked.push(request);
      return { authorization: `signature ${asked.length}` };
    });
    const endpoint = endpointAt(server.port, { pathPrefix: "/es", headers: { "x-team": "search" } });
    for (const fresh of [false, true]) await client.request(endpoint, { ...question, fresh });
    assert.deepEqual(
      [server.asked, server.credentials],
      [
        ["/es/", "/es/"],
        ["signature 1", "signature 2"],
      ],
    );
    assert.deepEqual(asked[0], {
      ...{ method: "GET", scheme: "http", host: "127.0.0.1", port: server.port, path: "/es/", body: null },
      headers: { host: server.address, accept: "application/json", "x-team": "search" },
    });
  });

  it("a request that cannot be signed is not sent, and a probe of it says nothing about the node", async () => {
    const server = await serving(json({}));
    const client = clientOn(systemTimers, () => {
      throw new TypeError();
    });
    assert.deepEqual(await probe(client, endpointAt(server.port), { pinnedUuid: undefined, ...question }), {
      outcome: "void",
      reason: "the function given as `sign` threw TypeError",
      code: "ERR_NOT_SIGNED",
    });
    assert.equal(server.connections, 0);
  });

  it("a request that is signed when the client is closed is not sent", async () => {
    const server = await serving(json({}));
    let sign: (headers: Record<string, string>) => void = () => {};
    const client = clientOn(systemTimers, () => new Promise((resolve) => (sign = resolve)));
    const answer = client.request(endpointAt(server.port), question);
    await client.close();
    sign({ authorization: "signature" });
    assert.equal((await answer).kind, "failed");
    assert.equal(server.connections, 0);
  });

  it("one connection to a node is kept, and each fresh request opens another", async () => {
    const server = await serving(json({}));
    const client = clientOn(systemTimers);
    const endpoint = endpointAt(server.port);
    await client.request(endpoint, question);
    await client.request({ ...endpoint, headers: { authorization: "Bearer new" } }, question);
    assert.deepEqual([server.connections, server.credentials], [1, [undefined, "Bearer new"]]);
    await client.request(endpoint, { ...question, fresh: true });
    await client.request(endpoint, { ...question, fresh: true });
    assert.equal(server.connections, 3);
    await client.request(endpoint, question);
    assert.equal(server.connections, 3);
  });

  it("keepOnly closes the connections to all other addresses after their responses", async () => {
    const responses: (() => void)[] = [];
    const server = await serving((_request, response) => responses.push(() => response.end("{}")));
    const client = clientOn(systemTimers);
    const asking = client.request(endpointAt(server.port), question);
    await waitUntil("the question has come", () => responses.length === 1);
    client.keepOnly(new Set());
    const other = client.request(endpointAt(server.port), question);
    await waitUntil("another connection is opened", () => responses.length === 2);
    for (const respond of responses) respond();
    assert.deepEqual([(await asking).kind, (await other).kind, server.connections], ["answered", "answered", 2]);
  });

  it("a redirect is not followed", async () => {
    const elsewhere = await serving(json({}));
    const server = await serving((_request, response) => response.writeHead(302, { location: elsewhere.url }).end());
    const answer = await clientOn(systemTimers).request(endpointAt(server.port), question);
    assert.deepEqual([answer.kind === "answered" && answer.status, elsewhere.asked], [302, []]);
  });

  it("a response beyond maxBytes is not read to its end", async () => {
    const server = await serving((_request, response) => response.end("x".repeat(1_001)));
    const answer = await clientOn(systemTimers).request(endpointAt(server.port), question);
    assert.equal(answer.kind === "failed" && answer.code, "ERR_TOO_LARGE");
    server.reply = (_request, response) => response.end("x".repeat(1_000));
    assert.equal((await clientOn(systemTimers).request(endpointAt(server.port), question)).kind, "answered");
  });

  it("every failure has a code and words", async () => {
    const server = await serving((request) => request.socket.destroy());
    const codeOf = async (port: number, headers = {}) => {
      const answer = await clientOn(systemTimers).request(endpointAt(port, { headers }), question);
      assert.ok(answer.kind === "failed" && answer.reason !== "");
      return answer.code;
    };
    assert.match(await codeOf(server.port), /^(UND_ERR_SOCKET|ECONNRESET)$/);
    server.reply = (request) => request.socket.end("no HTTP at all\r\n\r\n");
    assert.match(await codeOf(server.port), /^ERR_BROKEN_ANSWER$/);
    server.reply = (request) => request.socket.end("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf");
    assert.match(await codeOf(server.port), /^(UND_ERR_SOCKET|ECONNRESET|ERR_BROKEN_ANSWER)$/);
    assert.equal(await codeOf(server.port, { "x-bad": "a\nb" }), "UND_ERR_INVALID_ARG");
    await server.down();
    assert.equal(await codeOf(server.port), "ECONNREFUSED");
  });

  it("a request fails at its deadline, and the next one uses another connection", async () => {
    const timers = new ManualTimers();
    const server = await serving(silent);
    const client = clientOn(timers);
    const asking = client.request(endpointAt(server.port), { ...question, timeoutMs: 1_000 });
    await waitUntil("the question has come", () => server.asked.length === 1);
    timers.advance(999);
    server.reply = json({});
    timers.advance(1);
    assert.deepEqual(await asking, { kind: "failed", code: "ERR_TIMEOUT", reason: "no answer within 1000 ms" });
    assert.equal((await client.request(endpointAt(server.port), question)).kind, "answered");
  });

  it("the deadline covers the whole response, not only its beginning", async () => {
    const timers = new ManualTimers();
    const server = await serving((_request, response) => response.write("{"));
    const asking = clientOn(timers).request(endpointAt(server.port), { ...question, timeoutMs: 1_000 });
    await waitUntil("the question has come", () => server.asked.length === 1);
    timers.advance(1_000);
    assert.equal((await asking).kind, "failed");
  });
});

describe("HTTP control client whose process was not running", () => {
  /** Timers that a test fires when it likes. */
  class HandTimers implements Timers {
    timeMs = 0;
    readonly set: { readonly dueMs: number; readonly wake: () => void }[] = [];
    nowMs = () => this.timeMs;
    after(delayMs: number, wake: () => void) {
      this.set.push({ dueMs: this.timeMs + delayMs, wake });
      return () => {};
    }
    /** Fires the newest, so much later than it was due. */
    fire(lateMs: number): void {
      const timer = this.set.at(-1);
      assert.ok(timer !== undefined);
      this.timeMs = timer.dueMs + lateMs;
      timer.wake();
    }
  }

  it("a request whose deadline passed while the process did not run is repeated", async () => {
    const timers = new HandTimers();
    const server = await serving(silent);
    const asking = clientOn(timers).request(endpointAt(server.port), question);
    await waitUntil("the question has come", () => server.asked.length === 1);
    server.reply = json({});
    timers.fire(51);
    assert.equal((await asking).kind, "answered");
    assert.equal(server.asked.length, 2);
  });

  it("a request is repeated twice at most", async () => {
    const timers = new HandTimers();
    const server = await serving(silent);
    const asking = clientOn(timers).request(endpointAt(server.port), { ...question, fresh: true });
    for (let time = 1; time <= 3; time++) {
      await waitUntil("the question has come", () => server.asked.length === time);
      timers.fire(5_000);
    }
    const answer = await asking;
    assert.deepEqual([answer.kind === "failed" && answer.code, server.asked.length], ["ERR_NOT_RUNNING", 3]);
  });

  it("a timer that is 50 ms late still counts against the node", async () => {
    const timers = new HandTimers();
    const server = await serving(silent);
    const asking = clientOn(timers).request(endpointAt(server.port), question);
    await waitUntil("the question has come", () => server.asked.length === 1);
    timers.fire(50);
    assert.equal((await asking).kind, "failed");
    assert.equal(server.asked.length, 1);
  });

  it("a response that has arrived is read before the deadline counts", async () => {
    const timers = new HandTimers();
    const server = await serving((_request, response) => {
      response.end("{}");
      // The answer is on its way, and the loop is blocked until the timer is due: timers run before sockets are read.
      setTimeout(() => timers.fire(0), 1);
      for (const untilMs = performance.now() + 10; performance.now() < untilMs; );
    });
    assert.equal((await clientOn(timers).request(endpointAt(server.port), question)).kind, "answered");
    assert.equal(timers.timeMs, question.timeoutMs);
  });
});

describe("HTTP control client that is closed", () => {
  for (const fresh of [true, false]) {
    it(`close ends ${fresh ? "fresh" : "kept"} requests in flight, and no more are sent`, async () => {
      const server = await serving(silent);
      const client = clientOn(systemTimers);
      const asking = client.request(endpointAt(server.port), { ...question, fresh });
      await waitUntil("the question has come", () => server.asked.length === 1);
      await client.close();
      assert.equal((await asking).kind, "failed");
      const answer = await client.request(endpointAt(server.port), { ...question, fresh });
      assert.equal(answer.kind === "failed" && answer.code, "ERR_CLOSED");
      assert.deepEqual([server.asked.length, server.connections], [1, 1]);
    });
  }
});

import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { RequestClass } from "@rollcall/core/request";
import { freePort, waitUntil } from "@rollcall/testing";
import fc from "fast-check";
import {
  answer,
  type Behaviour,
  endpointOf,
  mute,
  okAnswer,
  openRig,
  startRawServer,
  summary,
} from "./dispatch-rig.test.support.js";
import type { CancelCode } from "./sender.js";

describe("dispatch", () => {
  it("no byte is written of a request that its owner has revoked", async (test) => {
    const server = await startRawServer(test, answer);
    const rig = openRig(test);
    rig.use(server.origin);
    let asked = 0;
    const claim = {
      markSent() {
        asked++;
        return asked !== 1;
      },
    };
    const taken = summary(await rig.begin({ path: "/taken" }, claim).result);
    assert.ok("sent" in taken && taken.sent === "no");
    await rig.begin({ path: "/left" }, claim).result;
    assert.deepEqual([asked, server.requests.map((head) => head.split(" ")[1])], [2, ["/left"]]);
  });

  it("a request carries its own headers and its node's, after the node's path prefix", async (test) => {
    const server = await startRawServer(test, answer);
    const rig = openRig(test);
    rig.use(endpointOf(server.origin, { pathPrefix: "/es", headers: { authorization: "Basic x" } }));
    await rig.request({ method: "GET", path: "/_search?q=1", headers: ["x-opaque-id", "7"] });
    assert.deepEqual(server.requests[0]?.split("\r\n"), [
      "GET /es/_search?q=1 HTTP/1.1",
      `host: 127.0.0.1:${server.port}`,
      "connection: keep-alive",
      "x-opaque-id: 7",
      "authorization: Basic x",
    ]);
  });

  it("a header of the pool that a request gives too is sent once, with the request's value", async (test) => {
    const server = await startRawServer(test, answer);
    const rig = openRig(test);
    const headers = { authorization: "Basic x", "x-opaque-id": "pool", accept: "a/pool" };
    rig.use(endpointOf(server.origin, { headers }));
    await rig.request({ headers: ["x-opaque-id", "mine", "x-other", "accept"] });
    assert.deepEqual(server.requests[0]?.split("\r\n").slice(3), [
      "x-opaque-id: mine",
      "x-other: accept",
      "authorization: Basic x",
      "accept: a/pool",
    ]);
  });

  it("where `selection` leaves no node, requests fail at once, those that wait too, and go on once there is one", async (test) => {
    const server = await startRawServer(test, answer);
    const rig = openRig(test);
    const settings = { node: "es1" };
    const waiting = [rig.begin(), rig.begin(), rig.begin({ settings })];
    rig.writer.setBarred(true);
    rig.dispatch.pump();
    for (const { result } of [...waiting, rig.begin()]) {
      const { kind, ...failed } = await result;
      assert.ok(kind === "failed" && "error" in failed);
      const { code, sent, message } = failed.error;
      assert.deepEqual([code, sent, message], ["NO_NODE", "no", "`selection` leaves no node of the cluster"]);
    }
    rig.writer.setBarred(false);
    const later = rig.begin();
    rig.use(server.origin);
    assert.equal((await later.result).kind, "answered");
  });

  it("requests that follow each other use one connection", async (test) => {
    const server = await startRawServer(test, answer);
    const rig = openRig(test);
    rig.use(server.origin);
    for (let request = 0; request < 20; request++) await rig.request();
    assert.deepEqual([server.requests.length, server.connections], [20, 1]);
    assert.equal(rig.stats().nodes[0]?.openSockets, 1);
  });

  it("attempts, answers, failures and error statuses are counted for each node", async (test) => {
    const server = await startRawServer(test, (socket, { path }) => {
      if (path === "/reset") socket.resetAndDestroy();
      else socket.write(path === "/503" ? "HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n" : okAnswer);
    });
    const rig = openRig(test);
    rig.use(server.origin);
    await rig.request();
    await rig.request({ path: "/503" });
    await rig.request({ path: "/reset", class: "never" });
    const { nodes, retries } = rig.stats();
    assert.equal(retries, 2);
    const { requests, answers, failures, errorStatuses } = nodes[0] ?? assert.fail("the node is not counted");
    assert.deepEqual([requests, answers, failures, errorStatuses], [5, 4, 1, 3]);
  });

  it("the table shows whether a node owes an answer, when its last byte came, and how long it took to connect", async (test) => {
    const held: Socket[] = [];
    const server = await startRawServer(test, (socket) => held.push(socket));
    const rig = openRig(test);
    rig.use(server.origin);
    const lastByteMs = () => rig.traffic.lastByteMs(0, performance.now());
    assert.deepEqual([rig.traffic.isAwaited(0), lastByteMs()], [false, Number.NEGATIVE_INFINITY]);
    const begunMs = performance.now();
    const calls = [rig.begin(), rig.begin()];
    await waitUntil("both are there", () => held.length === 2);
    assert.ok((rig.traffic.of(0, performance.now()).handshakeMs ?? 0) >= 1);
    assert.deepEqual([rig.traffic.isAwaited(0), lastByteMs()], [true, Number.NEGATIVE_INFINITY]);
    held[0]?.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n");
    await waitUntil("a byte is noted", () => lastByteMs() >= begunMs - 2);
    const headersMs = lastByteMs();
    await sleep(20);
    held[0]?.write("{");
    await waitUntil("another byte is noted", () => lastByteMs() > headersMs);
    held[0]?.write("}");
    await calls[0]?.result;
    assert.equal(rig.traffic.isAwaited(0), true);
    held[1]?.write(okAnswer);
    await calls[1]?.result;
    assert.equal(rig.traffic.isAwaited(0), false);
    // Another node in the slot is another matter.
    rig.use(endpointOf(server.origin, { tls: {} }));
    assert.deepEqual(
      [lastByteMs(), rig.traffic.of(0, performance.now()).handshakeMs],
      [Number.NEGATIVE_INFINITY, undefined],
    );
  });

  it("a retry goes to another node before it goes to the same one", async (test) => {
    const seen: string[] = [];
    const refuse =
      (name: string): Behaviour =>
      (socket) => {
        seen.push(name);
        socket.write("HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n");
      };
    const [a, b, c] = [
      await startRawServer(test, refuse("a")),
      await startRawServer(test, refuse("b")),
      await startRawServer(test, refuse("c")),
    ];
    const rig = openRig(test);
    rig.use(a.origin, b.origin, c.origin);
    await rig.request();
    assert.deepEqual([...seen].sort(), ["a", "b", "c"]);
  });

  it("a retry waits as long as Retry-After says; if the deadline is earlier, the answer is returned", async (test) => {
    const server = await startRawServer(test, (socket) =>
      socket.write("HTTP/1.1 429 No\r\nRetry-After: 60\r\ncontent-length: 0\r\n\r\n"),
    );
    const rig = openRig(test);
    rig.use(server.origin);
    assert.deepEqual(summary(await rig.request()), { status: 429, attempts: ["429"] });

    const patient = rig.begin({ deadlineMs: performance.now() + 120_000 });
    await waitUntil("the request was refused", () => server.requests.length === 2 && rig.inFlight === 0);
    assert.equal(patient.settlements, 0);
    patient.pending.cancel("TIMEOUT", "enough");
    assert.deepEqual(summary(await patient.result), { code: "TIMEOUT", sent: "maybe", attempts: ["429"] });
  });

  it("an error lists the last 32 attempts of a request that had more", async (test) => {
    let refusals = 0;
    const server = await startRawServer(test, (socket) => {
      refusals++;
      socket.write(`HTTP/1.1 ${refusals <= 40 ? 503 : 200} x\r\ncontent-length: 0\r\n\r\n`);
    });
    const rig = openRig(test);
    rig.use(server.origin);
    assert.deepEqual(summary(await rig.request({ maxRetries: 50 })), {
      status: 200,
      attempts: [...Array(31).fill("503"), "200"],
    });
  });
});

describe("dispatch: a kept connection", () => {
  /** Serves the first request of each connection, and resets it at the second. */
  const oneEach = (): Behaviour => {
    const served = new WeakSet<Socket>();
    return (socket) => {
      if (served.has(socket)) return void socket.resetAndDestroy();
      served.add(socket);
      socket.write(okAnswer);
    };
  };

  it("a kept connection that its node closes costs one free retry, at once, and does not count against the node", async (test) => {
    for (const requestClass of ["read", "repeatable"] as const) {
      const server = await startRawServer(test, oneEach());
      const rig = openRig(test);
      rig.use(server.origin);
      await rig.request();
      const result = await rig.request({ class: requestClass, maxRetries: 1 });
      assert.deepEqual(summary(result), { status: 200, attempts: ["ECONNRESET", "200"] });
      assert.deepEqual([rig.failures.length, server.requests.length, server.connections], [0, 3, 2]);
    }
  });

  it('a Never on a kept connection that its node closes fails with sent "maybe", and does not count against the node', async (test) => {
    const server = await startRawServer(test, oneEach());
    const rig = openRig(test);
    rig.use(server.origin);
    await rig.request();
    assert.deepEqual(summary(await rig.request({ class: "never" })), {
      code: "DISCONNECTED",
      sent: "maybe",
      attempts: ["ECONNRESET"],
    });
    assert.deepEqual([rig.failures.length, server.requests.length], [0, 2]);
  });

  it("a connection that is new has not served before", async (test) => {
    const server = await startRawServer(test, (socket, { path }) =>
      path === "/bye" ? socket.end(okAnswer.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n")) : socket.destroy(),
    );
    const rig = openRig(test);
    rig.use(server.origin);
    await rig.request({ path: "/bye" });
    await rig.request({ class: "never" });
    assert.equal(rig.failures.length, 1);
  });

  it("a connection that has reached its greatest age is replaced, even if only one is allowed", async (test) => {
    const server = await startRawServer(test, answer);
    const rig = openRig(test, { settings: { perNode: 1, maxAgeMs: 50 } });
    rig.use(server.origin);
    await rig.request();
    await sleep(100);
    await rig.request();
    assert.deepEqual([server.requests.length, server.connections], [2, 2]);
    await waitUntil("the old one is closed", () => server.open === 1);
  });
});

describe("dispatch: the queue", () => {
  it("requests beyond the allowed connections are served in order of arrival", async (test) => {
    const server = await startRawServer(test, answer);
    const rig = openRig(test, { settings: { perNode: 1 } });
    rig.use(server.origin);
    const calls = Array.from({ length: 6 }, (_, at) => rig.begin({ path: `/${at}` }));
    assert.deepEqual([rig.inFlight, rig.stats().queued], [1, 5]);
    await Promise.all(calls.map(({ result }) => result));
    // The first has not waited.
    assert.equal(rig.totals.ofThreads.waits, 5);
    assert.deepEqual(
      server.requests.map((head) => head.split(" ")[1]),
      ["/0", "/1", "/2", "/3", "/4", "/5"],
    );
    assert.equal(server.connections, 1);
  });

  it("a wait of a write is counted: for a connection, and for its next attempt; one of a read is not", async (test) => {
    let refusals = 0;
    const server = await startRawServer(test, (socket, { path }) => {
      if (path === "/refused" && refusals++ === 0) socket.write("HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n");
      else socket.write(okAnswer);
    });
    const rig = openRig(test, { settings: { perNode: 1 }, random: () => 0.5 });
    rig.use(server.origin);
    const writeWaits = () => rig.totals.ofThreads.writeWaits;
    await Promise.all([rig.request(), rig.request({ class: "read" })]);
    assert.deepEqual([rig.totals.ofThreads.waits, writeWaits()], [1, 0]);
    await Promise.all([rig.request(), rig.request({ class: "never" })]);
    assert.equal(writeWaits(), 1);
    assert.equal((await rig.request({ class: "repeatable", path: "/refused" })).kind, "answered");
    assert.equal(writeWaits(), 2);
  });

  it("a request is refused in the next turn while the queue is full, and accepted again afterwards", async (test) => {
    const sockets: Socket[] = [];
    const server = await startRawServer(test, (socket) => sockets.push(socket));
    const rig = openRig(test, { settings: { perNode: 1 }, queueMax: 1 });
    rig.use(server.origin);
    const [first, second, third] = [rig.begin(), rig.begin(), rig.begin()];
    assert.deepEqual([first.settlements, second.settlements, third.settlements], [0, 0, 0]);
    assert.deepEqual(summary(await third.result), { code: "QUEUE_FULL", sent: "no", attempts: [] });
    assert.deepEqual([first.settlements, second.settlements], [0, 0]);
    await waitUntil("the first is on the wire", () => sockets.length === 1);
    sockets[0]?.write(okAnswer);
    await first.result;
    assert.equal(rig.begin().settlements, 0);
  });

  it("requests wait while no node is known, and go on once one is", async (test) => {
    const server = await startRawServer(test, answer);
    const rig = openRig(test);
    const begun = rig.begin();
    assert.equal(rig.stats().queued, 1);
    rig.use(server.origin);
    assert.deepEqual(summary(await begun.result), { status: 200, attempts: ["200"] });
  });

  it("a retry goes to the head of the queue, whatever the bound", async (test) => {
    const seen: string[] = [];
    const held: Socket[] = [];
    const server = await startRawServer(test, (socket, { path }) => {
      seen.push(path);
      if (path === "/retried" && seen.length === 1) socket.write("HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n");
      else if (path === "/slow") held.push(socket);
      else socket.write(okAnswer);
    });
    // Half of the longest backoff before the retry: the next in the queue gets the connection first.
    const rig = openRig(test, { settings: { perNode: 1 }, queueMax: 2, random: () => 0.5 });
    rig.use(server.origin);
    const calls = ["/retried", "/slow", "/last"].map((path) => rig.begin({ path }));
    await waitUntil("the second is on the wire", () => held.length === 1);
    await waitUntil("the first waits to be sent again", () => rig.stats().queued === 2);
    held[0]?.write(okAnswer);
    for (const { result } of calls) assert.equal((await result).kind, "answered");
    assert.deepEqual(seen, ["/retried", "/slow", "/retried", "/last"]);
  });
});

describe("dispatch: cancelling", () => {
  const codes: readonly CancelCode[] = ["TIMEOUT", "ABORTED", "CLOSED"];

  it("a queued request that is cancelled ends at once, and was not sent", async (test) => {
    const server = await startRawServer(test, mute);
    const rig = openRig(test, { settings: { perNode: 1 } });
    rig.use(server.origin);
    rig.begin();
    for (const code of codes) {
      const begun = rig.begin();
      begun.pending.cancel(code, "over");
      assert.equal(begun.settlements, 1);
      assert.deepEqual(summary(await begun.result), { code, sent: "no", attempts: [] });
      assert.equal(rig.stats().queued, 0);
    }
    assert.equal(rig.totals.ofThreads.waits, codes.length);
  });

  it('a request that is cancelled after it was sent ends at once with sent "maybe", and its connection is closed', async (test) => {
    const server = await startRawServer(test, mute);
    const rig = openRig(test);
    rig.use(server.origin);
    for (const [at, code] of codes.entries()) {
      const begun = rig.begin();
      await waitUntil("it is on the wire", () => server.requests.length === at + 1);
      begun.pending.cancel(code, "over");
      assert.equal(begun.settlements, 1);
      assert.deepEqual(summary(await begun.result), { code, sent: "maybe", attempts: [code] });
      await waitUntil("its connection is closed", () => server.connections - server.open > at);
    }
    assert.deepEqual([rig.inFlight, rig.failures.length], [0, 0]);
    assert.equal(rig.stats().nodes[0]?.failures, 0);
  });

  it("a request that is cancelled after its answer has begun ends with the code of the cancellation", async (test) => {
    const server = await startRawServer(test, (socket) =>
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n1"),
    );
    const rig = openRig(test);
    rig.use(server.origin);
    const begun = rig.begin();
    await waitUntil("it is on the wire", () => server.requests.length === 1);
    await sleep(50);
    begun.pending.cancel("TIMEOUT", "over");
    assert.deepEqual(summary(await begun.result), { code: "TIMEOUT", sent: "maybe", attempts: ["TIMEOUT"] });
    await waitUntil("its connection is closed", () => server.open < server.connections);
  });

  it("a request that is cancelled while it backs off ends at once and is not sent again", async (test) => {
    const server = await startRawServer(test, (socket) => socket.resetAndDestroy());
    const rig = openRig(test, { random: () => 1 });
    rig.use(server.origin);
    const begun = rig.begin();
    await waitUntil("its first attempt has failed", () => rig.failures.length === 1);
    begun.pending.cancel("TIMEOUT", "over");
    assert.deepEqual(summary(await begun.result), { code: "TIMEOUT", sent: "maybe", attempts: ["ECONNRESET"] });
    // Longer than the backoff: what does not happen cannot be waited for.
    await sleep(250);
    assert.equal(server.requests.length, 1);
  });

  for (const requestClass of ["read", "never"] as const) {
    it(`a request is not sent once its time is over, though the timer that ends it is late: ${requestClass}`, async (test) => {
      const server = await startRawServer(test, answer);
      const rig = openRig(test);
      const waits = rig.begin({ class: requestClass, deadlineMs: performance.now() + 1 });
      await sleep(5);
      rig.use(server.origin);
      const arrives = rig.begin({ class: requestClass, deadlineMs: performance.now() });
      for (const { result } of [waits, arrives]) {
        assert.deepEqual(summary(await result), { code: "TIMEOUT", sent: "no", attempts: [] });
      }
      assert.equal((await rig.request({ class: requestClass })).kind, "answered");
      assert.equal(server.requests.length, 1);
    });
  }

  it("a request that is cancelled while it backs off from refused connections was not sent", async (test) => {
    const rig = openRig(test, { random: () => 1, noNodeWaitMs: 20_000 });
    rig.use(`http://127.0.0.1:${await freePort()}`);
    const begun = rig.begin();
    await waitUntil("its first attempt has failed", () => rig.failures.length === 1);
    begun.pending.cancel("TIMEOUT", "over");
    assert.deepEqual(summary(await begun.result), { code: "TIMEOUT", sent: "no", attempts: ["ECONNREFUSED"] });
  });

  it("a cancelled request whose connection is being opened, or waits to be, gives up its place at once", async (test) => {
    // It takes connections and answers no handshake.
    const server = await startRawServer(test, mute);
    const rig = openRig(test, { settings: { perNode: 2, opening: 1 } });
    rig.use(endpointOf(server.origin.replace("http:", "https:")));
    const [dialled, waiting] = [rig.begin(), rig.begin()];
    await waitUntil("the first is dialled", () => server.connections === 1);
    assert.equal(rig.inFlight, 2);
    waiting.pending.cancel("TIMEOUT", "over");
    assert.equal(rig.inFlight, 1);
    dialled.pending.cancel("TIMEOUT", "over");
    assert.equal(rig.inFlight, 0);
    for (const { result } of [dialled, waiting]) {
      assert.deepEqual(summary(await result), { code: "TIMEOUT", sent: "no", attempts: ["TIMEOUT"] });
    }
    await waitUntil("nothing is dialled", () => server.open === 0);
    assert.deepEqual([server.connections, rig.failures, rig.stats().nodes[0]?.failures], [1, [], 0]);
    rig.begin();
    await waitUntil("the place among those that open is free again", () => server.connections === 2);
  });

  it("a cancellation has no effect on a request that has ended", async (test) => {
    const server = await startRawServer(test, answer);
    const rig = openRig(test);
    rig.use(server.origin);
    const begun = rig.begin();
    const result = await begun.result;
    begun.pending.cancel("ABORTED", "too late");
    assert.equal(begun.settlements, 1);
    assert.equal(result.kind, "answered");
  });

  it("the connection of a cancelled request is free for the next in the queue", async (test) => {
    const server = await startRawServer(test, (socket, { path }) => {
      if (path !== "/mute") socket.write(okAnswer);
    });
    const rig = openRig(test, { settings: { perNode: 1 } });
    rig.use(server.origin);
    const stuck = rig.begin({ path: "/mute" });
    const next = rig.begin();
    await waitUntil("the first is on the wire", () => server.requests.length === 1);
    stuck.pending.cancel("TIMEOUT", "over");
    assert.deepEqual(summary(await next.result), { status: 200, attempts: ["200"] });
  });
});

describe("dispatch: destroying", () => {
  it("destroying ends every request with CLOSED and the truth about what was sent, and begins no attempt", async (test) => {
    const server = await startRawServer(test, mute);
    const rig = openRig(test, { settings: { perNode: 1 } });
    rig.use(server.origin);
    const [sent, waiting] = [rig.begin(), rig.begin()];
    await waitUntil("the first is on the wire", () => server.requests.length === 1);
    await rig.dispatch.destroy();
    assert.deepEqual(summary(await sent.result), { code: "CLOSED", sent: "maybe", attempts: ["CLOSED"] });
    assert.deepEqual(summary(await waiting.result), { code: "CLOSED", sent: "no", attempts: [] });
    await waitUntil("every connection is closed", () => server.open === 0);
    assert.deepEqual([server.requests.length, rig.inFlight, rig.failures.length], [1, 0, 0]);
  });

  it("a destroyed dispatch refuses requests and nodes", async (test) => {
    const server = await startRawServer(test, answer);
    const rig = openRig(test);
    await rig.dispatch.destroy();
    rig.use(server.origin);
    assert.deepEqual(summary(await rig.request()), { code: "CLOSED", sent: "no", attempts: [] });
    assert.equal(server.connections, 0);
  });
});

describe("dispatch: any mixture of faults", () => {
  const behaviours: Readonly<Record<string, Behaviour>> = {
    "/ok": answer,
    "/mute": mute,
    "/reset": (socket) => socket.resetAndDestroy(),
    "/close": (socket) => socket.end(),
    "/cut": (socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n1"),
    "/garbage": (socket) => socket.end("\0\r\n\r\n"),
    "/late": (socket) => setTimeout(() => socket.write(okAnswer), 20),
    "/503": (socket) => socket.write("HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n"),
  };
  const call = fc.record({
    path: fc.constantFrom(...Object.keys(behaviours)),
    class: fc.constantFrom<RequestClass>("read", "repeatable", "never"),
    maxRetries: fc.nat(2),
    cancelAfterMs: fc.option(fc.nat(40), { nil: undefined }),
  });

  it("whatever nodes do and callers cancel, every request settles once and nothing stays in flight", async (test) => {
    const [a, b] = [
      await startRawServer(test, (socket, request) => behaviours[request.path]?.(socket, request)),
      await startRawServer(test, (socket, request) => behaviours[request.path]?.(socket, request)),
    ];
    const refusing = await freePort();
    await fc.assert(
      fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 40 }), fc.boolean(), async (calls, shrinks) => {
        const rig = openRig(test, { settings: { perNode: 2 }, queueMax: 20, drainMs: 50, random: Math.random });
        rig.use(a.origin, b.origin, `http://127.0.0.1:${refusing}`);
        for (const { cancelAfterMs, ...wanted } of calls) {
          const { pending } = rig.begin(wanted);
          // The owner of a call ends it at some time.
          setTimeout(() => pending.cancel("TIMEOUT", "over"), cancelAfterMs ?? 400);
        }
        if (shrinks) setTimeout(() => rig.use(a.origin), 15);
        await Promise.all(rig.begun.map(({ result }) => result));
        await waitUntil("nothing is in flight", () => rig.inFlight === 0);
        const { queued, inFlight, nodes } = rig.stats();
        assert.deepEqual([queued, inFlight], [0, 0]);
        for (const { answers, failures, requests } of nodes) assert.ok(answers + failures <= requests);
        await rig.dispatch.destroy();
        await sleep(0);
        assert.ok(rig.begun.every(({ settlements }) => settlements === 1));
      }),
      { numRuns: 12, timeout: 20_000 },
    );
  });
});

import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createHostPolicy } from "@rollcall/core/policy";
import type { RequestClass } from "@rollcall/core/request";
import { freePort, waitUntil } from "@rollcall/testing";
import {
  answer,
  type Behaviour,
  endpointOf,
  okAnswer,
  openRig,
  startRawServer,
  summary,
} from "./dispatch-rig.test.support.js";

const classes: readonly RequestClass[] = ["read", "repeatable", "never"];

/** Writes something, and resets the connection once that has had time to arrive. */
function thenReset(text: string): Behaviour {
  return (socket) => socket.write(text, () => setTimeout(() => socket.resetAndDestroy(), 30));
}

const thenClose =
  (text: string): Behaviour =>
  (socket) =>
    socket.end(text);

const writes =
  (text: string): Behaviour =>
  (socket) =>
    socket.write(text);

/** How many requests a server sees of a call that may be retried twice, by the call's class. */
type Requests = readonly [read: number, repeatable: number, never: number];
const whileNotApplied: Requests = [3, 3, 1];
const readsOnce: Requests = [2, 1, 1];
const notAtAll: Requests = [1, 1, 1];

interface Misbehaviour {
  readonly what: string;
  readonly behaviour: Behaviour;
  readonly code: "DISCONNECTED" | "BAD_RESPONSE";
  /** The code of each attempt in the error. */
  readonly attempt: string;
  /** Another code it may have: a reset whose bytes are read first can look like a close. */
  readonly orElse?: string;
  readonly requests: Requests;
  /** Whether the node is blamed: only for what it did before the first byte. */
  readonly blamed: boolean;
}

const chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
const tenBytes = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n";
const lost = { code: "DISCONNECTED", requests: whileNotApplied } as const;
const broken = { code: "BAD_RESPONSE", requests: readsOnce, blamed: false } as const;
const tooLarge = { code: "BAD_RESPONSE", requests: notAtAll, blamed: false } as const;

const misbehaviours: readonly Misbehaviour[] = [
  {
    what: "a reset before the answer",
    behaviour: (socket) => socket.resetAndDestroy(),
    attempt: "ECONNRESET",
    ...lost,
    blamed: true,
  },
  {
    what: "a clean close before the answer",
    behaviour: thenClose(""),
    attempt: "UND_ERR_SOCKET",
    ...lost,
    blamed: true,
  },
  {
    what: "half a status line, then a close",
    behaviour: thenClose("HTTP/1.1 20"),
    attempt: "UND_ERR_SOCKET",
    ...lost,
    blamed: false,
  },
  {
    what: "half a status line, then a reset",
    behaviour: thenReset("HTTP/1.1 20"),
    attempt: "ECONNRESET",
    ...lost,
    blamed: false,
  },
  {
    what: "headers, then a reset",
    behaviour: thenReset(tenBytes),
    attempt: "ECONNRESET",
    orElse: "UND_ERR_SOCKET",
    ...lost,
    blamed: false,
  },
  { what: "headers, then a close", behaviour: thenClose(tenBytes), attempt: "UND_ERR_SOCKET", ...lost, blamed: false },
  {
    what: "a body shorter than its length",
    behaviour: thenClose(`${tenBytes}12345`),
    attempt: "UND_ERR_SOCKET",
    ...lost,
    blamed: false,
  },
  {
    what: "a chunked body that is cut off",
    behaviour: thenClose(`${chunked}5\r\n123`),
    attempt: "UND_ERR_SOCKET",
    ...lost,
    blamed: false,
  },
  {
    what: "a chunk whose size is no number",
    behaviour: thenClose(`${chunked}zz\r\n123`),
    attempt: "HTTPParserError",
    ...broken,
  },
  { what: "bytes that are no HTTP", behaviour: thenClose("\0 what?\r\n\r\n"), attempt: "HTTPParserError", ...broken },
  {
    what: "a status 100 and no more",
    behaviour: thenClose("HTTP/1.1 100 Continue\r\n\r\n"),
    attempt: "UND_ERR_SOCKET",
    ...lost,
    blamed: false,
  },
  {
    what: "an upgrade that the request did not ask for",
    behaviour: writes("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n"),
    attempt: "UND_ERR_SOCKET",
    ...broken,
  },
  {
    what: "headers beyond all measure",
    behaviour: writes(`HTTP/1.1 200 OK\r\nx: ${"a".repeat(140_000)}\r\n\r\n`),
    attempt: "UND_ERR_HEADERS_OVERFLOW",
    ...tooLarge,
  },
  {
    what: "a body larger than we read",
    behaviour: writes(`HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n${"a".repeat(1_001)}`),
    attempt: "UND_ERR_RES_EXCEEDED_MAX_SIZE",
    ...tooLarge,
  },
  {
    what: "a chunked body larger than we read",
    behaviour: writes(`${chunked}3e9\r\n${"a".repeat(1_001)}\r\n0\r\n\r\n`),
    attempt: "UND_ERR_RES_EXCEEDED_MAX_SIZE",
    ...tooLarge,
  },
];

describe("dispatch: a node that misbehaves", () => {
  for (const { what, behaviour, code, attempt, orElse, requests, blamed } of misbehaviours) {
    for (const [at, requestClass] of classes.entries()) {
      const times = requests[at] ?? 0;
      it(`a node that misbehaves by ${what} gets a ${requestClass} ${times} times, which ends with ${code}`, async (test) => {
        const server = await startRawServer(test, behaviour);
        const rig = openRig(test);
        rig.use(server.origin);
        const begun = rig.begin({ class: requestClass });
        const { attempts, ...end } = summary(await begun.result);
        assert.deepEqual(end, { code, sent: "maybe" });
        assert.deepEqual(
          attempts.map((one) => (one === orElse ? attempt : one)),
          Array(times).fill(attempt),
        );
        assert.equal(begun.settlements, 1);
        assert.equal(server.requests.length, times);
        assert.equal(rig.failures.length, blamed ? times : 0);
        assert.equal(rig.inFlight, 0);
      });
    }
  }

  for (const status of [429, 502, 503, 504]) {
    it(`an answer of ${status} is returned, after two retries unless the request is a Never`, async (test) => {
      const server = await startRawServer(test, writes(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`));
      const rig = openRig(test);
      rig.use(server.origin);
      const attempts = Array(3).fill(String(status));
      assert.deepEqual(summary(await rig.request({ class: "read" })), { status, attempts });
      assert.deepEqual(summary(await rig.request({ class: "repeatable" })), { status, attempts });
      assert.deepEqual(summary(await rig.request({ class: "never" })), { status, attempts: [String(status)] });
      assert.deepEqual(rig.failures, []);
      assert.equal(rig.stats().nodes[0]?.errorStatuses, 7);
    });
  }
});

describe("dispatch: unusual answers", () => {
  const whole: readonly (readonly [what: string, behaviour: Behaviour, body: string])[] = [
    [
      "of exactly the size that we read",
      writes(`${chunked}3e8\r\n${"a".repeat(1_000)}\r\n0\r\n\r\n`),
      "a".repeat(1_000),
    ],
    ["after early hints", writes(`HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n${okAnswer}`), "{}"],
    ["after 100 Continue", writes(`HTTP/1.1 100 Continue\r\nx: y\r\n\r\n${okAnswer}`), "{}"],
    [
      "after 100 Continue in two pieces",
      (socket) => {
        socket.write("HTTP/1.1 100 Con");
        setTimeout(() => socket.write(`tinue\r\n\r\n${okAnswer}`), 20);
      },
      "{}",
    ],
    ["with 100 KB of headers", writes(okAnswer.replace("content", `x: ${"a".repeat(100_000)}\r\ncontent`)), "{}"],
    ["that only the end of the connection ends", thenClose("HTTP/1.1 200 OK\r\n\r\nabc"), "abc"],
    ["with bytes behind its end", writes(`${okAnswer}rubbish`), "{}"],
    ["in three pieces", writes(`${chunked}1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n`), "abc"],
  ];
  for (const [what, behaviour, body] of whole) {
    it(`an unusual answer is returned as it came: one ${what}`, async (test) => {
      const server = await startRawServer(test, behaviour);
      const rig = openRig(test);
      rig.use(server.origin);
      const result = await rig.request({ class: "never" });
      assert.deepEqual(summary(result), { status: 200, attempts: ["200"] });
      assert.equal(result.kind === "answered" ? result.body.toString() : undefined, body);
    });
  }
});

describe("dispatch: answers that have no body", () => {
  for (const status of [204, 304]) {
    it(`an answer of ${status} that names the length of a body is returned, and its node is not blamed`, async (test) => {
      const server = await startRawServer(test, writes(`HTTP/1.1 ${status} x\r\ncontent-length: 10\r\n\r\n`));
      const rig = openRig(test);
      rig.use(server.origin);
      for (let time = 0; time < 2; time++)
        assert.deepEqual(summary(await rig.request({ class: "never" })), { status, attempts: [String(status)] });
      assert.deepEqual(rig.failures, []);
    });
  }

  it("a body after the answer to a HEAD is dropped, and the next request is answered", async (test) => {
    const server = await startRawServer(test, (socket, { head }) =>
      socket.write(head.startsWith("HEAD") ? tenBytes.concat("0123456789") : okAnswer),
    );
    const rig = openRig(test);
    rig.use(server.origin);
    for (let time = 0; time < 3; time++) {
      assert.deepEqual(summary(await rig.request({ method: "HEAD" })), { status: 200, attempts: ["200"] });
      assert.equal(summary(await rig.request()).status, 200);
    }
    assert.deepEqual(rig.failures, []);
  });
});

describe("dispatch: a 408 that crosses a request", () => {
  const timedOut = "HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n";
  const servedThen = (last: string): Behaviour => {
    let served = 0;
    return (socket) => socket.write(++served === 2 ? last : okAnswer);
  };

  it("a 408 that ends a kept connection is a closed connection: a Read goes out again at once", async (test) => {
    const server = await startRawServer(test, servedThen(`${timedOut}connection: close\r\n\r\n`));
    const rig = openRig(test);
    rig.use(server.origin);
    await rig.request();
    assert.deepEqual(summary(await rig.request()), { status: 200, attempts: ["408", "200"] });
    assert.deepEqual([rig.failures, server.connections], [[], 2]);
  });

  it("a 408 that ends a kept connection leaves open what became of a Never", async (test) => {
    const server = await startRawServer(test, servedThen(`${timedOut}connection: close\r\n\r\n`));
    const rig = openRig(test);
    rig.use(server.origin);
    await rig.request();
    const lostOnce = { code: "DISCONNECTED", sent: "maybe", attempts: ["408"] };
    assert.deepEqual(summary(await rig.request({ class: "never" })), lostOnce);
  });

  it("a 408 of the node's own is an answer", async (test) => {
    const server = await startRawServer(test, servedThen(`${timedOut}\r\n`));
    const rig = openRig(test);
    rig.use(server.origin);
    await rig.request();
    assert.deepEqual(summary(await rig.request()), { status: 408, attempts: ["408"] });
  });
});

describe("dispatch: a firewall that forgets open connections", () => {
  /** A node behind a firewall: what comes on a connection that was opened before `forget` goes nowhere. */
  async function behindFirewall(test: TestContext) {
    const forgotten = new Set<Socket>();
    const open = new Set<Socket>();
    const waiting: (() => void)[] = [];
    const server = await startRawServer(
      test,
      (socket, { path }) => {
        if (forgotten.has(socket)) return;
        if (path === "/held") waiting.push(() => socket.write(okAnswer));
        else socket.write(okAnswer);
      },
      (socket) => open.add(socket),
    );
    const rig = openRig(test);
    rig.use(server.origin);
    /** So many requests at once, each on a connection of its own. */
    const holdAtOnce = async (count: number) => {
      const held = Array.from({ length: count }, () => rig.request({ path: "/held" }));
      await waitUntil("all are held", () => waiting.length === count);
      for (const go of waiting.splice(0)) go();
      return Promise.all(held);
    };
    const forget = () => {
      for (const socket of open) forgotten.add(socket);
    };
    return { server, rig, holdAtOnce, forget };
  }

  for (const [code, afterMs] of [
    ["TIMEOUT", 0],
    ["ABORTED", 1_050],
  ] as const) {
    it(`after the first ${code} on a forgotten connection no other from before is used`, async (test) => {
      const { server, rig, holdAtOnce, forget } = await behindFirewall(test);
      await holdAtOnce(3);
      assert.equal(server.connections, 3);
      forget();
      const lost = rig.begin();
      await waitUntil("it is sent", () => server.requests.length === 4);
      await sleep(afterMs);
      lost.pending.cancel(code, "it took too long");
      assert.deepEqual(summary(await lost.result), { code, sent: "maybe", attempts: [code] });
      for (const result of await holdAtOnce(3)) assert.deepEqual(summary(result), { status: 200, attempts: ["200"] });
      assert.equal(server.connections, 6);
      assert.deepEqual(rig.failures, []);
    });
  }

  it("connections that have answered since the late request began stay in use", async (test) => {
    const { server, rig, holdAtOnce } = await behindFirewall(test);
    await holdAtOnce(2);
    const late = rig.begin({ path: "/held" });
    await waitUntil("it is sent", () => server.requests.length === 3);
    await sleep(5);
    await rig.request();
    late.pending.cancel("TIMEOUT", "it took too long");
    await late.result;
    await rig.request();
    assert.equal(server.connections, 2);
  });

  it("a request that its caller soon gives up says nothing of the other connections", async (test) => {
    const { server, rig, holdAtOnce } = await behindFirewall(test);
    await holdAtOnce(2);
    const late = rig.begin({ path: "/held" });
    await waitUntil("it is sent", () => server.requests.length === 3);
    late.pending.cancel("ABORTED", "not wanted any more");
    await late.result;
    await rig.request();
    assert.equal(server.connections, 2);
  });
});

describe("dispatch: connections that fail", () => {
  it("connecting to a refusing node is retried until its time is over, for every class, and nothing is sent", async (test) => {
    const port = await freePort();
    for (const requestClass of classes) {
      const rig = openRig(test);
      rig.use(`http://127.0.0.1:${port}`);
      const result = await rig.request({ class: requestClass });
      assert.ok(result.kind === "failed");
      const { code, sent, attempts } = result.error;
      assert.deepEqual([code, sent], ["NO_NODE", "no"]);
      assert.ok(attempts.length > 1 && attempts.every((attempt) => attempt.code === "ECONNREFUSED"));
      assert.equal(rig.failures.length, attempts.length);
      assert.deepEqual(new Set(rig.failures.map(({ reason }) => reason)), new Set(["connection refused"]));
    }
  });

  it("a node that resets each connection it accepts gets a request again only if that is safe", async (test) => {
    // Whether the request is on the wire when the reset arrives is for the kernel to decide; both ends are honest.
    const server = await startRawServer(test, answer, (socket) => socket.resetAndDestroy());
    const rig = openRig(test);
    rig.use(server.origin);
    const result = await rig.request({ class: "never" });
    assert.ok(result.kind === "failed");
    const { code, sent } = result.error;
    assert.ok((code === "NO_NODE" && sent === "no") || (code === "DISCONNECTED" && sent === "maybe"), code);
    assert.equal(server.requests.length, 0);
    assert.ok(rig.failures.length > 0);
  });

  it("a request whose only node has a name that does not resolve ends with NO_NODE", async (test) => {
    const rig = openRig(test);
    rig.use("http://no-such-node.invalid:9200");
    const result = await rig.request({ class: "never" });
    assert.ok(result.kind === "failed");
    assert.deepEqual([result.error.code, result.error.sent], ["NO_NODE", "no"]);
    assert.match(result.error.attempts[0]?.code ?? "", /^(ENOTFOUND|EAI_AGAIN)$/);
  });

  it("without retries a refusing node is tried exactly once", async (test) => {
    const rig = openRig(test);
    rig.use(`http://127.0.0.1:${await freePort()}`);
    assert.deepEqual(summary(await rig.request({ maxRetries: 0 })), {
      code: "CONNECT",
      sent: "no",
      attempts: ["ECONNREFUSED"],
    });
  });

  it("a node that refuses costs no class of request anything while another node is healthy", async (test) => {
    const server = await startRawServer(test, answer);
    const port = await freePort();
    const rig = openRig(test);
    rig.use(`http://127.0.0.1:${port}`, server.origin);
    for (let request = 0; request < 20; request++) {
      const result = await rig.request({ class: "never" });
      assert.ok(result.kind === "answered");
      assert.equal(result.node, `127.0.0.1:${server.port}`);
    }
    assert.equal(server.requests.length, 20);
    assert.ok(rig.failures.every(({ slot }) => slot === 0));
  });

  it("reads that a node loses all at once move to another node, more of them than the retry budget holds", async (test) => {
    const dead = await startRawServer(test, (socket) => socket.resetAndDestroy());
    const healthy = await startRawServer(test, answer);
    const rig = openRig(test, { settings: { perNode: 400, opening: 400 }, queueMax: 800, random: Math.random });
    rig.use(dead.origin, healthy.origin);
    const results = await Promise.all(Array.from({ length: 800 }, () => rig.request()));
    const moved = results.filter((result) => result.kind === "answered" && result.attempts.length > 1);
    assert.ok(results.every((result) => result.kind === "answered" && result.attempts.length <= 2));
    // The budget of so many requests in the first second.
    assert.ok(moved.length > 260, `${moved.length} moved`);
    assert.ok(rig.failures.length >= moved.length && rig.failures.every(({ slot }) => slot === 0));
  });

  it("after a reset before the first byte on a new connection a Read moves at once, and the next ones avoid the node", async (test) => {
    const dead = await startRawServer(test, (socket) => socket.resetAndDestroy());
    const healthy = await startRawServer(test, answer);
    const rig = openRig(test);
    rig.use(dead.origin, healthy.origin);
    for (let request = 0; request < 3; request++) assert.equal((await rig.request()).kind, "answered");
    assert.deepEqual([dead.requests.length, healthy.requests.length], [1, 3]);
    assert.deepEqual(rig.failures, [{ slot: 0, generation: 1, reason: "connection reset" }]);
    assert.ok(rig.reader.refusedAtMs(0) > 0);
  });

  it("a node whose address the host policy refuses costs nothing while another node is healthy", async (test) => {
    const server = await startRawServer(test, answer);
    const elsewhere = [
      { host: "es.example.com", port: 9200, scheme: "https" as const, pathPrefix: "", addresses: ["203.0.113.9"] },
    ];
    const policy = createHostPolicy({ seeds: elsewhere, hasCredentials: true });
    const rig = openRig(test);
    rig.use(endpointOf(`http://localhost:${server.port}`, { policy }), server.origin);
    for (let request = 0; request < 20; request++) {
      const result = await rig.request({ class: "never" });
      assert.equal(result.kind, "answered", JSON.stringify(summary(result)));
    }
    assert.equal(server.requests.length, 20);
  });
});

describe("dispatch: requests that cannot be sent", () => {
  it("among thousands of queued requests each that cannot be sent is refused, and the others are served", async (test) => {
    const server = await startRawServer(test, answer);
    const rig = openRig(test, { queueMax: 10_000 });
    for (let at = 0; at < 5_000; at++) rig.begin({ path: at % 1_000 === 0 ? "/" : "no-slash" });
    rig.use(server.origin);
    const results = await Promise.all(rig.begun.map(({ result }) => result));
    assert.equal(results.filter(({ kind }) => kind === "answered").length, 5);
    assert.equal(rig.stats().nodes[0]?.requests, 5_000);
  });

  const bad = [
    ["path", { path: "no-slash" }],
    ["header name", { headers: ["a b", "c"] }],
    ["header value", { headers: ["a", "b\r\nc: d"] }],
  ] as const;
  for (const [what, call] of bad) {
    it(`a request that cannot be sent for its ${what} is refused at once and blames no node`, async (test) => {
      const server = await startRawServer(test, answer);
      const rig = openRig(test);
      rig.use(server.origin);
      const begun = rig.begin(call);
      assert.equal(begun.settlements, 1);
      const result = await begun.result;
      assert.ok(result.kind === "failed");
      assert.deepEqual([result.error.code, result.error.sent], ["CONFIG", "no"]);
      assert.deepEqual([server.requests.length, rig.failures.length, rig.inFlight], [0, 0, 0]);
    });
  }
});

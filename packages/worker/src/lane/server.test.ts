import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { MessageChannel } from "node:worker_threads";
import { AnswerFlow } from "../dispatch/answer-flow.js";
import type { AnswerReader } from "../dispatch/answer-stream.js";
import type { Claim, PendingRequest, PreparedRequest, RequestOwner, Result, Sender } from "../dispatch/sender.js";
import type { Target } from "../dispatch/target.js";
import { createTable } from "../table/layout.js";
import { TableReader } from "../table/reader.js";
import { TableWriter } from "../table/writer.js";
import { claim } from "./claim-word.js";
import { drainPort } from "./drain-port.js";
import { Incoming } from "./incoming.js";
import { type TargetsPart, toMain, toThread, type Word } from "./messages.js";
import { Outgoing } from "./outgoing.js";
import { type DispatchHooks, LaneServer } from "./server.js";

const layout = { slots: 4, threads: 1 };

/** A thread's end of a lane, with a sender that only records its calls, and main's end in the test's hands. */
function openServer(test: TestContext) {
  const lane = new MessageChannel();
  const views = new MessageChannel();
  const words = createTable(layout);
  const writer = new TableWriter(words);
  const claims = new Int32Array(new SharedArrayBuffer(64));
  const answers = new AnswerFlow(100_000);
  const noted: string[] = [];
  const applied: (readonly Target[])[] = [];
  const begun: { readonly owner: RequestOwner; readonly claim: Claim | undefined }[] = [];
  let hooks: DispatchHooks | undefined;
  const sender: Sender = {
    isUp: true,
    apply(targets) {
      applied.push(targets);
      noted.push(`apply ${targets.map(({ slot }) => slot)}`);
    },
    start(call: PreparedRequest, owner, claim): PendingRequest {
      for (const targets of hooks?.takeNewLists() ?? []) sender.apply(targets);
      noted.push(`start ${call.path}`);
      begun.push({ owner, claim });
      return { cancel: (code, message) => noted.push(`cancel ${call.path} ${code} ${message}`) };
    },
    pump: () => void noted.push("pump"),
    reroute: ({ stuck, targets }) => void noted.push(`move ${stuck[0]?.slot} to ${targets.map(({ slot }) => slot)}`),
    stats: () => ({ queued: 0 }),
    destroy: async () => void noted.push("destroy"),
  };
  const server = new LaneServer({
    port: lane.port2,
    viewPort: views.port2,
    open: ({ row }, given) => {
      hooks = given;
      const reader = new TableReader({ words, layout, thread: row, inFlightMax: 1, nowMs: () => 0 });
      return { sender, reader, answers };
    },
  });
  test.after(() => {
    for (const port of [lane.port1, views.port1]) port.close();
  });
  return {
    server,
    answers,
    claims,
    noted,
    applied,
    begun,
    get hooks() {
      return hooks ?? assert.fail("no hello yet");
    },
    hello: (targets: readonly Target[]) => lane.port1.postMessage({ row: 0, claims, topology: 0, targets }),
    /** As main does it: the list first, then its number. */
    post(targets: readonly Target[]) {
      const list: TargetsPart = { topology: writer.moveTopology(), targets, from: 0, total: targets.length };
      views.port1.postMessage(list);
    },
    say(...fill: ((outgoing: Outgoing) => void)[]) {
      const outgoing = new Outgoing();
      for (const each of fill) each(outgoing);
      lane.port1.postMessage(outgoing.words, outgoing.transfer);
    },
    received(): string[] {
      const received: string[] = [];
      for (const words of drainPort<Word[]>(lane.port1)) {
        const incoming = new Incoming(words);
        const kinds = Object.entries(toMain);
        while (!incoming.ended) {
          const kind = incoming.number();
          const name = kinds.find(([, number]) => number === kind)?.[0];
          if (kind === toMain.answered) received.push(`${name} ${incoming.number()} ${kindOf(incoming.answer())}`);
          else if (kind === toMain.head) received.push(`${name} ${incoming.number()} ${incoming.head().status}`);
          else if (kind === toMain.piece) received.push(`${name} ${incoming.number()} ${incoming.bytes().length}`);
          else if (kind === toMain.broken) received.push(`${name} ${incoming.number()} ${incoming.error().code}`);
          else if (kind === toMain.released) received.push(`${name} ${incoming.number()} ${incoming.number()}`);
          else if (kind === toMain.nodeFailed)
            received.push(`${name} ${incoming.number()} ${incoming.number()} ${incoming.number()} ${incoming.text()}`);
          else if (kind === toMain.probeWanted) received.push(`${name} ${incoming.number()}`);
          else if (kind === toMain.credentialRefused)
            received.push([name, ...Array.from({ length: 4 }, () => incoming.number())].join(" "));
          else received.push(kind === toMain.credentialGiven ? `${name}` : `${name} ${incoming.number()}`);
        }
      }
      return received;
    },
  };
}

const kindOf = ({ kind }: Result) => kind;
const answered: Result = {
  kind: "answered",
  status: 200,
  rawHeaders: "",
  body: "{}",
  node: "n",
  nodeUrl: "http://n",
  attempts: [],
};
const target = (slot: number, tls: object = {}, unrestricted = true) =>
  ({ slot, generation: 1, endpoint: { origin: "https://n", tls, policy: { unrestricted } } }) as unknown as Target;
const call =
  (id: number, answerWindowBytes = 0) =>
  (outgoing: Outgoing) =>
    outgoing.request(id, {
      method: "GET",
      path: `/${id}`,
      headers: [],
      body: undefined,
      class: "read",
      reroutable: true,
      maxRetries: 0,
      deadlineMs: 1,
      sentBefore: 0,
      settings: undefined,
      answerWindowBytes,
    });

async function turns(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 5));
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe("streams of a lane server", () => {
  /** A scene with a stream of id 0 whose headers have come. */
  async function openStream(test: TestContext) {
    const scene = openServer(test);
    scene.hello([]);
    scene.say(call(0, 1_000));
    await turns();
    let reader: AnswerReader | undefined;
    scene.begun[0]?.owner.streaming?.({
      ...{ status: 200, rawHeaders: "", node: "n", nodeUrl: "http://n", attempts: [], windowBytes: 1_000 },
      source: {
        open: (given) => {
          reader = given;
        },
        read: (byteLength) => scene.noted.push(`read ${byteLength}`),
        drop: () => scene.noted.push("drop"),
      },
    });
    return { scene, reader: reader ?? assert.fail("the stream was not opened") };
  }

  it("the pieces of a turn are joined up to 256 KiB, and come before the end", async (test) => {
    const { scene, reader } = await openStream(test);
    for (let sent = 0; sent < 5; sent++) reader.piece(Buffer.alloc(65_536));
    await turns();
    reader.piece(Buffer.alloc(1));
    reader.piece(Buffer.alloc(2));
    reader.end();
    await turns();
    assert.deepEqual(scene.received(), ["head 0 200", "piece 0 262144", "piece 0 65536", "piece 0 3", "end 0"]);
  });

  it("what main has read or drops reaches the source, and a drop frees the id", async (test) => {
    const { scene, reader } = await openStream(test);
    reader.piece(Buffer.alloc(1));
    scene.say((outgoing) => outgoing.words.push(toThread.read, 0, 7, toThread.drop, 0, toThread.read, 0, 7));
    await turns();
    assert.deepEqual(scene.noted.slice(-2), ["read 7", "drop"]);
    assert.deepEqual(scene.received(), ["head 0 200", "dropped 0"]);
  });

  it("a task does not wait for a stream, and a broken stream is reported to main", async (test) => {
    const { scene, reader } = await openStream(test);
    await scene.server.idle(60_000);
    reader.broken({ code: "DISCONNECTED", message: "lost", sent: "maybe", attempts: [] });
    await turns();
    assert.deepEqual(scene.received(), ["head 0 200", "broken 0 DISCONNECTED"]);
  });
});

describe("lane server", () => {
  it("a request with a credential waits until the thread's nodes may all be sent one, and main is asked for that", async (test) => {
    const scene = openServer(test);
    scene.hello([target(0)]);
    await turns();
    let isProtected = false;
    void scene.server.whenProtected()?.then(() => {
      isProtected = true;
    });
    scene.post([target(0), target(1, {}, false)]);
    await turns();
    assert.deepEqual([isProtected, scene.received()], [false, ["credentialGiven"]]);
    scene.post([target(0, {}, false)]);
    await turns();
    assert.deepEqual([isProtected, scene.server.whenProtected()], [true, undefined]);
  });

  it("a list whose number shows is applied before the next request begins, whichever message comes first", async (test) => {
    const scene = openServer(test);
    scene.hello([target(0)]);
    await turns();
    scene.say(call(0));
    scene.post([target(1)]);
    scene.post([target(2)]);
    await turns();
    assert.deepEqual(scene.noted, ["apply 0", "apply 1", "apply 2", "start /0"]);
  });

  it("a list is applied also while the thread is idle", async (test) => {
    const scene = openServer(test);
    scene.hello([]);
    await turns();
    scene.post([target(1)]);
    await turns();
    assert.deepEqual(scene.noted, ["apply ", "apply 1"]);
  });

  it("equal TLS settings stay one object, so that connections are kept", async (test) => {
    const scene = openServer(test);
    scene.hello([target(0, { ca: ["x"] }), target(1, { ca: ["x"] }), target(2)]);
    scene.post([target(0, { ca: ["x"] }), target(1, { ca: ["y"] })]);
    await turns();
    const [first, second] = scene.applied.map((targets) => targets.map(({ endpoint }) => endpoint.tls));
    assert.equal(first?.[0], first?.[1]);
    assert.equal(second?.[0], first?.[0]);
    assert.notEqual(second?.[1], first?.[1]);
  });

  it("results and reports of nodes leave in one message a turn", async (test) => {
    const scene = openServer(test);
    scene.hello([]);
    scene.say(call(0), call(1));
    await turns();
    scene.hooks.observer.failed({ slot: 3, generation: 2, startedAtMs: 5, reason: "refused" });
    for (const { owner } of scene.begun) owner.settle(answered);
    scene.hooks.observer.credentialRefused({ slot: 3, generation: 2 }, () => {});
    scene.hooks.observer.released(3);
    await turns();
    assert.deepEqual(scene.received(), [
      "nodeFailed 3 2 5 refused",
      "answered 0 answered",
      "answered 1 answered",
      "credentialRefused 1 3 2 0",
      "released 3 0",
    ]);
  });

  it("what waits for another credential goes on when main has answered, and once", async (test) => {
    const scene = openServer(test);
    scene.hello([]);
    await turns();
    const done: string[] = [];
    scene.hooks.observer.credentialRefused({ slot: 3, generation: 2 }, () => done.push("first"));
    scene.hooks.observer.credentialRefused({ slot: 4, generation: 2 }, () => done.push("second"));
    for (const ask of [2, 2, 9]) scene.say((outgoing) => outgoing.words.push(toThread.renewed, ask));
    await turns();
    assert.deepEqual(done, ["second"]);
  });

  it("the bytes of large answers count until main has them: other answers wait that long", async (test) => {
    const scene = openServer(test);
    scene.hello([]);
    scene.say(call(0));
    await turns();
    scene.begun[0]?.owner.settle({ ...answered, body: Buffer.allocUnsafeSlow(200_000) });
    await turns();
    let resumed = 0;
    assert.equal(scene.answers.grew({ byteLength: 70_000, resume: () => resumed++ }, 70_000), false);
    scene.say(call(1));
    await turns();
    assert.equal(resumed, 0);
    scene.say((outgoing) => outgoing.words.push(toThread.taken, 200_000));
    await turns();
    assert.equal(resumed, 1);
  });

  it("a revoked request is neither accepted nor sent", async (test) => {
    const scene = openServer(test);
    scene.hello([]);
    Atomics.store(scene.claims, 0, claim.revoked);
    scene.say(call(0), call(1), call(2));
    await turns();
    assert.deepEqual([scene.noted.slice(1), scene.received()], [["start /1", "start /2"], ["dropped 0"]]);
    assert.equal(Atomics.compareExchange(scene.claims, 1, claim.accepted, claim.revoked), claim.accepted);
    assert.deepEqual(
      scene.begun.map((each) => each.claim?.markSent()),
      [false, true],
    );
    assert.equal(scene.claims[2], claim.sent);
    assert.equal(scene.begun[1]?.claim?.markSent(), true, "a retry is handed over, too");
  });

  it("a reroute order reaches the dispatch, and a wanted probe reaches main", async (test) => {
    const scene = openServer(test);
    scene.hello([]);
    scene.say((outgoing) =>
      outgoing.reroute({
        decidedAtMs: 1,
        stuck: [{ slot: 2, generation: 1, suspectedAtMs: 0 }],
        targets: [{ slot: 0, lastByteAtMs: 0 }],
      }),
    );
    await turns();
    assert.deepEqual(scene.noted.slice(1), ["move 2 to 0"]);
    scene.hooks.observer.probeWanted(0);
    await turns();
    assert.deepEqual(scene.received(), ["probeWanted 0"]);
  });

  it("cancellations reach the dispatch, except for requests that have ended", async (test) => {
    const scene = openServer(test);
    scene.hello([]);
    scene.say(call(0), call(1));
    await turns();
    scene.begun[0]?.owner.settle(answered);
    scene.say(
      (outgoing) => outgoing.cancel(0, "TIMEOUT", "late"),
      (outgoing) => outgoing.cancel(1, "ABORTED", "stop"),
    );
    await turns();
    assert.deepEqual(scene.noted.slice(3), ["cancel /1 ABORTED stop"]);
  });

  it("the thread is idle when the requests it had have ended, whatever came later, or after a limit", async (test) => {
    const scene = openServer(test);
    scene.hello([]);
    await scene.server.ready;
    await scene.server.idle(60_000);
    scene.say(call(0), call(1));
    await turns();
    let isIdle = false;
    const idle = scene.server.idle(60_000).then(() => {
      isIdle = true;
    });
    scene.say(call(2));
    await turns();
    scene.begun[0]?.owner.settle(answered);
    await turns();
    assert.equal(isIdle, false);
    scene.begun[1]?.owner.settle(answered);
    await idle;
    await scene.server.idle(1);
  });

  it("the thread is not idle while a request that was posted before waits at its port", async (test) => {
    const scene = openServer(test);
    scene.hello([]);
    await scene.server.ready;
    scene.say(call(0));
    const idle = scene.server.idle(60_000);
    assert.deepEqual(scene.noted, ["apply ", "start /0"]);
    scene.begun[0]?.owner.settle(answered);
    await idle;
    assert.deepEqual(scene.received(), ["answered 0 answered"]);
  });

  it("every answer has been posted to main once the thread is idle, as it may be blocked then", async (test) => {
    const scene = openServer(test);
    scene.hello([]);
    await scene.server.ready;
    scene.say(call(0), call(1));
    await turns();
    scene.begun[0]?.owner.settle(answered);
    const idle = scene.server.idle(60_000);
    scene.begun[1]?.owner.settle(answered);
    await idle;
    assert.deepEqual(scene.received(), ["answered 0 answered", "answered 1 answered"]);
    scene.say(call(2));
    await turns();
    scene.begun[2]?.owner.settle(answered);
    await scene.server.idle(60_000);
    assert.deepEqual(scene.received(), ["answered 2 answered"]);
  });
});

import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { MessageChannel, receiveMessageOnPort } from "node:worker_threads";
import { silentLogger, type Timers } from "@rollcall/core";
import { ManualTimers } from "@rollcall/testing";
import type { AnswerSource } from "../dispatch/answer-stream.js";
import type { CancelCode, PendingRequest, PreparedRequest, Result } from "../dispatch/sender.js";
import { createTable, ThreadWord, threadRow, tickOf } from "../table/layout.js";
import { TableTotals } from "../table/totals.js";
import { TableWriter } from "../table/writer.js";
import { claim } from "./claim-word.js";
import { Lanes } from "./client.js";
import { drainPort } from "./drain-port.js";
import { Incoming } from "./incoming.js";
import { JoinedTargets } from "./joined-targets.js";
import { type Hello, type NewTargets, type TargetsPart, toMain, toThread, type Word } from "./messages.js";
import { Outgoing } from "./outgoing.js";

const layout = { slots: 4, threads: 2 };

/** A thread, played by the test: it does nothing by itself. */
class PlayedThread {
  private readonly lane = new MessageChannel();
  private readonly views = new MessageChannel();
  readonly outgoing = new Outgoing();
  readonly sentBefore: number[] = [];
  tasks = 0;
  hello: Hello | undefined;

  introduce(lanes: Lanes): void {
    lanes.join({ port: this.lane.port1, viewPort: this.views.port1, tasks: () => this.tasks });
    this.hello = receiveMessageOnPort(this.lane.port2)?.message as Hello | undefined;
  }

  /** What has come since the last look, message by message: its pieces in words. */
  received(): string[][] {
    const messages: string[][] = [];
    for (const words of drainPort<Word[]>(this.lane.port2)) {
      const incoming = new Incoming(words);
      const pieces: string[] = [];
      while (!incoming.ended) {
        const kind = incoming.toThread();
        if (kind === toThread.request || kind === toThread.plain || kind === toThread.alike) {
          const id = incoming.number();
          const { path, sentBefore } = incoming.request(kind);
          pieces.push(`call ${id} ${path}`);
          this.sentBefore.push(sentBefore);
        } else if (kind === toThread.read) pieces.push(`read ${incoming.number()} ${incoming.number()}`);
        else if (kind === toThread.drop) pieces.push(`drop ${incoming.number()}`);
        else if (kind === toThread.cancel)
          pieces.push(`cancel ${incoming.number()} ${incoming.cancelCode()} ${incoming.text()}`);
        else if (kind === toThread.reroute) pieces.push(`move ${JSON.stringify(incoming.reroute())}`);
        else if (kind === toThread.taken) pieces.push(`taken ${incoming.number()}`);
        else pieces.push(kind === toThread.pump ? "pump" : "close");
      }
      messages.push(pieces);
    }
    return messages;
  }

  targets(): number[] {
    return this.parts().map(({ topology }) => topology);
  }

  parts(): TargetsPart[] {
    return [...drainPort<TargetsPart>(this.views.port2)];
  }

  /** Takes the call on, as far as that. False where main has taken it back. */
  advance(id: number, to: "accepted" | "sent"): boolean {
    const claims = this.hello?.claims ?? assert.fail("no hello yet");
    const from = to === "accepted" ? claim.queued : claim.accepted;
    return Atomics.compareExchange(claims, id, from, claim[to]) === from;
  }

  async post(...words: Word[]): Promise<void> {
    this.outgoing.words.push(...words);
    await this.send();
  }

  async answer(id: number, body = "{}"): Promise<void> {
    const attempts = [{ node: "n:1", code: "200", ms: 1 }];
    const answer: Result = {
      kind: "answered",
      status: 200,
      rawHeaders: "",
      body,
      node: "n:1",
      nodeUrl: "http://n:1",
      attempts,
    };
    this.outgoing.result(id, answer);
    await this.send();
  }

  async fail(id: number, code: "CLOSED" | "ABORTED" | "CONNECT", sent: "no" | "maybe"): Promise<void> {
    const attempts = [{ node: "n:1", code, ms: 1 }];
    this.outgoing.result(id, { kind: "failed", error: { code, message: "failed in the thread", sent, attempts } });
    await this.send();
  }

  async stream(...fill: ((outgoing: Outgoing) => void)[]): Promise<void> {
    for (const each of fill) each(this.outgoing);
    await this.send();
  }

  async send(): Promise<void> {
    this.lane.port2.postMessage(this.outgoing.words);
    this.outgoing.words.length = 0;
    await turns();
  }

  async die(): Promise<void> {
    this.lane.port2.close();
    this.views.port2.close();
    await turns();
  }
}

/** Long enough for a message, and what it sets off, to be there. */
async function turns(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 5));
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

function openLanes(test: TestContext, more: { queueMax?: number; perNode?: number } = {}) {
  const hands = new ManualTimers(10_000);
  let jumpedMs = 0;
  const timers: Timers = {
    nowMs: () => hands.nowMs() + jumpedMs,
    after: (delayMs, wake) => hands.after(delayMs, wake),
  };
  const words = createTable(layout);
  const totals = new TableTotals(words, layout);
  const released: number[] = [];
  const wanted: number[] = [];
  const logged: string[] = [];
  const lanes = new Lanes({
    words,
    layout,
    writer: new TableWriter(words),
    totals,
    queueMax: more.queueMax ?? 8,
    perNode: more.perNode ?? 8,
    hedgeDelay: () => {},
    credentialGiven: () => {},
    observer: {
      failed: () => {},
      credentialRefused: () => {},
      released: (slot) => released.push(slot),
      probeWanted: (slot) => wanted.push(slot),
    },
    timers,
    logger: { ...silentLogger, error: (_fields, message) => logged.push(message) },
  });
  const threads = [new PlayedThread(), new PlayedThread()] as const;
  test.after(async () => {
    const closing = lanes.destroy();
    for (const thread of threads) await thread.die();
    await closing;
  });
  const outcomes: Record<string, Result> = {};
  return {
    lanes,
    threads,
    totals,
    released,
    wanted,
    logged,
    outcomes,
    words,
    /** Lets time pass; the threads named have beaten by then. */
    pass(ms: number, beating: readonly number[] = [0, 1]) {
      for (let passed = 0; passed < ms; passed += 10) {
        const rows = beating.map((row) => threadRow(layout, row) + ThreadWord.heartbeat);
        for (const row of rows) Atomics.store(words, row, tickOf(timers.nowMs() + 10));
        hands.advance(10);
      }
    },
    /** The whole process stands still for so long: nothing that is due comes in time. */
    standStill(ms: number) {
      jumpedMs += ms;
    },
    begin(
      name: string,
      requestClass: PreparedRequest["class"] = "read",
      maxRetries = 3,
      more: Partial<PreparedRequest> = {},
    ): PendingRequest {
      const call: PreparedRequest = {
        method: "GET",
        path: `/${name}`,
        headers: [],
        body: undefined,
        class: requestClass,
        reroutable: requestClass === "read",
        maxRetries,
        deadlineMs: 60_000,
        sentBefore: 0,
        settings: undefined,
        answerWindowBytes: 0,
        ...more,
      };
      return lanes.start(call, {
        settle: (result) => {
          assert.ok(!(name in outcomes), `${name} was settled twice`);
          outcomes[name] = result;
        },
      });
    },
    /** The stream's events come in `noted`. */
    beginStream(name: string): Stream {
      const stream: Stream = { noted: [], source: undefined };
      const call: PreparedRequest = {
        ...{ method: "GET", path: `/${name}`, headers: [], body: undefined, class: "read", reroutable: true },
        ...{ maxRetries: 3, deadlineMs: 60_000, sentBefore: 0, settings: undefined, answerWindowBytes: 1 },
      };
      lanes.start(call, {
        settle: (result) => void stream.noted.push(result.kind === "failed" ? result.error.code : result.kind),
        streaming: ({ status, windowBytes, source }) => {
          stream.noted.push(`${status} ${windowBytes}`);
          stream.source = source;
          source.open({
            piece: (bytes) => stream.noted.push(bytes.toString()),
            end: () => stream.noted.push("end"),
            broken: ({ code, receivedBytes }) => stream.noted.push(`${code} after ${receivedBytes}`),
          });
        },
      });
      return stream;
    },
    /** In a word each. */
    said(name: string): string {
      const outcome = outcomes[name];
      if (outcome === undefined) return "nothing";
      if (outcome.kind === "answered") return String(outcome.status);
      const { code, sent, attempts } = outcome.error;
      return [code, sent, ...attempts.map((attempt) => attempt.code)].join(" ");
    },
  };
}

interface Stream {
  readonly noted: string[];
  source: AnswerSource | undefined;
}

const head = (id: number) => (outgoing: Outgoing) =>
  outgoing.head(id, {
    status: 200,
    rawHeaders: "",
    node: "n:1",
    nodeUrl: "http://n:1",
    attempts: [{ node: "n:1", code: "200", ms: 1 }],
  });
const piece = (id: number, text: string) => (outgoing: Outgoing) =>
  outgoing.joinedPiece(id, [Buffer.from(text)], Buffer.byteLength(text));

describe("streams through lanes", () => {
  it("a streamed answer comes piece by piece, what is read is reported, and its id is free after its end", async (test) => {
    const { lanes, threads, begin, beginStream } = openLanes(test);
    threads[0].introduce(lanes);
    const stream = beginStream("a");
    await turns();
    assert.deepEqual(threads[0].received(), [["call 0 /a"]]);
    await threads[0].stream(head(0), piece(0, "one"), piece(0, "two"));
    stream.source?.read(6);
    await turns();
    assert.deepEqual(threads[0].received(), [["read 0 6"]]);
    await threads[0].stream((outgoing) => outgoing.end(0));
    assert.deepEqual(stream.noted, ["200 1048576", "one", "two", "end"]);
    begin("b");
    await turns();
    assert.deepEqual(threads[0].received(), [["call 0 /b"]]);
  });

  it("a stream that is dropped keeps its id until its thread has ended it, and its reader is not called any more", async (test) => {
    const { lanes, threads, begin, beginStream } = openLanes(test);
    threads[0].introduce(lanes);
    const stream = beginStream("a");
    await turns();
    await threads[0].stream(head(0));
    stream.source?.drop();
    stream.source?.drop();
    begin("b");
    await turns();
    assert.deepEqual(threads[0].received(), [["call 0 /a"], ["drop 0", "call 1 /b"]]);
    await threads[0].stream(piece(0, "late"), (outgoing) => outgoing.dropped(0));
    assert.deepEqual(stream.noted, ["200 1048576"]);
    begin("c");
    await turns();
    assert.deepEqual(threads[0].received(), [["call 0 /c"]]);
  });

  it("a thread that dies breaks its streams with THREAD and what had come, and moves those without headers", async (test) => {
    const { lanes, threads, beginStream } = openLanes(test);
    threads[0].introduce(lanes);
    const stream = beginStream("a");
    const early = beginStream("b");
    await turns();
    threads[1].introduce(lanes);
    await threads[0].stream(head(0), piece(0, "one"));
    await threads[0].die();
    assert.deepEqual([stream.noted, early.noted], [["200 1048576", "one", "THREAD after 3"], []]);
    assert.deepEqual(threads[1].received(), [["call 0 /b"]]);
  });

  it("headers that cross a cancellation open no stream", async (test) => {
    const { lanes, threads, begin, said } = openLanes(test);
    threads[0].introduce(lanes);
    const pending = begin("a");
    await turns();
    assert.ok(threads[0].advance(0, "accepted"));
    pending.cancel("ABORTED", "enough");
    await threads[0].stream(head(0), piece(0, "late"), (outgoing) =>
      outgoing.broken(0, { code: "ABORTED", message: "enough", sent: "maybe", attempts: [] }),
    );
    assert.equal(said("a"), "ABORTED maybe 200");
  });

  it("streams beyond the windows of every thread are QUEUE_FULL, and a request is not", async (test) => {
    const { lanes, threads, beginStream, begin, said } = openLanes(test, { queueMax: 1_000 });
    threads[0].introduce(lanes);
    const streams = Array.from({ length: 161 }, (_, number) => beginStream(String(number)));
    await turns();
    assert.deepEqual(
      streams.map(({ noted }) => noted.join()).filter((noted) => noted !== ""),
      ["QUEUE_FULL"],
    );
    begin("a");
    assert.equal(said("a"), "nothing");
    await turns();
    await threads[0].stream(head(0), (outgoing) => outgoing.end(0));
    assert.deepEqual(beginStream("again").noted, []);
  });

  it("close() breaks streams with CLOSED", async (test) => {
    const { lanes, threads, beginStream } = openLanes(test);
    threads[0].introduce(lanes);
    const stream = beginStream("a");
    await turns();
    await threads[0].stream(head(0));
    await lanes.destroy();
    assert.deepEqual(stream.noted, ["200 1048576", "CLOSED after 0"]);
  });
});

describe("lanes", () => {
  it("a reroute order goes to every thread, and a wanted probe is reported to main", async (test) => {
    const { lanes, threads, wanted } = openLanes(test);
    for (const thread of threads) thread.introduce(lanes);
    const order = {
      decidedAtMs: 10_000,
      stuck: [{ slot: 1, generation: 3, suspectedAtMs: 9_000.5 }],
      targets: [
        { slot: 0, lastByteAtMs: 9_500 },
        { slot: 2, lastByteAtMs: Number.NEGATIVE_INFINITY },
      ],
    };
    lanes.reroute(order);
    await turns();
    for (const thread of threads) {
      const [piece = ""] = thread.received().flat();
      const parsed: unknown = JSON.parse(piece.slice("move ".length));
      // JSON has no infinity.
      assert.deepEqual(parsed, { ...order, targets: [order.targets[0], { slot: 2, lastByteAtMs: null }] });
    }
    await threads[1].post(toMain.probeWanted, 2);
    assert.deepEqual(wanted, [2]);
  });

  it("the requests of a turn go as one message to the thread with the fewest, and settle by their answers", async (test) => {
    const { lanes, threads, begin, said } = openLanes(test);
    for (const thread of threads) thread.introduce(lanes);
    for (const name of ["a", "b", "c"]) begin(name);
    await turns();
    assert.deepEqual(threads[0].received(), [["call 0 /a", "call 1 /c"]]);
    assert.deepEqual(threads[1].received(), [["call 0 /b"]]);
    await threads[0].answer(1);
    assert.deepEqual(["a", "b", "c"].map(said), ["nothing", "nothing", "200"]);
    begin("d");
    await turns();
    assert.deepEqual(threads[0].received(), [["call 1 /d"]], "the id is free again");
  });

  it("a thread learns that main has a large answer, also of a request that was cancelled meanwhile", async (test) => {
    const { lanes, threads, begin } = openLanes(test);
    threads[0].introduce(lanes);
    begin("small");
    begin("large");
    const cancelled = begin("cancelled");
    await turns();
    assert.ok(threads[0].advance(2, "accepted") && threads[0].advance(2, "sent"));
    cancelled.cancel("ABORTED", "stop");
    await turns();
    threads[0].received();
    await threads[0].answer(0, "x".repeat(65_536));
    await threads[0].answer(1, "x".repeat(70_000));
    await threads[0].answer(2, "x".repeat(80_000));
    assert.deepEqual(threads[0].received(), [["taken 70000"], ["taken 80000"]]);
  });

  it("requests made before a task are sent at once, so that they do not wait behind it", async (test) => {
    const { lanes, threads, begin } = openLanes(test);
    for (const thread of threads) thread.introduce(lanes);
    await turns();
    for (const name of ["a", "b"]) begin(name);
    lanes.flush();
    assert.deepEqual([threads[0].received(), threads[1].received()], [[["call 0 /a"]], [["call 0 /b"]]]);
    begin("c");
    await turns();
    assert.deepEqual(threads[0].received(), [["call 1 /c"]]);
  });

  it("requests are queued while no thread is up, up to what the threads could have, and given in order", async (test) => {
    const { lanes, threads, begin, said } = openLanes(test, { queueMax: 1, perNode: 1 });
    // Each thread may have one in flight, one that waits, and one that rests.
    for (let number = 0; number < 7; number++) begin(String(number));
    await turns();
    assert.deepEqual(["5", "6"].map(said), ["nothing", "QUEUE_FULL no"]);
    assert.equal(lanes.stats().queued, 6);
    threads[0].introduce(lanes);
    await turns();
    assert.deepEqual(threads[0].received().flat(), ["call 0 /0", "call 1 /1", "call 2 /2"]);
    assert.equal(lanes.stats().queued, 3);
    await threads[0].answer(0);
    assert.deepEqual(threads[0].received().flat(), ["call 0 /3"]);
  });

  it("of requests that wait for a thread those of a higher priority are given first, and each thread has their priority", async (test) => {
    const { lanes, threads, begin } = openLanes(test, { queueMax: 1, perNode: 1 });
    for (const priority of ["low", "normal", "high"] as const) begin(priority, "read", 3, { settings: { priority } });
    threads[0].introduce(lanes);
    await turns();
    assert.deepEqual(threads[0].received().flat(), ["call 0 /high", "call 1 /normal", "call 2 /low"]);
  });

  it("one that is cancelled before its refusal is out ends once, and those that wait stay counted", async (test) => {
    const { lanes, begin, said } = openLanes(test, { queueMax: 1, perNode: 1 });
    const begun = Array.from({ length: 7 }, (_, number) => begin(String(number)));
    begun[6]?.cancel("ABORTED", "the caller's signal fired");
    assert.equal(said("6"), "ABORTED no");
    await turns();
    assert.equal(lanes.stats().queued, 6);
  });

  it("a thread with a task, or one that is late, gets no request while there is another", async (test) => {
    const { lanes, threads, begin, pass } = openLanes(test);
    for (const thread of threads) thread.introduce(lanes);
    threads[0].tasks = 1;
    begin("a");
    begin("b");
    await turns();
    assert.deepEqual(
      threads.map((thread) => thread.received().flat().length),
      [0, 2],
    );
    threads[0].tasks = 0;
    pass(400, [0]);
    for (const name of ["c", "d", "e"]) begin(name);
    await turns();
    assert.deepEqual(
      threads.map((thread) => thread.received().flat().length),
      [5, 0],
      "what was not begun has moved",
    );
  });

  it("requests that a late thread has not accepted move to another, and the late one never sends them", async (test) => {
    const { lanes, threads, begin, pass, said } = openLanes(test);
    threads[0].introduce(lanes);
    for (const name of ["begun", "posted"]) begin(name);
    await turns();
    threads[0].received();
    assert.ok(threads[0].advance(0, "accepted"));
    threads[1].introduce(lanes);
    pass(400, [1]);
    await turns();
    assert.deepEqual(threads[1].received(), [["call 0 /posted"]]);
    assert.equal(threads[0].advance(1, "accepted"), false);
    await threads[0].post(toMain.dropped, 1);
    await threads[1].answer(0);
    await threads[0].answer(0);
    assert.deepEqual(["begun", "posted"].map(said), ["200", "200"]);
  });

  it("a thread is not late because the main thread did not run", async (test) => {
    const { lanes, threads, begin, pass, standStill } = openLanes(test);
    for (const thread of threads) thread.introduce(lanes);
    begin("a");
    await turns();
    threads[0].received();
    pass(100);
    standStill(5_000);
    // One of them beats before the other.
    pass(140, [1]);
    await turns();
    assert.deepEqual(threads[1].received(), []);
    pass(200, [1]);
    await turns();
    assert.deepEqual(threads[1].received(), [["call 0 /a"]], "it is late indeed");
  });

  it("an id is not used again before the thread reports its end", async (test) => {
    const { lanes, threads, begin, said } = openLanes(test);
    threads[0].introduce(lanes);
    begin("a").cancel("ABORTED", "the caller's signal fired");
    assert.equal(said("a"), "ABORTED no");
    begin("b");
    await turns();
    assert.deepEqual(threads[0].received().flat(), ["call 0 /a", "call 1 /b"]);
    assert.equal(threads[0].advance(0, "accepted"), false, "it is not sent");
    await threads[0].post(toMain.dropped, 0);
    begin("c");
    await turns();
    assert.deepEqual(threads[0].received().flat(), ["call 0 /c"]);
  });

  it("a thread that has accepted a request is asked to end it, and its answer says what was sent", async (test) => {
    const { lanes, threads, begin, said } = openLanes(test);
    threads[0].introduce(lanes);
    const pending = begin("a");
    await turns();
    threads[0].advance(0, "accepted");
    pending.cancel("TIMEOUT", "no answer within 5 ms");
    pending.cancel("ABORTED", "too late");
    await turns();
    assert.deepEqual(threads[0].received().at(-1), ["cancel 0 TIMEOUT no answer within 5 ms"]);
    assert.equal(said("a"), "nothing");
    await threads[0].fail(0, "ABORTED", "maybe");
    assert.equal(said("a"), "TIMEOUT maybe ABORTED");
  });

  it("an answer that crosses a cancellation does not undo it", async (test) => {
    const { lanes, threads, begin, said } = openLanes(test);
    threads[0].introduce(lanes);
    const pending = begin("a");
    await turns();
    threads[0].advance(0, "accepted");
    threads[0].advance(0, "sent");
    pending.cancel("ABORTED", "the caller's signal fired");
    await threads[0].answer(0);
    assert.equal(said("a"), "ABORTED maybe 200");
  });

  it("the claim word says what was sent if the thread does not answer, and a late answer changes nothing", async (test) => {
    const { lanes, threads, begin, pass, said } = openLanes(test);
    threads[0].introduce(lanes);
    const calls = ["begun", "handed"].map((name) => begin(name, "never"));
    await turns();
    for (const id of [0, 1]) threads[0].advance(id, "accepted");
    threads[0].advance(1, "sent");
    for (const call of calls) call.cancel("TIMEOUT", "no answer");
    pass(60, []);
    assert.deepEqual(["begun", "handed"].map(said), ["nothing", "nothing"]);
    pass(120, []);
    assert.deepEqual(["begun", "handed"].map(said), ["TIMEOUT no", "TIMEOUT maybe"]);
    assert.equal(threads[0].advance(0, "sent"), false, "it may not be sent any more");
    await threads[0].fail(0, "ABORTED", "no");
    assert.equal(said("begun"), "TIMEOUT no", "settled once");
  });

  it("when a thread dies, its requests go to another, but for those that may have been sent and must not be sent twice", async (test) => {
    const { lanes, threads, begin, said, logged } = openLanes(test);
    threads[0].introduce(lanes);
    const names = ["queued", "accepted", "sent", "read", "read without retries"];
    for (const name of names) {
      begin(name, name.startsWith("read") ? "read" : "never", name === "read without retries" ? 0 : 3);
    }
    await turns();
    for (const id of [1, 2, 3, 4]) threads[0].advance(id, "accepted");
    for (const id of [2, 3, 4]) threads[0].advance(id, "sent");
    await threads[0].die();
    assert.deepEqual(names.map(said), ["nothing", "nothing", "THREAD maybe", "nothing", "THREAD maybe"]);
    assert.equal(logged.length, 1);
    threads[1].introduce(lanes);
    await turns();
    const given = threads[1].received().flat();
    assert.deepEqual(given.map((piece) => piece.split("/")[1]).sort(), ["accepted", "queued", "read"]);
    const readId = given.findIndex((piece) => piece.endsWith("/read"));
    assert.equal(threads[1].sentBefore[readId], 1, "the next thread counts the attempt of the dead one");
  });

  it("a request whose body was given away leaves no thread: it stays with a late one, and fails with one that dies", async (test) => {
    const { lanes, threads, begin, pass, said } = openLanes(test);
    threads[0].introduce(lanes);
    for (const name of ["a", "b"]) {
      const body = new Uint8Array(8);
      begin(name, "read", 3, { body, settings: { hasGivenBody: true } });
      await turns();
      assert.equal(body.length, 0, "the bytes have been moved to the thread");
    }
    threads[0].received();
    threads[1].introduce(lanes);
    pass(400, [1]);
    await turns();
    assert.ok(threads[0].advance(1, "accepted"));
    assert.ok(threads[0].advance(1, "sent"));
    await threads[0].die();
    await turns();
    assert.deepEqual([threads[1].received(), ["a", "b"].map(said)], [[], ["THREAD no", "THREAD maybe"]]);
  });

  it("a request that was in two threads that died fails, and what the first has sent is not forgotten", async (test) => {
    const { lanes, threads, begin, said } = openLanes(test);
    for (const thread of threads) {
      thread.introduce(lanes);
      if (thread === threads[0]) begin("a");
      await turns();
      thread.advance(0, "accepted");
      if (thread === threads[0]) thread.advance(0, "sent");
      await thread.die();
    }
    assert.equal(said("a"), "THREAD maybe");
  });

  it("a list of nodes is posted before its number shows, and a slot is released when every thread has released it", async (test) => {
    const { lanes, threads, released, words } = openLanes(test);
    for (const thread of threads) thread.introduce(lanes);
    const target = (slot: number) =>
      ({ slot, generation: 1, endpoint: {} }) as unknown as NewTargets["targets"][number];
    lanes.apply([target(0), target(1)]);
    lanes.apply([target(1)]);
    assert.deepEqual(
      threads.map((thread) => thread.targets()),
      [
        [1, 2],
        [1, 2],
      ],
    );
    assert.equal(Atomics.load(words, 2), 2);
    await threads[0].post(toMain.released, 0, 2);
    assert.deepEqual(released, []);
    await threads[1].die();
    assert.deepEqual(released, [0]);
  });

  it("a long list reaches the threads in parts of 128 targets, and its number shows with the last", (test) => {
    const { lanes, threads, words } = openLanes(test);
    threads[0].introduce(lanes);
    const list = Array.from({ length: 300 }, (_, slot) => ({ slot }) as NewTargets["targets"][number]);
    const numbers: number[] = [];
    for (const _ of lanes.prepare(list)) numbers.push(Atomics.load(words, 2));
    threads[1].introduce(lanes);
    lanes.apply(list);
    assert.deepEqual([numbers, Atomics.load(words, 2)], [[0, 0], 1]);
    const joined = new JoinedTargets();
    const parts = threads[0].parts();
    assert.deepEqual(
      parts.map((part) => [part.targets.length, joined.add(part)?.targets.length]),
      [
        [128, undefined],
        [128, undefined],
        [44, 300],
      ],
    );
    // A thread that has come meanwhile gets the whole.
    assert.deepEqual(
      threads[1].parts().map((part) => new JoinedTargets().add(part)?.targets.length),
      [300],
    );
    // Parts whose beginning a thread has not got are none.
    assert.deepEqual(
      parts.slice(1).map((part) => new JoinedTargets().add(part)),
      [undefined, undefined],
    );
  });

  it("requests that wait for a thread, and those that come, are refused while none can start", async (test) => {
    const { lanes, threads, begin, said } = openLanes(test);
    for (const thread of threads) thread.introduce(lanes);
    begin("sent", "never");
    begin("unsent", "never");
    await turns();
    for (const thread of threads) thread.advance(0, "accepted");
    threads[0].advance(0, "sent");
    for (const thread of threads) await thread.die();
    assert.deepEqual([said("sent"), said("unsent")], ["THREAD maybe", "nothing"]);
    lanes.refuse("no thread can start");
    begin("late");
    assert.deepEqual(["unsent", "late"].map(said), ["THREAD no", "THREAD no"]);
    const next = new PlayedThread();
    next.introduce(lanes);
    begin("served");
    await turns();
    assert.deepEqual(next.received(), [["call 0 /served"]]);
    await next.die();
  });

  it("requests that are handed over are started and cancelled by the other sender, those that were cancelled not", (test) => {
    const { lanes, begin, said } = openLanes(test);
    const story: string[] = [];
    begin("aborted").cancel("ABORTED", "");
    const waiting = begin("waiting");
    lanes.handOver({
      start: ({ path }, owner) => {
        story.push(`start ${path}`);
        const cancel = (code: CancelCode, message: string) => {
          story.push(`cancel ${path} ${code}`);
          owner.settle({ kind: "failed", error: { code, message, sent: "maybe", attempts: [] } });
        };
        return { cancel };
      },
    });
    begin("new");
    waiting.cancel("TIMEOUT", "");
    waiting.cancel("CLOSED", "");
    assert.deepEqual(story, ["start /waiting", "start /new", "cancel /waiting TIMEOUT"]);
    assert.deepEqual(["aborted", "waiting", "new"].map(said), ["ABORTED no", "TIMEOUT maybe", "nothing"]);
  });

  it("destroying ends every request with CLOSED, and waits briefly for the threads' answers", async (test) => {
    const { lanes, threads, begin, said } = openLanes(test);
    for (const thread of threads) thread.introduce(lanes);
    for (const name of ["a", "b", "c"]) begin(name);
    await turns();
    threads[0].advance(0, "accepted");
    threads[1].advance(0, "accepted");
    threads[1].advance(0, "sent");
    const closing = lanes.destroy();
    assert.equal(said("c"), "CLOSED no");
    await turns();
    await threads[0].fail(0, "CLOSED", "no");
    await closing;
    assert.deepEqual(["a", "b"].map(said), ["CLOSED no CLOSED", "CLOSED maybe"]);
    begin("late");
    assert.equal(said("late"), "CLOSED no");
  });
});

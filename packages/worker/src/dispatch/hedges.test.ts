import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { waitUntil } from "@rollcall/testing";
import {
  answer,
  type Behaviour,
  mute,
  okAnswer,
  openRig,
  type Rig,
  startRawServer,
  summary,
} from "./dispatch-rig.test.support.js";

const search = { method: "POST", path: "/logs/_search", body: "{}", hedgeTemplate: "search" } as const;
/** An answer that begins: such a hedge is not given up, however slow this machine is. */
const beginning = "HTTP/1.1 200 OK\r\n";
const rest = okAnswer.slice(beginning.length);
const begins: Behaviour = (socket) => socket.write(beginning);
const busy = "HTTP/1.1 503 x\r\ncontent-length: 0\r\n\r\n";

/** What is usual: a hedge is due after twice that, and waits as long again. */
const usualMs = 50;

/** Slot 0 holds what it gets, slot 1 behaves as is said, and twenty answers have shown what is usual. */
async function openScene(test: TestContext, second: Behaviour = answer) {
  const held: Socket[] = [];
  const silent = await startRawServer(test, (socket) => held.push(socket));
  const usual = await startRawServer(test, (socket) => setTimeout(() => socket.write(okAnswer), usualMs));
  const other = await startRawServer(test, second);
  const rig = openRig(test, { hedgeExtraWork: 0.02, settings: { perNode: 20, opening: 20 } });
  rig.use(usual.origin);
  await Promise.all(Array.from({ length: 20 }, () => rig.request(search)));
  /** Begins a request that is on its socket at the silent node, and lets the other node be found. */
  const begin = async (call: Parameters<Rig["begin"]>[0] = {}, ...more: [undefined?, Parameters<Rig["begin"]>[2]?]) => {
    rig.use(silent.origin);
    const { length } = silent.requests;
    const begun = rig.begin({ ...search, ...call }, ...more);
    await waitUntil("the silent node has it", () => silent.requests.length > length);
    rig.use(silent.origin, other.origin);
    return begun;
  };
  return { silent, other, rig, held, begin, hedges: () => rig.totals.hedges };
}

describe("hedged Reads", () => {
  it("a Read that waits too long is answered by a second node, and the first attempt stays on its socket for a while", async (test) => {
    const { rig, begin, silent, hedges } = await openScene(test);
    const read = await begin();
    assert.deepEqual(summary(await read.result), { status: 200, attempts: ["OUTRUN", "200"] });
    assert.deepEqual([rig.reader.inFlightOf(0), silent.open, read.settlements], [1, 1, 1]);
    await waitUntil("it is closed", () => rig.inFlight === 0 && silent.open === 0);
    assert.deepEqual([hedges().sent, hedges().won, hedges().lost], [1, 1, 0]);
    assert.deepEqual([rig.stats().retries, rig.failures], [0, []], "that is no retry, and blames no node");
  });

  it("an outrun attempt that is answered later shows how long its node took", async (test) => {
    const { rig, begin, held } = await openScene(test);
    await (await begin()).result;
    const { answers } = rig.totals.ofNode(0);
    held[0]?.write(okAnswer);
    await waitUntil("it has ended", () => rig.inFlight === 0);
    assert.equal(rig.totals.ofNode(0).answers, answers + 1);
  });

  it("a hedge that loses is closed at once", async (test) => {
    const { rig, begin, held, other, hedges } = await openScene(test, mute);
    const read = await begin();
    await waitUntil("the hedge is on its way", () => other.requests.length === 1);
    held[0]?.write(okAnswer);
    assert.deepEqual(summary(await read.result), { status: 200, attempts: ["OUTRUN", "200"] });
    await waitUntil("its connection is closed", () => other.open === 0 && rig.inFlight === 0);
    const { sent, won, lost, givenUp, lostMs } = hedges();
    assert.deepEqual([sent, won, lost + givenUp], [1, 0, 1]);
    assert.ok(lostMs < 1_000, `${lostMs}`);
  });

  it("a hedge that is refused is no answer: the first attempt goes on", async (test) => {
    const { begin, held, other } = await openScene(test, (socket) => socket.write(busy));
    const read = await begin();
    await waitUntil("the hedge was refused", () => read.pending !== undefined && other.requests.length === 1);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(read.settlements, 0);
    held[0]?.write(okAnswer);
    assert.deepEqual(summary(await read.result), { status: 200, attempts: ["503", "200"] });
  });

  it("a first attempt that fails while its hedge is under way is no failure of the request", async (test) => {
    const held: Socket[] = [];
    const {
      begin,
      silent,
      held: first,
      other,
    } = await openScene(test, (socket) => {
      held.push(socket);
      socket.write(beginning);
    });
    const read = await begin();
    await waitUntil("the hedge is on its way", () => other.requests.length === 1);
    first[0]?.destroy();
    await waitUntil("the first has ended", () => silent.open === 0);
    held[0]?.write(rest);
    const { status, attempts } = summary(await read.result);
    assert.deepEqual([status, attempts.length, attempts.at(-1)], [200, 2, "200"]);
  });

  it("when both attempts fail, the request is retried as ever, at a node that it has not tried", async (test) => {
    const { rig, begin, silent, held, other } = await openScene(test, (socket) => socket.destroy());
    const third = await startRawServer(test, answer);
    const read = await begin();
    await waitUntil("the hedge has failed", () => other.requests.length === 1 && rig.reader.inFlightOf(1) === 0);
    rig.use(silent.origin, other.origin, third.origin);
    held[0]?.destroy();
    const { status, attempts } = summary(await read.result);
    assert.equal(status, 200);
    const { answers } = rig.totals.ofNode(2);
    assert.equal(answers, 1, attempts.join(", "));
  });

  it("a cancelled request takes both of its attempts with it", async (test) => {
    const { rig, begin, other } = await openScene(test, begins);
    const read = await begin();
    await waitUntil("the hedge is on its way", () => other.requests.length === 1);
    read.pending.cancel("TIMEOUT", "too late");
    assert.deepEqual(summary(await read.result), { code: "TIMEOUT", sent: "maybe", attempts: ["OUTRUN", "TIMEOUT"] });
    await waitUntil("both have ended", () => rig.inFlight === 0);
  });

  it("a hedge that stays silent too is closed, and a last one answers a request that its node never would", async (test) => {
    let asked = 0;
    const { begin, hedges } = await openScene(test, (socket) => {
      if (++asked > 1) socket.write(okAnswer);
    });
    const read = await begin();
    assert.deepEqual(summary(await read.result).attempts, ["OUTRUN", "OUTRUN", "200"]);
    const { sent, won, givenUp } = hedges();
    assert.deepEqual([sent, won, givenUp], [2, 1, 1]);
  });

  it("the answer of a hedge streams, and what comes later of the outrun attempt goes nowhere", async (test) => {
    const { rig, begin, held } = await openScene(test);
    let bytes = 0;
    let end = "";
    const streamed = new Promise<void>((resolve) => {
      void begin({ answerWindowBytes: 1_000 }, undefined, (answerOf) => {
        answerOf.source.open({
          piece: ({ length }) => {
            bytes += length;
          },
          end: () => {
            end = "whole";
            resolve();
          },
          broken: ({ code }) => {
            end = code;
            resolve();
          },
        });
      });
    });
    await streamed;
    held[0]?.write(okAnswer);
    await waitUntil("the first has ended", () => rig.inFlight === 0);
    assert.deepEqual([bytes, end], [2, "whole"]);
  });

  it("a hedged Read is not rerouted as long as its hedge is under way", async (test) => {
    const { rig, begin, held, other } = await openScene(test, begins);
    const read = await begin();
    await waitUntil("the hedge is on its way", () => other.requests.length === 1);
    const nowMs = performance.now();
    const targets = [{ slot: 1, lastByteAtMs: nowMs }];
    rig.dispatch.reroute({
      decidedAtMs: nowMs,
      stuck: [{ slot: 0, generation: 1, suspectedAtMs: nowMs - 100 }],
      targets,
    });
    held[0]?.write(okAnswer);
    assert.deepEqual(summary(await read.result).attempts, ["OUTRUN", "200"]);
    assert.equal(rig.totals.ofThreads.reroutes, 0);
  });

  for (const [what, call] of [
    ["of a pool without hedging, or that says `hedge: false`,", { hedgeTemplate: undefined }],
    ["that may not go to any node", { reroutable: false }],
  ] as const) {
    it(`a Read ${what} gets no hedge`, async (test) => {
      const { begin, held, hedges } = await openScene(test);
      const begunAtMs = performance.now();
      const { result } = await begin(call);
      await waitUntil("a hedge would have been sent", () => performance.now() - begunAtMs > 10 * usualMs);
      held[0]?.write(okAnswer);
      assert.deepEqual(summary(await result).attempts, ["200"]);
      assert.equal(hedges().sent, 0);
    });
  }

  it("the delay of each template is reported", async (test) => {
    const { rig } = await openScene(test);
    rig.dispatch.beat();
    const delayMs = rig.hedgeDelays.get("search") ?? 0;
    assert.ok(delayMs >= 20 && delayMs < 5_000, `${delayMs}`);
  });
});

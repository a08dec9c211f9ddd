import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { waitUntil } from "@rollcall/testing";
import {
  answer,
  endpointOf,
  mute,
  okAnswer,
  openRig,
  type Rig,
  type RigOptions,
  startRawServer,
  summary,
} from "./dispatch-rig.test.support.js";
import type { RerouteOrder } from "./reroute-order.js";

const nowMs = () => performance.now();
const never = Number.NEGATIVE_INFINITY;

/** A node in slot 0 that takes requests and says nothing, and one in slot 1 that answers. */
async function openScene(test: TestContext, options: RigOptions = {}) {
  const held: Socket[] = [];
  const silent = await startRawServer(test, (socket) => held.push(socket));
  const well = await startRawServer(test, answer);
  const rig = openRig(test, options);
  rig.use(silent.origin);
  /** Begins a call that is on its socket at the silent node. */
  const stuck = async (call: Parameters<Rig["begin"]>[0] = {}) => {
    const { length } = silent.requests;
    const begun = rig.begin(call);
    await waitUntil("the silent node has it", () => silent.requests.length > length);
    return begun;
  };
  const useBoth = () => rig.use(silent.origin, well.origin);
  const move = (
    targets: RerouteOrder["targets"] = [{ slot: 1, lastByteAtMs: nowMs() }],
    suspectedAtMs = nowMs() - 100,
  ) => rig.dispatch.reroute({ decidedAtMs: nowMs(), stuck: [{ slot: 0, generation: 1, suspectedAtMs }], targets });
  return { silent, well, rig, held, stuck, useBoth, move };
}

describe("dispatch: rerouting", () => {
  it("a Read that waits at a stalled node is answered by another, at no cost to the retry budget", async (test) => {
    const { rig, stuck, useBoth, move, well } = await openScene(test);
    const read = await stuck();
    useBoth();
    move();
    assert.deepEqual(summary(await read.result), { status: 200, attempts: ["REROUTED", "200"] });
    await waitUntil("the silent node's connection is gone", () => rig.inFlight === 0);
    assert.deepEqual([read.settlements, well.requests.length, rig.stats().retries], [1, 1, 0]);
    assert.equal(rig.totals.ofThreads.reroutes, 1);
    assert.deepEqual(rig.failures, [], "no node is blamed for an attempt that was given up");
  });

  it("a Read is not rerouted before a node gives a sign of life; a probe is requested instead", async (test) => {
    const { rig, stuck, useBoth, move } = await openScene(test);
    const read = await stuck();
    useBoth();
    move([{ slot: 1, lastByteAtMs: never }]);
    assert.deepEqual([rig.signsWanted, read.settlements, rig.reader.inFlightOf(0)], [[1], 0, 1]);
    move([]);
    assert.deepEqual([rig.signsWanted, read.settlements], [[1], 0]);
    move();
    assert.deepEqual(summary(await read.result).attempts, ["REROUTED", "200"]);
  });

  it("an answer of the stalled node counts if it comes first", async (test) => {
    const { held, stuck, useBoth, move } = await openScene(test);
    const read = await stuck();
    useBoth();
    held[0]?.write(okAnswer);
    assert.deepEqual(summary(await read.result), { status: 200, attempts: ["200"] });
    move();
    assert.equal(read.settlements, 1);
  });

  it("a Read is rerouted once only", async (test) => {
    const { rig, stuck, silent, move } = await openScene(test);
    const mutes = await startRawServer(test, mute);
    const read = await stuck();
    rig.use(silent.origin, mutes.origin);
    move();
    await waitUntil("it has moved", () => mutes.requests.length === 1);
    // The next portion.
    await sleep(110);
    rig.dispatch.reroute({
      decidedAtMs: nowMs(),
      stuck: [{ slot: 1, generation: 1, suspectedAtMs: nowMs() - 100 }],
      targets: [{ slot: 0, lastByteAtMs: nowMs() }],
    });
    await sleep(20);
    assert.equal(silent.requests.length, 1);
    read.pending.cancel("TIMEOUT", "late");
    assert.deepEqual(summary(await read.result), { code: "TIMEOUT", sent: "maybe", attempts: ["REROUTED", "TIMEOUT"] });
  });

  it("Reads are rerouted in windows, the oldest first", async (test) => {
    const { stuck, useBoth, move } = await openScene(test);
    const reads = [await stuck(), await stuck(), await stuck()];
    useBoth();
    move();
    move();
    await reads[0]?.result;
    assert.deepEqual(
      reads.map(({ settlements }) => settlements),
      [1, 0, 0],
    );
    await sleep(110);
    move();
    await reads[1]?.result;
    assert.equal(reads[2]?.settlements, 0);
    reads[2]?.pending.cancel("ABORTED", "enough");
  });

  it("a Read stays if the reroute order is late, is of another generation, or names an unknown node", async (test) => {
    const { rig, stuck, useBoth, move, well } = await openScene(test);
    const read = await stuck();
    useBoth();
    const stuckThere = { slot: 0, generation: 1, suspectedAtMs: nowMs() - 500 };
    const targets = [{ slot: 1, lastByteAtMs: nowMs() }];
    rig.dispatch.reroute({ decidedAtMs: nowMs() - 60, stuck: [stuckThere], targets });
    rig.dispatch.reroute({ decidedAtMs: nowMs(), stuck: [{ ...stuckThere, generation: 2 }], targets });
    move([{ slot: 3, lastByteAtMs: nowMs() }]);
    await sleep(20);
    assert.deepEqual([read.settlements, well.requests.length, rig.signsWanted], [0, 0, []]);
    move();
    assert.equal((await read.result).kind, "answered");
  });

  it("a Read that waits at a slot's last node moves too, where the next one of the same address stalls", async (test) => {
    const { rig, stuck, silent, well } = await openScene(test);
    const read = await stuck();
    const targets = [silent, well].map(({ origin }, slot) => ({ slot, generation: 2, endpoint: endpointOf(origin) }));
    rig.apply(targets);
    rig.dispatch.reroute({
      decidedAtMs: nowMs(),
      stuck: [{ slot: 0, generation: 2, suspectedAtMs: nowMs() - 100 }],
      targets: [{ slot: 1, lastByteAtMs: nowMs() }],
    });
    assert.deepEqual(summary(await read.result).attempts, ["REROUTED", "200"]);
  });

  it("a rerouted Read is retried as any other when the next node fails", async (test) => {
    const { rig, stuck, silent, move } = await openScene(test, { settings: { perNode: 1 } });
    const resets = await startRawServer(test, (socket) => socket.resetAndDestroy());
    const third = await startRawServer(test, answer);
    const read = await stuck();
    rig.use(silent.origin, resets.origin, third.origin);
    move();
    assert.deepEqual(summary(await read.result).attempts, ["REROUTED", "ECONNRESET", "200"]);
  });
});

describe("dispatch: what is not rerouted", () => {
  it("a stream stays at a stalled node once its headers have come; before them it moves", async (test) => {
    const { rig, silent, well, held, useBoth, move } = await openScene(test);
    const begun = rig.stream(1_000);
    await waitUntil("the silent node has it", () => held.length === 1);
    held[0]?.write("HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nhalf");
    const streamed = await begun;
    const next = rig.stream(1_000);
    await waitUntil("the silent node has it too", () => silent.requests.length === 2);
    useBoth();
    // Room for one, the oldest that may move.
    move();
    await waitUntil("the other node has one", () => well.requests.length === 1);
    assert.deepEqual(
      (await next).answer.attempts.map(({ code }) => code),
      ["REROUTED", "200"],
    );
    held[0]?.write("rest");
    await waitUntil("it has ended", () => streamed.end !== undefined);
    assert.deepEqual([streamed.bytes, streamed.end, well.requests.length], [8, "whole", 1]);
  });

  for (const call of [
    { class: "never", reroutable: false },
    { class: "repeatable", reroutable: false },
    { class: "read", reroutable: false },
  ] as const) {
    it(`a request stays at a stalled node if it is ${call.class} and ${call.reroutable ? "reroutable" : "not reroutable"}`, async (test) => {
      const { stuck, useBoth, move, well, held } = await openScene(test);
      const waits = await stuck(call);
      useBoth();
      for (let times = 0; times < 3; times++) move();
      await sleep(20);
      assert.deepEqual([waits.settlements, well.requests.length], [0, 0]);
      held[0]?.write(okAnswer);
      assert.deepEqual(summary(await waits.result), { status: 200, attempts: ["200"] });
    });
  }
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { CounterWord, counterRow, createTable } from "./layout.js";
import { TableReader } from "./reader.js";
import { TableTotals } from "./totals.js";
import { TableWriter } from "./writer.js";

const layout = { slots: 3, threads: 2 };

function openTotals() {
  const words = createTable(layout);
  new TableWriter(words).assign(layout.slots - 1, 1);
  const reader = (thread: number) => new TableReader({ words, layout, thread, inFlightMax: 9, nowMs: () => 0 });
  return { words, totals: new TableTotals(words, layout), readers: [reader(0), reader(1)] as const };
}

describe("table totals", () => {
  it("sums are exact whenever they are read or gathered, however threads come and go", () => {
    const step = fc.record({
      kind: fc.constantFrom(
        "enter",
        "answer",
        "fail",
        "retry",
        "wait",
        "connect",
        "own",
        "ownEnd",
        "ownFail",
        "look",
        "die",
      ),
      thread: fc.nat(1),
      slot: fc.nat(2),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const { totals, readers } = openTotals();
        const wanted = { requests: 0, answers: 0, failures: 0, retries: 0, own: 0, answered: 0, TIMEOUT: 0, THREAD: 0 };
        const times = { waits: 0, waitedMs: 0, writeWaits: 0, reroutes: 0, connects: 0, connectMs: 0 };
        const inFlight = [
          [0, 0, 0],
          [0, 0, 0],
        ];
        const own = [0, 0];
        for (const { kind, thread, slot } of steps) {
          const reader = readers[thread === 0 ? 0 : 1];
          const here = inFlight[thread] ?? [];
          const busy = (here[slot] ?? 0) > 0;
          if (kind === "enter") {
            reader.enter(slot);
            here[slot] = (here[slot] ?? 0) + 1;
            wanted.requests++;
          } else if ((kind === "answer" || kind === "fail") && busy) {
            reader.leave(slot);
            here[slot] = (here[slot] ?? 0) - 1;
            if (kind === "answer") reader.countAnswer(slot, false);
            else reader.countFailure(slot);
            wanted[kind === "answer" ? "answers" : "failures"]++;
          } else if (kind === "retry") {
            reader.countRetry();
            reader.countReroute();
            times.reroutes++;
            wanted.retries++;
          } else if (kind === "wait") {
            reader.countWait(7);
            reader.countWriteWait();
            times.writeWaits++;
            times.waits++;
            times.waitedMs += 7;
          } else if (kind === "connect") {
            reader.noteHandshake(slot, 3);
            times.connects++;
            times.connectMs += 3;
          } else if (kind === "own") {
            reader.countOwn("requests");
            own[thread] = (own[thread] ?? 0) + 1;
            wanted.own++;
          } else if ((kind === "ownEnd" || kind === "ownFail") && (own[thread] ?? 0) > 0) {
            const end = kind === "ownEnd" ? "answered" : "TIMEOUT";
            reader.countOwn(end);
            own[thread] = (own[thread] ?? 0) - 1;
            wanted[end]++;
          } else if (kind === "look") totals.gather();
          else if (kind === "die") {
            totals.fold(thread);
            wanted.failures += here.reduce((sum, count) => sum + count, 0);
            here.fill(0);
            wanted.THREAD += own[thread] ?? 0;
            own[thread] = 0;
          }
        }
        const nodes = [0, 1, 2].map((slot) => totals.ofNode(slot));
        const sum = (count: "requests" | "answers" | "failures" | "inFlight" | "connects" | "connectMs") =>
          nodes.reduce((total, node) => total + node[count], 0);
        const { requests, answered, failed, retries, errors, waits, waitedMs, writeWaits, reroutes } = totals.ofThreads;
        const counted = { waits, waitedMs, writeWaits, reroutes };
        assert.deepEqual({ ...counted, connects: sum("connects"), connectMs: sum("connectMs") }, times);
        const { TIMEOUT, THREAD } = wanted;
        assert.deepEqual(
          [sum("requests"), sum("answers"), sum("failures"), retries, requests, answered, failed],
          [
            ...[wanted.requests, wanted.answers, wanted.failures, wanted.retries, wanted.own, wanted.answered],
            TIMEOUT + THREAD,
          ],
        );
        assert.deepEqual(errors, { ...(TIMEOUT > 0 && { TIMEOUT }), ...(THREAD > 0 && { THREAD }) });
        assert.equal(
          sum("inFlight"),
          inFlight.flat().reduce((total, count) => total + count, 0),
        );
        assert.equal(sum("inFlight"), totals.inFlight);
      }),
    );
  });

  it("a sum exceeds what a word holds", () => {
    const { totals, words } = openTotals();
    const word = counterRow(layout, 0, 1) + CounterWord.requests;
    for (let round = 0; round < 3; round++) {
      Atomics.store(words, word, 2 ** 31 - 1);
      totals.gather();
    }
    assert.equal(totals.ofNode(1).requests, 3 * (2 ** 31 - 1));
  });

  it("what is left of the retry budget is that of the threads together, without a dead one's", () => {
    const { totals, readers } = openTotals();
    for (const reader of readers) reader.show("retriesLeft", 40);
    assert.equal(totals.ofThreads.retriesLeft, 80);
    totals.fold(1);
    assert.equal(totals.ofThreads.retriesLeft, 40);
  });

  it("the counts of a slot start again when it gets another node", () => {
    const { totals, readers } = openTotals();
    readers[0].enter(1);
    readers[0].leave(1);
    totals.gather();
    readers[1].enter(1);
    readers[1].leave(1);
    totals.restart(1);
    assert.equal(totals.ofNode(1).requests, 0);
    readers[1].enter(1);
    assert.deepEqual([totals.ofNode(1).requests, totals.ofNode(1).inFlight], [1, 1]);
  });
});

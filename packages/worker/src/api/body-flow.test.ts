import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { RollcallError } from "@rollcall/core";
import type { AnswerReader } from "../dispatch/answer-stream.js";
import { openBody } from "./body-flow.js";
import type { Due } from "./deadlines.js";

/** A flow whose source and clock are in the test's hands. */
function open(signal?: AbortSignal) {
  const dues = new Set<Due>();
  const reads: number[] = [];
  const outcomes: string[] = [];
  let nowMs = 1_000;
  let reader: AnswerReader | undefined;
  let drops = 0;
  const body = openBody(
    {
      ...{
        status: 200,
        rawHeaders: "",
        node: "n:1",
        nodeUrl: "http://n:1",
        attempts: [{ node: "n:1", code: "200", ms: 1 }],
        windowBytes: 100,
      },
      source: {
        open: (given) => {
          reader = given;
        },
        read: (bytes) => reads.push(bytes),
        drop: () => drops++,
      },
    },
    {
      timeoutMs: 50,
      signal,
      deadlines: { add: (due) => dues.add(due), remove: (due) => dues.delete(due) },
      nowMs: () => nowMs,
      ids: {},
      ended: (outcome) => outcomes.push(outcome),
    },
    (run) => run(),
  );
  return {
    ...{ body, reads, outcomes },
    reader: reader ?? assert.fail("the source was not opened"),
    drops: () => drops,
    /** How long the node may still take; undefined: as long as it likes. */
    leftMs: () => [...dues].map(({ dueMs }) => dueMs - nowMs)[0],
    pass(ms: number) {
      nowMs += ms;
      for (const due of dues) if (due.dueMs <= nowMs) due.expire();
    },
  };
}

const bytes = (byteLength: number) => Buffer.alloc(byteLength, "x");
const lost = { code: "DISCONNECTED", message: "lost", sent: "maybe", attempts: [], receivedBytes: 30 } as const;

describe("a streamed answer and its reader", () => {
  it("a node has its time between two pieces, and as long as it likes while its answer waits for the reader", async () => {
    const { body, reader, reads, leftMs, pass } = open();
    assert.equal(leftMs(), 50);
    pass(40);
    reader.piece(bytes(60));
    assert.equal(leftMs(), 50, "each piece starts it anew");
    reader.piece(bytes(60));
    assert.equal(leftMs(), undefined, "the window is full");
    pass(10_000);
    for (let taken = 0; taken < 120; ) {
      const piece = body.read() as Buffer | null;
      if (piece === null) await once(body, "readable");
      else taken += piece.length;
    }
    assert.deepEqual([reads.reduce((sum, read) => sum + read, 0), leftMs()], [120, 50]);
    const failed = once(body, "error");
    pass(50);
    const [error] = (await failed) as [RollcallError];
    assert.deepEqual([error.code, error.sent, error.receivedBytes], ["TIMEOUT", "maybe", 120]);
    assert.equal(error.attempts.length, 1);
  });

  it("what has come is read before the error of a lost node, in pieces or as one", async () => {
    const { body, reader, outcomes } = open();
    reader.piece(bytes(10));
    reader.piece(bytes(20));
    reader.broken(lost);
    let read = 0;
    const error = await (async () => {
      for await (const piece of body) read += (piece as Buffer).length;
    })().catch((thrown: unknown) => thrown);
    assert.ok(error instanceof RollcallError);
    assert.deepEqual([read, error.code, error.receivedBytes, outcomes], [30, "DISCONNECTED", 30, ["DISCONNECTED"]]);
  });

  it("a body that is destroyed drops its source once, and a source that has ended is not dropped", () => {
    const left = open();
    left.reader.piece(bytes(10));
    left.body.destroy();
    left.body.destroy();
    assert.deepEqual([left.drops(), left.outcomes, left.leftMs()], [1, ["answered"], undefined]);
    const whole = open();
    whole.reader.end();
    whole.body.destroy();
    assert.deepEqual([whole.drops(), whole.outcomes], [0, ["answered"]]);
  });

  it("an error of a body that no code listens to has no effect, and a later reader gets it", async () => {
    const { body, reader } = open();
    reader.broken(lost);
    body.resume();
    await new Promise((closed) => body.once("close", closed));
    const error = await body.toArray().catch((thrown: unknown) => thrown);
    assert.equal((error as RollcallError).code, "DISCONNECTED");
  });

  it("a signal ends the body with its reason, also when the whole answer has come", async () => {
    for (const isWhole of [false, true]) {
      const abort = new AbortController();
      const { body, reader, drops } = open(abort.signal);
      reader.piece(bytes(10));
      if (isWhole) reader.end();
      abort.abort("enough");
      const [error] = (await once(body, "error")) as [RollcallError];
      assert.deepEqual(
        [error.code, error.cause, error.receivedBytes, drops()],
        ["ABORTED", "enough", 10, isWhole ? 0 : 1],
      );
    }
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { waitUntil } from "@rollcall/testing";
import { AnswerFlow, type PausedAnswer } from "./answer-flow.js";
import { type Behaviour, openRig, startRawServer } from "./dispatch-rig.test.support.js";

const maxBytes = 100_000;
const answerBytes = 600_000;
const count = 8;

/** Shows the most bytes that its answers have had together. */
class WatchedFlow extends AnswerFlow {
  readonly reading = new Set<PausedAnswer>();
  paused = 0;
  peakBytes = 0;

  constructor() {
    super(maxBytes);
  }

  override grew(answer: PausedAnswer, addedBytes: number): boolean {
    this.reading.add(answer);
    const bytes = [...this.reading].reduce((sum, { byteLength }) => sum + byteLength, 0);
    this.peakBytes = Math.max(this.peakBytes, bytes);
    const goesOn = super.grew(answer, addedBytes);
    if (!goesOn) this.paused++;
    return goesOn;
  }

  override ended(answer: PausedAnswer): void {
    this.reading.delete(answer);
    super.ended(answer);
  }
}

function openFlow(test: Parameters<typeof openRig>[0]) {
  const answers = new WatchedFlow();
  return { answers, rig: openRig(test, { answers, settings: { perNode: count, maxResponseBytes: answerBytes } }) };
}

const head = `HTTP/1.1 200 OK\r\ncontent-length: ${answerBytes}\r\n\r\n`;
const body = Buffer.alloc(answerBytes, "0123456789");

/** Answers with the whole body, but with all of it but its last byte where the path is `/endless`. */
const large: Behaviour = (socket, { path }) => {
  socket.write(head);
  socket.write(path === "/endless" ? body.subarray(1) : body);
};

describe("answer flow", () => {
  it("large answers that come at once wait for one another in their connections, and all are whole", async (test) => {
    const { answers, rig } = openFlow(test);
    rig.use((await startRawServer(test, large)).origin);
    const results = await Promise.all(Array.from({ length: count }, () => rig.request()));
    for (const result of results) assert.ok(result.kind === "answered" && body.equals(result.body as Buffer));
    assert.ok(answers.paused > 0);
    // Each has its first 64 KB, and a last chunk of as much, beside what is counted.
    assert.ok(answers.peakBytes <= maxBytes + answerBytes + count * 2 * 65_536, `${answers.peakBytes} bytes`);
  });

  it("a request whose answer waits is cancelled in time, and one that holds the others up lets them go", async (test) => {
    const { answers, rig } = openFlow(test);
    rig.use((await startRawServer(test, large)).origin);
    const first = rig.begin({ path: "/endless" });
    await waitUntil("it fills the memory", () => [...answers.reading][0]?.byteLength === answerBytes - 1);
    const [second, third] = [rig.begin(), rig.begin()];
    await waitUntil("the others wait", () => answers.paused === 2);
    second.pending.cancel("TIMEOUT", "late");
    const cancelled = await second.result;
    assert.ok(cancelled.kind === "failed" && cancelled.error.code === "TIMEOUT");
    first.pending.cancel("TIMEOUT", "late");
    const result = await third.result;
    assert.ok(result.kind === "answered" && body.equals(result.body as Buffer));
  });

  it("an answer that waited is no evidence that its node is slow", async (test) => {
    const { answers, rig } = openFlow(test);
    rig.use((await startRawServer(test, large)).origin);
    const learned: number[] = [];
    const { penalties } = rig.reader;
    test.mock.method(penalties, "answered", (slot: number) => void learned.push(slot));
    await Promise.all(Array.from({ length: count }, () => rig.request()));
    assert.ok(learned.length < count);
    assert.ok(answers.paused >= count - learned.length);
  });
});

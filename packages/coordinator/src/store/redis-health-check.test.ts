import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { collectingLogger, ManualTimers, settled } from "@rollcall/testing";
import { RedisHealthCheck } from "./redis-health-check.js";

describe("the health check of Redis", () => {
  const watched = () => {
    const timers = new ManualTimers();
    const lines = collectingLogger();
    let ask: () => Promise<unknown> | undefined = async () => "PONG";
    const watch = new RedisHealthCheck(() => ask(), timers, lines);
    const pass = async (ms: number) => {
      for (let passed = 0; passed < ms; passed += 2_000) {
        timers.advance(2_000);
        await settled();
      }
    };
    const says = (next: typeof ask) => {
      ask = next;
    };
    return { watch, lines, pass, says };
  };
  const silence = () => Promise.reject(new Error("Command timed out"));

  it("one missing reply is not logged", async () => {
    const { watch, lines, pass, says } = watched();
    await pass(10_000);
    says(silence);
    await pass(2_000);
    assert.equal(watch.isAnswering, false);
    says(async () => "PONG");
    await pass(2_000);
    assert.deepEqual([watch.isAnswering, lines.lines], [true, []]);
  });

  it("a reason that replaces another is logged again a minute after its last line, and one that stays is not", async () => {
    const { watch, lines, pass, says } = watched();
    says(() => undefined);
    const refuses = async (...words: string[]) => {
      for (const word of words) watch.lost(`it refuses the command (${word})`);
      await pass(30_000);
    };
    for (const words of [["A", "B", "A"], ["A"], ["A", "A"], ["B", "A"]]) await refuses(...words);
    assert.deepEqual(
      lines.messages("warn").map((line) => /\((.)\)/.exec(line)?.[1]),
      ["A", "B", "A", "B"],
    );
  });

  it("a Redis that stops answering, and its return, are logged once each", async () => {
    const { watch, lines, pass, says } = watched();
    says(silence);
    await pass(20_000);
    watch.lost("connection lost");
    assert.equal(watch.isAnswering, false);
    says(async () => "PONG");
    await pass(4_000);
    assert.deepEqual(lines.lines, [
      "warn Redis cannot be used: no answer in time; the last view stays in use",
      "info Redis is back",
    ]);
  });

  it("a lost connection is logged at once, and nothing is logged after close", async () => {
    const { watch, lines, pass, says } = watched();
    watch.lost("connection refused");
    says(() => undefined);
    await pass(4_000);
    assert.equal(watch.isAnswering, false, "no connection was there");
    watch.close();
    watch.answered();
    says(silence);
    await pass(20_000);
    assert.deepEqual(lines.lines, ["warn Redis cannot be used: connection refused; the last view stays in use"]);
  });

  it("a Redis that comes and goes is logged twice as lost, and as back once it has been there for 10 s", async () => {
    const { watch, lines, pass } = watched();
    for (let times = 0; times < 20; times++) {
      watch.lost("connection lost");
      watch.answered();
    }
    const lost = "warn Redis cannot be used: connection lost; the last view stays in use";
    assert.deepEqual(lines.lines, [lost, "info Redis is back", lost]);
    await pass(8_000);
    assert.equal(lines.lines.length, 3);
    await pass(4_000);
    assert.deepEqual(lines.messages("info"), ["Redis is back", "Redis is back"]);
    watch.lost("connection lost");
    watch.answered();
    assert.deepEqual(lines.lines.slice(4), [lost, "info Redis is back"], "later it is logged as at first");
  });

  it("another reason while Redis is away is logged, and each reason once", () => {
    const { watch, lines } = watched();
    const wrong = "it refuses the user or the password (WRONGPASS)";
    const full = "it accepts no more clients (maxclients)";
    for (const problem of ["connection lost", "connection refused", wrong, full, wrong, "connection lost"])
      watch.lost(problem);
    watch.answered();
    watch.lost(wrong);
    watch.close();
    const line = (problem: string) => `warn Redis cannot be used: ${problem}; the last view stays in use`;
    assert.deepEqual(lines.lines, [...["connection lost", wrong, full].map(line), "info Redis is back", line(wrong)]);
  });
});

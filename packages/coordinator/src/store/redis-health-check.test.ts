import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { collectingLogger, ManualTimers, settled } from "@rollcall/testing";
import { RedisHealthCheck } from "./redis-health-check.js";

describe("the watch over Redis", () => {
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

  it("says nothing while there are answers, nor for one that is late", async () => {
    const { watch, lines, pass, says } = watched();
    await pass(10_000);
    says(silence);
    await pass(2_000);
    assert.equal(watch.isAnswering, false);
    says(async () => "PONG");
    await pass(2_000);
    assert.deepEqual([watch.isAnswering, lines.lines], [true, []]);
  });

  it("says once that there are none, and once that there are again", async () => {
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

  it("says at once that a connection is lost, and nothing any more when it is closed", async () => {
    const { watch, lines, pass, says } = watched();
    watch.lost("connection refused");
    says(() => undefined);
    await pass(4_000);
    assert.equal(watch.isAnswering, false, "nobody was there to ask");
    watch.close();
    watch.answered();
    says(silence);
    await pass(20_000);
    assert.deepEqual(lines.lines, ["warn Redis cannot be used: connection refused; the last view stays in use"]);
  });
});

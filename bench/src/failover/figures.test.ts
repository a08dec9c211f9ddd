import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Call, NodeChange } from "./client.js";
import { figuresOf, type Run } from "./figures.js";

const faulty = 3;

/** A call that ended so many seconds after the first healthy one, at node 1 unless said otherwise. */
const call = (second: number, some: Partial<Call> = {}): Call => ({
  endedAtMs: second * 1_000,
  tookMs: 10,
  port: 1,
  ...some,
});

/** Ten calls a second, all nodes in turn, except in the seconds that `instead` replaces. */
function calls(seconds: number, instead: (second: number) => readonly Call[] | undefined = () => undefined): Call[] {
  return Array.from({ length: seconds }, (_, second) => {
    return instead(second) ?? Array.from({ length: 10 }, (_, at) => call(second + at / 10, { port: (at % 3) + 1 }));
  }).flat();
}

/** Healthy for 5 s, hurt from 5 to 10, back at 11, ended at 30. */
const run = (some: Partial<Run> = {}): Run => ({
  calls: calls(30),
  healthyFromMs: 0,
  endedAtMs: 30_000,
  nodes: 3,
  intervals: [{ port: faulty, faultAtMs: 5_000, endsAtMs: 10_000, backAtMs: 11_000 }],
  noticeMs: 2_000,
  cpuMs: 0,
  ...some,
});

describe("figuresOf", () => {
  it("counts requests and errors from the first healthy second, by kind", () => {
    const early = call(-1, { error: "too early" });
    const failed = [call(6, { error: "TIMEOUT" }), call(20, { error: "RESET" }), call(21, { error: "TIMEOUT" })];
    const { requests, errors } = figuresOf(run({ calls: [early, ...calls(30), ...failed] }), "outage");
    assert.equal(requests, 303);
    assert.deepEqual(
      [...errors],
      [
        ["TIMEOUT", 2],
        ["RESET", 1],
      ],
    );
  });

  it("takes the worst whole second of the fault, over the healthy mean", () => {
    const worst = (second: number) => (second === 7 ? [call(7), call(7.1)] : undefined);
    assert.equal(figuresOf(run({ calls: calls(30, worst) }), "outage").worstSecond, 0.2);
    const afterwards = (second: number) => (second === 12 ? [] : undefined);
    assert.equal(figuresOf(run({ calls: calls(30, afterwards) }), "outage").worstSecond, 1);
  });

  it("takes the slowest of the calls that touch the fault, one that outlasts it too", () => {
    const outlasts = call(19, { tookMs: 9_500 });
    const later = call(29, { tookMs: 12_000 });
    assert.equal(figuresOf(run({ calls: [...calls(30), outlasts, later] }), "outage").slowestMs, 9_500);
  });

  it("ends trouble with the last call that failed or was slow, and has none without", () => {
    assert.equal(figuresOf(run(), "outage").troubleMs, 0);
    const trouble = [call(6, { error: "RESET" }), call(8, { tookMs: 1_500 }), call(9, { tookMs: 900 })];
    assert.equal(figuresOf(run({ calls: [...calls(30), ...trouble] }), "outage").troubleMs, 3_000);
  });

  it("finds when the last process was informed", () => {
    const change = (second: number, to: string, port = faulty): NodeChange => ({ atMs: second * 1_000, port, to });
    const informed = (...changes: NodeChange[][]) => figuresOf(run({ changes }), "outage").informedMs;
    assert.equal(informed([change(5.5, "ejected")], [change(5.2, "down"), change(12, "slow-start")]), 500);
    // No change; a change of another node; a change after the node was back.
    assert.equal(informed([change(5.5, "down")], []), Number.POSITIVE_INFINITY);
    assert.equal(informed([change(5.5, "down", 1)]), Number.POSITIVE_INFINITY);
    assert.equal(informed([change(11.5, "down")]), Number.POSITIVE_INFINITY);
    // The process avoided the node before the fault.
    assert.equal(informed([change(3, "down")]), 0);
    assert.equal(informed([change(3, "down"), change(4, "healthy"), change(7, "down")]), 2_000);
    assert.equal(figuresOf(run(), "outage").informedMs, undefined);
  });

  it("sees the first use in a call that began after the return, and a full share that lasts", () => {
    const away = (second: number) => {
      if (second < 5 || second >= 16) return undefined;
      if (second === 13) return [call(second), call(second + 0.2, { port: faulty })];
      return [call(second), call(second + 0.5)];
    };
    const waited = call(11.4, { port: faulty, tookMs: 5_000 });
    const figures = figuresOf(run({ calls: [...calls(30, away), waited] }), "outage");
    assert.equal(figures.firstUseMs, 2_200);
    // Two seconds, mostly from 16 on; windows begin every half second after the return.
    assert.ok(figures.fullShareMs > 3_000 && figures.fullShareMs <= 5_000, `${figures.fullShareMs}`);
    const never = figuresOf(run({ calls: calls(30, (second) => (second < 5 ? undefined : [call(second)])) }), "outage");
    assert.deepEqual([never.firstUseMs, never.fullShareMs], [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
  });

  it("compares the percentile of the gray time, after the time to notice, with the healthy one", () => {
    const slow = (second: number) => {
      if (second === 5) return [call(5.5, { tookMs: 400 })];
      if (second >= 8 && second < 10) return [call(second, { tookMs: 30 })];
      return undefined;
    };
    const { healthyP99Ms, grayP99Ms } = figuresOf(run({ calls: calls(30, slow) }), "gray");
    assert.equal(healthyP99Ms, 10);
    assert.ok(Math.abs(grayP99Ms - 30) < 1, `${grayP99Ms}`);

    // All callers hang from before that time to after the end.
    const hung = Array.from({ length: 10 }, () => call(16, { tookMs: 10_000, error: "TIMEOUT" }));
    const hangs = (second: number) => (second >= 5 && second < 16 ? [] : undefined);
    assert.equal(figuresOf(run({ calls: [...calls(30, hangs), ...hung] }), "gray").grayP99Ms, 10_000);
  });

  it("counts answers by whole seconds, failed calls not among them", () => {
    const { perSecond } = figuresOf(run({ calls: [...calls(30), call(0.5, { error: "RESET" })] }), "outage");
    assert.deepEqual(perSecond, Array(30).fill(10));
  });

  it("divides the processor time by all calls, and counts those of more than a second", () => {
    const long = call(20, { tookMs: 1_001 });
    const { cpuMsPerCall, slowCalls } = figuresOf(run({ calls: [...calls(30).slice(1), long], cpuMs: 60 }), "outage");
    assert.equal(cpuMsPerCall, 0.2);
    assert.equal(slowCalls, 1);
  });
});

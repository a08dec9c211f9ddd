import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { beatMs, newLoopLag, nextLoopLag, waitingSinceMs } from "./loop-lag.js";
import {
  type NodeTraffic,
  newStallDetector,
  nextStallDetector,
  type StallDetector,
  suspectedSinceMs,
} from "./stall-detector.js";

const never = Number.NEGATIVE_INFINITY;
const waits = (oldestMs: number, heardMs = never): NodeTraffic => ({
  oldestMs,
  newestMs: oldestMs,
  heardMs,
  handshakeMs: undefined,
});

describe("silence", () => {
  it("says since when a node is suspected", () => {
    const [waiting] = nextStallDetector(newStallDetector, { type: "tick" }, waits(0), 50);
    const [probing, effects] = nextStallDetector(waiting, { type: "tick" }, waits(0), 250);
    assert.deepEqual(effects, [{ type: "probe", probe: 1, timeoutMs: 500 }]);
    const [silent] = nextStallDetector(
      probing,
      { type: "probed", probe: 1, outcome: "unanswered", reason: "" },
      waits(0),
      750,
    );
    const [back] = nextStallDetector(silent, { type: "tick" }, waits(0, 800), 850);
    assert.deepEqual([waiting, probing, silent, back].map(suspectedSinceMs), [undefined, 250, 250, undefined]);
  });

  it("never asks about a node that has sent a byte within 250 ms, and finds nobody silent without asking", () => {
    const step = fc.record({
      afterMs: fc.nat(600),
      oldestAgoMs: fc.option(fc.nat(9_000), { nil: undefined }),
      byte: fc.boolean(),
      outcome: fc.constantFrom("none", "answered", "void", "unanswered"),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let nowMs = 0;
        let heardMs = never;
        let silence: StallDetector = newStallDetector;
        const open = new Set<number>();
        for (const { afterMs, oldestAgoMs, byte, outcome } of steps) {
          nowMs += afterMs;
          if (byte) heardMs = nowMs;
          const oldestMs = oldestAgoMs === undefined ? undefined : nowMs - oldestAgoMs;
          const traffic = { oldestMs, newestMs: oldestMs, heardMs, handshakeMs: undefined };
          const probe = silence.probes;
          const event =
            outcome === "none"
              ? ({ type: "tick" } as const)
              : outcome === "unanswered"
                ? ({ type: "probed", probe, outcome, reason: "" } as const)
                : ({ type: "probed", probe, outcome } as const);
          const [next, effects] = nextStallDetector(silence, event, traffic, nowMs);
          for (const effect of effects) {
            assert.ok(nowMs - heardMs >= 250 || silence.state === "probing");
            if (effect.type === "probe") open.add(effect.probe);
            else assert.ok(outcome === "unanswered" && open.has(probe) && nowMs > heardMs);
          }
          if (outcome !== "none") open.delete(probe);
          assert.equal(next.state === "silent", suspectedSinceMs(next) !== undefined && next.state !== "probing");
          silence = next;
        }
      }),
    );
  });

  it("finds a node that freezes within a second of the next request, whatever was before", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 100, max: 5_000 }), { maxLength: 8 }), (pauses) => {
        // A slow query alone, whose node answers probes; then the node freezes, and another request is sent.
        let silence: StallDetector = newStallDetector;
        let nowMs = 0;
        let newestMs = 0;
        let frozenAtMs = Number.POSITIVE_INFINITY;
        let silentAtMs: number | undefined;
        const answers: { readonly atMs: number; readonly probe: number; readonly answered: boolean }[] = [];
        const run = (untilMs: number) => {
          for (; nowMs < untilMs; nowMs += beatMs) {
            const traffic = { oldestMs: 0, newestMs, heardMs: never, handshakeMs: undefined };
            const due = answers.findIndex(({ atMs }) => atMs <= nowMs);
            const [answer] = due === -1 ? [] : answers.splice(due, 1);
            const [next, effects] = nextStallDetector(
              silence,
              answer === undefined
                ? { type: "tick" }
                : answer.answered
                  ? { type: "probed", probe: answer.probe, outcome: "answered" }
                  : { type: "probed", probe: answer.probe, outcome: "unanswered", reason: "" },
              traffic,
              nowMs,
            );
            silence = next;
            for (const effect of effects) {
              if (effect.type === "silent") silentAtMs ??= nowMs;
              else if (nowMs < frozenAtMs) answers.push({ atMs: nowMs + 10, probe: effect.probe, answered: true });
              else answers.push({ atMs: nowMs + effect.timeoutMs, probe: effect.probe, answered: false });
            }
          }
        };
        for (const pauseMs of pauses) run(nowMs + pauseMs);
        frozenAtMs = nowMs;
        run(nowMs + 100);
        newestMs = nowMs;
        run(nowMs + 1_000);
        assert.ok(silentAtMs !== undefined && silentAtMs - newestMs <= 950, `silent at ${silentAtMs}`);
      }),
    );
  });

  it("asks nothing about a node that answers in time, however this process stalls", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 3_000 }), { maxLength: 60 }), (gaps) => {
        let nowMs = 0;
        let watch = newLoopLag(nowMs);
        let silence: StallDetector = newStallDetector;
        // One request after the other; its answer is there after 100 ms, and is read when the process runs, after its timers.
        let sentMs = 0;
        let heardMs = never;
        for (const gapMs of gaps) {
          nowMs += gapMs > 400 ? gapMs : beatMs;
          watch = nextLoopLag(watch, nowMs);
          const sinceMs = waitingSinceMs(watch, sentMs, nowMs);
          const traffic = { oldestMs: sinceMs, newestMs: sinceMs, heardMs, handshakeMs: undefined };
          const [next, effects] = nextStallDetector(silence, { type: "tick" }, traffic, nowMs);
          silence = next;
          assert.deepEqual(effects, []);
          if (nowMs - sentMs >= 100) {
            heardMs = nowMs;
            sentMs = nowMs;
          }
        }
      }),
    );
  });
});

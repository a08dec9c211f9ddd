import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { seededRandom } from "@rollcall/testing";
import fc from "fast-check";
import { markKinds } from "../view/view.js";
import { beatMs, newLoopLag, nextLoopLag, waitingSinceMs } from "./loop-lag.js";
import { type LocalNodeEvent, nextNode, nodeDueMs } from "./next-node.js";
import { isKeptOff, isSuspected, type LocalNode, newNode, slowStartOf, standingOf } from "./node.js";
import type { LocalProbe, NodeEffect, ProbeResult } from "./node-probe.js";
import { type NodeTraffic, noTraffic } from "./stall-detector.js";

const reached: ProbeResult = { kind: "reached" };
const unreachable: ProbeResult = { kind: "unreachable", reason: "no answer" };
const trial: LocalProbe = { purpose: "trial" };
const well: LocalNodeEvent = { type: "marked", mark: undefined, isFresh: true, isListed: true, isVouched: true };

const resultKinds = fc.constantFrom(
  reached,
  unreachable,
  { kind: "foreign", reason: "" } as const,
  { kind: "void", reason: "" } as const,
);
const marks = fc.record({
  kind: fc.constantFrom(...markKinds),
  sinceMs: fc.nat(3),
  reason: fc.constant("seen by others"),
  down: fc.record({ flaps: fc.constant(1), holdUntilMs: fc.nat(9), failedProbes: fc.nat(1), reporters: fc.nat(1) }),
}) as fc.Arbitrary<NonNullable<Extract<LocalNodeEvent, { type: "marked" }>["mark"]>>;
const events: fc.Arbitrary<LocalNodeEvent> = fc.oneof(
  fc.record({ type: fc.constant("failed"), startedAtMs: fc.nat(200), answers: fc.nat(2), reason: fc.string() }),
  fc.constant({ type: "traffic" }),
  fc.constant({ type: "tick" }),
  fc.constant({ type: "signWanted" }),
  fc.record({
    type: fc.constant("probed"),
    probe: fc.oneof(
      fc.record({ purpose: fc.constantFrom("verify", "trial", "sign") }),
      fc.record({ purpose: fc.constant("stall"), number: fc.nat(4), timeoutMs: fc.constant(500) }),
    ),
    result: resultKinds,
  }),
  fc.record({
    type: fc.constant("marked"),
    mark: fc.option(marks, { nil: undefined }),
    isFresh: fc.boolean(),
    isListed: fc.boolean(),
  }),
) as fc.Arbitrary<LocalNodeEvent>;

/** Some events, some time before each, and what the node sends meanwhile. */
const histories = fc.array(
  fc.record({
    waitMs: fc.nat(2_000),
    event: events,
    hasByte: fc.boolean(),
    oldestAgoMs: fc.option(fc.nat(9_000), { nil: undefined }),
  }),
  { maxLength: 40 },
);

interface Moment {
  readonly before: LocalNode;
  readonly event: LocalNodeEvent;
  readonly after: LocalNode;
  readonly effects: readonly NodeEffect[];
  readonly traffic: NodeTraffic;
  readonly nowMs: number;
}

/** Lets a history happen, and gives back the last moment. */
function relive(
  history: readonly { waitMs: number; event: LocalNodeEvent; hasByte: boolean; oldestAgoMs: number | undefined }[],
  random: () => number,
  check: (moment: Moment) => void,
) {
  let nowMs = 0;
  let lastByteMs = Number.NEGATIVE_INFINITY;
  let node = newNode(nowMs);
  for (const { waitMs, event, hasByte, oldestAgoMs } of history) {
    nowMs += waitMs;
    if (hasByte) lastByteMs = nowMs;
    const oldestMs = oldestAgoMs === undefined ? undefined : nowMs - oldestAgoMs;
    const traffic = { ...noTraffic, oldestMs, newestMs: oldestMs, lastByteMs };
    const [after, effects] = nextNode(node, event, traffic, nowMs, random);
    check({ before: node, event, after, effects, traffic, nowMs });
    node = after;
  }
  return { node, nowMs };
}

describe("the reducer of one node", () => {
  it("a tick leaves no deadline due", () => {
    fc.assert(
      fc.property(histories, fc.nat(), (history, seed) => {
        relive(history, seededRandom(seed), ({ event, after, nowMs }) => {
          if (event.type === "tick") assert.ok((nodeDueMs(after) ?? Number.POSITIVE_INFINITY) > nowMs);
        });
      }),
    );
  });

  it("shows every change of a node's standing, and reports only a node that it keeps requests off", () => {
    fc.assert(
      fc.property(histories, fc.nat(), (history, seed) => {
        relive(history, seededRandom(seed), ({ before, after, effects }) => {
          const isChanged = standingOf(before, 0).state !== standingOf(after, 0).state;
          if (isChanged) assert.equal(effects[0]?.type, "changed");
          if (effects.some(({ type }) => type === "report"))
            assert.equal(standingOf(after, 0).state !== "healthy", true);
        });
      }),
    );
  });

  it("a node that answers its trials gets its requests back, with a slow start after an ejection", () => {
    fc.assert(
      fc.property(histories, fc.nat(), (history, seed) => {
        const random = seededRandom(seed);
        let { node, nowMs } = relive(history, random, () => {});
        [node] = nextNode(node, well, noTraffic, nowMs, random);
        const wasEjected = isKeptOff(node);
        // Two ticks at most: the end of a trial without a result, and the end of the ejection.
        for (let ticks = 0; ticks < 3 && node.breaker.state === "open"; ticks++) {
          nowMs = nodeDueMs(node) ?? nowMs;
          [node] = nextNode(node, { type: "tick" }, noTraffic, nowMs, random);
        }
        [node] = nextNode(node, { type: "probed", probe: trial, result: reached }, noTraffic, nowMs, random);
        assert.equal(standingOf(node, 0).state, "healthy");
        if (wasEjected) assert.equal(slowStartOf(node, 0)?.fromMs, nowMs);
      }),
    );
  });

  it("a node that has sent a byte within 250 ms is not probed for a stall, and none is found without a probe", () => {
    fc.assert(
      fc.property(histories, fc.nat(), (history, seed) => {
        relive(history, seededRandom(seed), ({ before, event, after, effects, traffic, nowMs }) => {
          const isProbed = effects.some(({ type, ...effect }) => {
            return type === "probe" && (effect as { probe: LocalProbe }).probe.purpose === "stall";
          });
          if (isProbed) assert.ok(nowMs - traffic.lastByteMs >= 250 || isSuspected(before));
          if (after.stall.state !== "stalled" || before.stall.state === "stalled") return;
          assert.ok(event.type === "probed" && event.probe.purpose === "stall" && event.result.kind === "unreachable");
          assert.ok(before.stall.state === "probing" && traffic.lastByteMs < before.stall.suspectedAtMs);
        });
      }),
    );
  });

  it("a node that freezes is found within a second of the next request, whatever was before", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 100, max: 5_000 }), { maxLength: 8 }), (pauses) => {
        // A slow query alone, whose node answers probes; then the node freezes, and another request is sent.
        let node = newNode(0);
        let nowMs = 0;
        let newestMs = 0;
        let frozenAtMs = Number.POSITIVE_INFINITY;
        let stalledAtMs: number | undefined;
        const answers: { readonly atMs: number; readonly event: LocalNodeEvent }[] = [];
        const run = (untilMs: number) => {
          for (; nowMs < untilMs; nowMs += beatMs) {
            const due = answers.findIndex(({ atMs }) => atMs <= nowMs);
            const event = due === -1 ? undefined : answers.splice(due, 1)[0]?.event;
            const traffic = { ...noTraffic, oldestMs: 0, newestMs };
            const [next, effects] = nextNode(node, event ?? { type: "traffic" }, traffic, nowMs, Math.random);
            node = next;
            if (node.stall.state === "stalled") stalledAtMs ??= nowMs;
            for (const effect of effects) {
              if (effect.type !== "probe" || effect.probe.purpose !== "stall") continue;
              const { probe } = effect;
              const isFrozen = nowMs >= frozenAtMs;
              const atMs = nowMs + (isFrozen ? probe.timeoutMs : 10);
              answers.push({ atMs, event: { type: "probed", probe, result: isFrozen ? unreachable : reached } });
            }
          }
        };
        for (const pauseMs of pauses) run(nowMs + pauseMs);
        frozenAtMs = nowMs;
        run(nowMs + 100);
        newestMs = nowMs;
        run(nowMs + 1_000);
        assert.ok(stalledAtMs !== undefined && stalledAtMs - newestMs <= 950, `stalled at ${stalledAtMs}`);
      }),
    );
  });

  it("a node that answers in time is not probed, however this process stalls", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 3_000 }), { maxLength: 60 }), (gaps) => {
        let nowMs = 0;
        let lag = newLoopLag(nowMs);
        let node = newNode(nowMs);
        // One request after the other; its answer comes after 100 ms, and is read when the process runs, after its
        // timers.
        let sentMs = 0;
        let lastByteMs = Number.NEGATIVE_INFINITY;
        for (const gapMs of gaps) {
          nowMs += gapMs > 400 ? gapMs : beatMs;
          lag = nextLoopLag(lag, nowMs);
          const sinceMs = waitingSinceMs(lag, sentMs, nowMs);
          const traffic = { ...noTraffic, oldestMs: sinceMs, newestMs: sinceMs, lastByteMs };
          const [next, effects] = nextNode(node, { type: "traffic" }, traffic, nowMs, Math.random);
          node = next;
          assert.ok(effects.every(({ type }) => type === "changed"));
          if (nowMs - sentMs >= 100) lastByteMs = sentMs = nowMs;
        }
      }),
    );
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { seededRandom } from "@rollcall/testing";
import fc from "fast-check";
import { emptyRerouteWindow, nextReroutes, type RerouteTarget, type StuckAttempt } from "./reroute.js";

const nowMs = 10_000;
const suspectedAtMs = 9_500;
const stuck: StuckAttempt = { slot: 0, startedAtMs: 9_000, suspectedAtMs, reroutable: true, rerouted: false };
const alive: RerouteTarget = { slot: 1, inFlight: 8, lastByteAtMs: 9_600 };
const mute: RerouteTarget = { slot: 2, inFlight: 8, lastByteAtMs: 9_400 };
const random = seededRandom(1);

function reroutesOf(attempts: readonly StuckAttempt[], targets: readonly RerouteTarget[]) {
  return nextReroutes(emptyRerouteWindow, attempts, targets, nowMs, random);
}

const many = (count: number, startedAtMs = 9_000) => Array.from({ length: count }, () => ({ ...stuck, startedAtMs }));

describe("rerouting", () => {
  it("a Read at a stalled node is rerouted to nodes that have given a sign of life since", () => {
    const { reroutes, probe } = reroutesOf([stuck], [alive, mute]);
    assert.deepEqual(reroutes, [{ attempt: stuck, targets: [1] }]);
    assert.deepEqual(probe, []);
  });

  it("what is not reroutable, or was rerouted before, stays", () => {
    const others = [
      { ...stuck, reroutable: false },
      { ...stuck, rerouted: true },
    ];
    assert.deepEqual(reroutesOf(others, [alive]), { window: emptyRerouteWindow, reroutes: [], probe: [] });
  });

  it("nothing is rerouted if there is no target", () => {
    assert.deepEqual(reroutesOf(many(9), []), { window: emptyRerouteWindow, reroutes: [], probe: [] });
  });

  it("nothing is rerouted to nodes that are silent since the suspicion began; they are to be probed", () => {
    const { reroutes, probe } = reroutesOf(many(9), [mute, { ...mute, slot: 3, lastByteAtMs: suspectedAtMs }]);
    assert.deepEqual(reroutes, []);
    assert.deepEqual(probe.toSorted(), [2, 3]);
  });

  it("the sign of life must be later than the suspicion of the very node", () => {
    const earlier = { ...stuck, slot: 4, suspectedAtMs: 9_300 };
    const { reroutes, probe } = reroutesOf([stuck, earlier], [mute]);
    assert.deepEqual(reroutes, [{ attempt: earlier, targets: [2] }]);
    assert.deepEqual(probe, [2]);
  });

  it("of many nodes at most three are to be probed", () => {
    const targets = Array.from({ length: 40 }, (_, slot) => ({ ...mute, slot }));
    const { probe } = reroutesOf([stuck], targets);
    assert.equal(new Set(probe).size, 3);
  });

  it("the oldest are rerouted first, half as many as the targets have in flight", () => {
    const attempts = [9_003, 9_001, 9_005, 9_002, 9_004, 9_006].map((startedAtMs) => ({ ...stuck, startedAtMs }));
    const { reroutes } = reroutesOf(attempts, [
      { ...alive, inFlight: 5 },
      { ...alive, slot: 3, inFlight: 3 },
    ]);
    assert.deepEqual(
      reroutes.map(({ attempt }) => attempt.startedAtMs),
      [9_001, 9_002, 9_003, 9_004],
    );
  });

  it("one is rerouted for each idle target", () => {
    assert.equal(
      reroutesOf(many(9), [
        { ...alive, inFlight: 0 },
        { ...alive, slot: 3, inFlight: 0 },
      ]).reroutes.length,
      2,
    );
  });

  it("the next window begins after 100 ms", () => {
    const first = reroutesOf(many(20), [alive]);
    assert.equal(first.reroutes.length, 4);
    const soon = nextReroutes(first.window, many(16), [{ ...alive, inFlight: 12 }], nowMs + 99, random);
    assert.equal(soon.reroutes.length, 2);
    const same = nextReroutes(soon.window, many(14), [{ ...alive, inFlight: 12 }], nowMs + 99, random);
    assert.equal(same.reroutes.length, 0);
    const later = nextReroutes(same.window, many(14), [{ ...alive, inFlight: 14 }], nowMs + 100, random);
    assert.equal(later.reroutes.length, 7);
  });

  it("a frozen node is emptied within the bound, each request once, whatever happens meanwhile", () => {
    const target = fc.record({
      slot: fc.integer({ min: 1, max: 5 }),
      inFlight: fc.nat(20),
      lastByteAtMs: fc.nat(20_000),
    });
    const targets = fc.uniqueArray(target, { maxLength: 5, selector: ({ slot }) => slot });
    const steps = fc.array(fc.record({ afterMs: fc.nat(150), targets }), { maxLength: 30 });
    fc.assert(
      fc.property(fc.nat(60), steps, fc.nat(), (count, steps, seed) => {
        let attempts: readonly StuckAttempt[] = Array.from({ length: count }, (_, at) => ({
          ...stuck,
          startedAtMs: 8_000 + at,
          reroutable: at % 5 !== 0,
        }));
        let window = emptyRerouteWindow;
        let timeMs = nowMs;
        const random = seededRandom(seed);
        const rerouted: { readonly atMs: number; readonly most: number }[] = [];
        for (const step of steps) {
          timeMs += step.afterMs;
          const result = nextReroutes(window, attempts, step.targets, timeMs, random);
          window = result.window;
          const load = step.targets.reduce((sum, { inFlight }) => sum + inFlight, 0);
          const most = Math.max(step.targets.length, Math.floor(load / 2));
          for (const move of result.reroutes) {
            assert.ok(move.attempt.reroutable);
            for (const slot of move.targets) {
              const target = step.targets.find((one) => one.slot === slot);
              assert.ok((target?.lastByteAtMs ?? 0) > suspectedAtMs);
            }
            rerouted.push({ atMs: timeMs, most });
          }
          // Of the attempts in flight in a window, none beyond what the last call allowed.
          const recent = rerouted.filter(({ atMs }) => atMs >= window.sinceMs).length;
          if (result.reroutes.length > 0) assert.ok(recent <= most);
          const gone = new Set(result.reroutes.map(({ attempt }) => attempt));
          attempts = attempts.filter((attempt) => !gone.has(attempt));
        }
        assert.ok(rerouted.length <= count);
      }),
    );
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { seededRandom } from "@rollcall/testing";
import fc from "fast-check";
import {
  type CircuitBreaker,
  type CircuitBreakerEvent,
  circuitBreakerDueMs,
  isEjected,
  newCircuitBreaker,
  nextCircuitBreaker,
  slowStartSinceMs,
} from "./circuit-breaker.js";

const random = () => 0.5;

function after(events: readonly (readonly [atMs: number, event: CircuitBreakerEvent])[]): CircuitBreaker {
  return events.reduce(
    (detector, [atMs, event]) => nextCircuitBreaker(detector, event, atMs, random)[0],
    newCircuitBreaker(0),
  );
}

const failedAt = (atMs: number) =>
  [atMs, { type: "failed", startedAtMs: atMs, answered: 0, reason: "refused" }] as const;
const ejectedAt3 = [failedAt(1), failedAt(2), failedAt(3)];
const backAt1000 = [...ejectedAt3, [753, { type: "tick" }], [1_000, { type: "trialled", ok: true }]] as const;

describe("a detector", () => {
  it("keeps requests away from the third failure until the trial is answered", () => {
    assert.equal(isEjected(after(ejectedAt3.slice(0, 2))), false);
    assert.equal(isEjected(after(ejectedAt3)), true);
    assert.equal(isEjected(after([...ejectedAt3, [753, { type: "tick" }]])), true);
    assert.equal(isEjected(after(backAt1000)), false);
  });

  it("eases requests in after an ejection of its own, and neither a new slot nor one that the view gave back", () => {
    assert.equal(slowStartSinceMs(newCircuitBreaker(0)), undefined);
    assert.equal(slowStartSinceMs(after(backAt1000)), 1_000);
    const givenBack = after([
      [0, { type: "sharedDown" }],
      [1, { type: "sharedCleared" }],
    ]);
    assert.equal(slowStartSinceMs(givenBack), undefined);
  });

  it("always finds a way back to ok once the node answers its trials", () => {
    const event = fc.oneof(
      fc.record({ type: fc.constant("failed"), startedAtMs: fc.nat(200), answered: fc.nat(2), reason: fc.string() }),
      fc.constant({ type: "silent", reason: "no byte" }),
      fc.constant({ type: "tick" }),
      fc.constant({ type: "trialled", ok: true }),
      fc.constant({ type: "trialled", ok: false, reason: "refused" }),
      fc.constant({ type: "reached" }),
      fc.constant({ type: "sharedDown" }),
      fc.constant({ type: "sharedDoubtful", reason: "refused" }),
      fc.constant({ type: "sharedCleared" }),
    ) as fc.Arbitrary<CircuitBreakerEvent>;
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(2_000), event), { maxLength: 40 }), fc.nat(), (steps, seed) => {
        const jitter = seededRandom(seed);
        let nowMs = 0;
        let detector = newCircuitBreaker(nowMs);
        for (const [waitMs, event] of steps) {
          nowMs += waitMs;
          [detector] = nextCircuitBreaker(detector, event, nowMs, jitter);
          assert.ok((circuitBreakerDueMs(detector) ?? nowMs) >= nowMs || event.type !== "tick");
          assert.equal(circuitBreakerDueMs(detector) !== undefined, isEjected(detector));
        }
        [detector] = nextCircuitBreaker(detector, { type: "sharedCleared" }, nowMs, jitter);
        // Two ticks at most: the end of an ejection, and before it the end of a trial that nobody answered.
        for (let ticks = 0; ticks < 2 && detector.state !== "trial"; ticks++) {
          nowMs = circuitBreakerDueMs(detector) ?? nowMs;
          [detector] = nextCircuitBreaker(detector, { type: "tick" }, nowMs, jitter);
        }
        [detector] = nextCircuitBreaker(detector, { type: "trialled", ok: true }, nowMs, jitter);
        assert.equal(detector.state, "ok");
      }),
    );
  });
});

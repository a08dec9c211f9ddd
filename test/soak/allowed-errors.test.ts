import assert from "node:assert/strict";
import { it } from "node:test";
import { type FaultInterval, isAllowed } from "./allowed-errors.js";
import type { CallKind, FailedCall } from "./messages.js";

const frozen: FaultInterval = { fault: "a frozen node", beganMs: 10_000, endedMs: 18_000 };
const failed = (kind: CallKind, error: string, beganMs: number, endedMs: number): FailedCall => ({
  ...{ kind, error, beganMs, endedMs },
  message: "",
});

it("a write that may not be sent twice may time out while a node is frozen, and a search may not", () => {
  assert.equal(isAllowed(failed("once", "TIMEOUT", 12_000, 15_000), [frozen]), true);
  assert.equal(isAllowed(failed("read", "TIMEOUT", 12_000, 15_000), [frozen]), false);
  assert.equal(isAllowed(failed("once", "DISCONNECTED", 12_000, 15_000), [frozen]), false);
});

it("a fault explains errors of calls during it and just after it, and no others", () => {
  assert.equal(isAllowed(failed("once", "TIMEOUT", 6_000, 9_000), [frozen]), false);
  assert.equal(isAllowed(failed("once", "TIMEOUT", 9_000, 12_000), [frozen]), true);
  assert.equal(isAllowed(failed("once", "TIMEOUT", 22_000, 25_000), [frozen]), true);
  assert.equal(isAllowed(failed("once", "TIMEOUT", 24_000, 27_000), [frozen]), false);
  assert.equal(
    isAllowed(failed("once", "TIMEOUT", 90_000, 93_000), [{ fault: "a frozen node", beganMs: 10_000 }]),
    true,
  );
});

it("calls may be refused in an overload, and never because Redis or the coordinator is away", () => {
  const away = (["Redis killed", "Redis frozen", "the coordinator killed"] as const).map(
    (fault): FaultInterval => ({ fault, beganMs: 0 }),
  );
  const refused = failed("read", "QUEUE_FULL", 1_000, 1_001);
  assert.equal(isAllowed(refused, away), false);
  assert.equal(isAllowed(refused, [...away, { fault: "overload", beganMs: 0 }]), true);
});

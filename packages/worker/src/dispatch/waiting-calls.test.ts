import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { WaitingCalls } from "./waiting-calls.js";

interface Caller {
  readonly name: number;
  isWaiting: boolean;
}

const caller = (name: number): Caller => ({ name, isWaiting: true });

describe("waiting calls", () => {
  it("come out in the order in which they came in", () => {
    const waiting = new WaitingCalls<Caller>(10);
    for (const name of [1, 2, 3]) assert.ok(waiting.push(caller(name)));
    const order: number[] = [];
    for (let first = waiting.first(); first !== undefined; first = waiting.first()) {
      order.push(first.name);
      waiting.shift();
    }
    assert.deepEqual(order, [1, 2, 3]);
  });

  it("are refused beyond the bound, and taken again once somebody has left", () => {
    const waiting = new WaitingCalls<Caller>(2);
    const [first, second] = [caller(1), caller(2)];
    assert.ok(waiting.push(first));
    assert.ok(waiting.push(second));
    assert.equal(waiting.push(caller(3)), false);
    second.isWaiting = false;
    waiting.countLeft();
    assert.equal(waiting.length, 1);
    assert.ok(waiting.push(caller(3)));
  });

  it("behave as a plain list would, whatever comes, leaves and is served", () => {
    const steps = fc.array(fc.oneof({ weight: 3, arbitrary: fc.constant("push") }, fc.constant("serve"), fc.nat(500)), {
      maxLength: 2_000,
    });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300 }), steps, (max, script) => {
        const waiting = new WaitingCalls<Caller>(max);
        let list: Caller[] = [];
        let name = 0;
        for (const step of script) {
          if (step === "push") {
            const one = caller(name++);
            assert.equal(waiting.push(one), list.length < max);
            if (list.length < max) list.push(one);
          } else if (step === "serve") {
            assert.equal(waiting.first(), list[0]);
            if (list.length > 0) waiting.shift();
            list = list.slice(1);
          } else {
            const leaving = list[Number(step) % Math.max(1, list.length)];
            if (leaving === undefined) continue;
            leaving.isWaiting = false;
            waiting.countLeft();
            list = list.filter((one) => one !== leaving);
          }
          assert.equal(waiting.length, list.length);
        }
      }),
      { numRuns: 50 },
    );
  });
});

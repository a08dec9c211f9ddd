import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { RequestQueue } from "./request-queue.js";

interface Caller {
  readonly name: number;
  isQueued: boolean;
}

const caller = (name: number): Caller => ({ name, isQueued: true });

describe("request queue", () => {
  it("requests leave the queue in order of arrival", () => {
    const waiting = new RequestQueue<Caller>();
    for (const name of [1, 2, 3]) waiting.push(caller(name));
    const order: number[] = [];
    for (let first = waiting.first(); first !== undefined; first = waiting.first()) {
      order.push(first.name);
      waiting.shift();
    }
    assert.deepEqual(order, [1, 2, 3]);
  });

  it("a request that returns to the queue goes first", () => {
    const waiting = new RequestQueue<Caller>();
    const [first, second, third] = [caller(1), caller(2), caller(3)];
    waiting.push(first);
    waiting.push(second);
    waiting.shift();
    waiting.push(third);
    waiting.pushFirst(first);
    assert.deepEqual([waiting.length, waiting.first()], [3, first]);
    waiting.shift();
    assert.equal(waiting.first(), second);
  });

  it("the queue behaves as a plain list does, whatever arrives, leaves, is served and returns", () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.constant("push") },
      fc.constant("serve"),
      fc.constant("serve and come back"),
      fc.nat(500),
    );
    const steps = fc.array(step, { maxLength: 2_000 });
    fc.assert(
      fc.property(steps, (script) => {
        const waiting = new RequestQueue<Caller>();
        let list: Caller[] = [];
        let name = 0;
        for (const step of script) {
          if (step === "push") {
            const one = caller(name++);
            waiting.push(one);
            list.push(one);
          } else if (step === "serve and come back") {
            const first = waiting.first();
            assert.equal(first, list[0]);
            if (first === undefined) continue;
            waiting.shift();
            waiting.pushFirst(first);
          } else if (step === "serve") {
            assert.equal(waiting.first(), list[0]);
            if (list.length > 0) waiting.shift();
            list = list.slice(1);
          } else {
            const leaving = list[Number(step) % Math.max(1, list.length)];
            if (leaving === undefined) continue;
            leaving.isQueued = false;
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

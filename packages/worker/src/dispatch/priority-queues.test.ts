import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { PriorityQueues } from "./priority-queues.js";

interface Caller {
  readonly name: number;
  readonly rank: number;
  isQueued: boolean;
}

it("of requests that wait, the oldest of the highest priority goes first, whatever arrives, leaves and returns", () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ rank: fc.nat(2) }) },
    fc.constant("serve" as const),
    fc.constant("serve and come back" as const),
    fc.nat(500),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (script) => {
      const waiting = new PriorityQueues<Caller>();
      const lists: Caller[][] = [[], [], []];
      const all = () => lists.flat();
      for (const [name, one] of script.entries()) {
        if (typeof one === "object") {
          const caller = { name, rank: one.rank, isQueued: true };
          assert.equal(waiting.ahead(caller.rank), lists.slice(0, caller.rank + 1).flat().length);
          waiting.push(caller);
          lists[caller.rank]?.push(caller);
        } else if (typeof one === "number") {
          const leaving = all()[one % Math.max(1, all().length)];
          if (leaving === undefined) continue;
          leaving.isQueued = false;
          waiting.countLeft(leaving);
          lists[leaving.rank] = (lists[leaving.rank] ?? []).filter((other) => other !== leaving);
        } else {
          const first = waiting.first();
          assert.equal(first, all()[0]);
          if (first === undefined) continue;
          waiting.shift();
          if (one === "serve") lists[first.rank]?.shift();
          else waiting.pushFirst(first);
        }
        assert.equal(waiting.length, all().length);
      }
    }),
  );
});

import assert from "node:assert/strict";
import { it } from "node:test";
import { RollcallError } from "@rollcall/core";
import type { OperationRequest } from "@rollcall/core/view";
import { ManualTimers, settled } from "@rollcall/testing";
import { operate } from "./operate.js";
import { createMemoryStore } from "./store/memory-store.js";

const request = { id: "o1", by: "ops@host", reason: "", atMs: 0, kind: "resume" } as const;

function operating(fails: (time: number) => string | undefined = () => undefined) {
  const timers = new ManualTimers();
  const memory = createMemoryStore(timers);
  const sent: OperationRequest[] = [];
  memory.onOperation((one) => sent.push(one));
  let times = 0;
  const store = {
    ...memory,
    async sendOperation(one: OperationRequest) {
      const problem = fails(times++);
      if (problem !== undefined) throw new RollcallError("REDIS", problem);
      await memory.sendOperation(one);
    },
  };
  const outcome = operate(store, request, timers).then(
    (result) => result?.text ?? "no answer",
    (error: RollcallError) => error.message,
  );
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 100) {
      timers.advance(100);
      await settled();
    }
  };
  return { memory, sent, outcome, pass, times: () => times };
}

it("an operation is asked for again and again with the same id, until its result comes, and then no more", async () => {
  const { memory, sent, outcome, pass } = operating();
  await pass(1_200);
  assert.deepEqual(sent, [request, request, request]);
  memory.sendOperationResult({ id: "another", outcome: "done", text: "not ours" });
  memory.sendOperationResult({ id: "o1", outcome: "done", text: "ours" });
  assert.equal(await outcome, "ours");
  await pass(2_000);
  assert.equal(sent.length, 3);
});

it("without a leader there is no answer after 10 s", async () => {
  const { sent, outcome, pass } = operating();
  await pass(10_500);
  assert.equal(await outcome, "no answer");
  assert.equal(sent.length, 20);
});

it("a store that is away for 3 s from the beginning ends it, and a missing permission at once", async () => {
  const away = operating(() => "Redis: not connected");
  await away.pass(3_500);
  assert.equal(await away.outcome, "Redis: not connected");
  const denied = operating(() => "Redis: the Redis user lacks the permission to publish on x (NOPERM)");
  assert.match(await denied.outcome, /lacks the permission/);
  assert.equal(denied.times(), 1);
});

it("a store that goes away later is waited for", async () => {
  const { memory, outcome, pass } = operating((time) => (time > 0 && time < 12 ? "Redis: connection lost" : undefined));
  await pass(7_000);
  memory.sendOperationResult({ id: "o1", outcome: "done", text: "after all" });
  assert.equal(await outcome, "after all");
});

import assert from "node:assert/strict";
import { it } from "node:test";
import { RetryBudget } from "./retry-budget.js";
import { decideAfterThreadDeath, type InterruptedRequest } from "./thread-death.js";

const read: InterruptedRequest = { class: "read", maxRetries: 3, deadlineMs: 1_000, sentAttempts: 1, deaths: 1 };

const cases: readonly (readonly [string, Partial<InterruptedRequest>, "resend" | "no" | "maybe"])[] = [
  ["a Read that was sent goes to another thread", {}, "resend"],
  ["a Read that was sent is not sent again with `retry: false`", { maxRetries: 0 }, "maybe"],
  ["a Read that used its last retry is not sent again", { maxRetries: 3, sentAttempts: 4 }, "maybe"],
  ["a Read is not sent again at its deadline", { deadlineMs: 500 }, "maybe"],
  ["a Repeatable that was sent is not sent again", { class: "repeatable" }, "maybe"],
  ["a Never that was sent is not sent again", { class: "never" }, "maybe"],
  ["a Never that reached no socket goes to another thread", { class: "never", sentAttempts: 0 }, "resend"],
  ["a request that was in two threads that died goes to none", { sentAttempts: 0, deaths: 2 }, "no"],
];
for (const [what, part, expected] of cases) {
  it(`when its thread dies, ${what}`, () => {
    const decision = decideAfterThreadDeath({ ...read, ...part }, 500, new RetryBudget(0));
    assert.equal(decision.next === "resend" ? "resend" : decision.sent, expected);
  });
}

it("when its thread dies, a Read is not sent again once the retry budget is spent", () => {
  const budget = new RetryBudget(0, 0.05);
  const decisions = Array.from({ length: 6 }, () => decideAfterThreadDeath(read, 0, budget).next);
  assert.deepEqual(decisions, ["resend", "resend", "resend", "resend", "resend", "fail"]);
  assert.equal(decideAfterThreadDeath({ ...read, sentAttempts: 0 }, 0, budget).next, "resend", "unsent ones are free");
});

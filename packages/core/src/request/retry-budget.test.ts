import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { RetryBudget } from "./retry-budget.js";

describe("retry budget", () => {
  it("the budget starts full, with 100 retries", () => {
    assert.equal(spendAll(new RetryBudget(5_000), 5_000), 100);
  });

  it("what is left of the budget can be read without spending any", () => {
    const budget = new RetryBudget(0);
    spendAll(budget, 0);
    assert.deepEqual([budget.left(0), budget.left(1_000), spendAll(budget, 1_000)], [0, 10, 10]);
  });

  it("the budget earns ten retries a second without any request", () => {
    const budget = new RetryBudget(0);
    spendAll(budget, 0);
    assert.equal(spendAll(budget, 99), 0);
    assert.equal(spendAll(budget, 1_000), 10);
  });

  it("the budget earns one retry for every five requests", () => {
    const budget = new RetryBudget(0);
    spendAll(budget, 0);
    count(budget, 50, 0);
    assert.equal(spendAll(budget, 0), 10);
  });

  it("the budget holds no more than the income of the last ten seconds", () => {
    const budget = new RetryBudget(0);
    for (let second = 0; second < 60; second += 1) count(budget, 1_000, second * 1_000);
    assert.equal(spendAll(budget, 59_999), 100 + 0.2 * 10_000);
  });

  it("the capacity falls back to 100 when the requests cease", () => {
    const budget = new RetryBudget(0);
    for (let second = 0; second < 10; second += 1) count(budget, 1_000, second * 1_000);
    assert.equal(spendAll(budget, 19_000), 100);
  });

  it("the budget does not change while the clock stands still or goes back", () => {
    const budget = new RetryBudget(10_000);
    spendAll(budget, 10_000);
    assert.equal(spendAll(budget, 0), 0);
    assert.equal(spendAll(budget, 10_000), 0);
    assert.equal(spendAll(new RetryBudget(10_000), 0), 100);
  });

  it("the budget never gives more than a fifth of the requests, ten a second, and the hundred of the start", () => {
    const step = fc.record({ waitMs: fc.nat(15_000), requests: fc.nat(300), retries: fc.nat(300) });
    fc.assert(
      fc.property(fc.integer({ min: -1_000_000, max: 1_000_000 }), fc.array(step), (startMs, steps) => {
        const budget = new RetryBudget(startMs);
        let nowMs = startMs;
        let requests = 0;
        let spent = 0;
        for (const { waitMs, requests: more, retries } of steps) {
          nowMs += waitMs;
          count(budget, more, nowMs);
          requests += more;
          for (let i = 0; i < retries; i += 1) if (budget.trySpend(nowMs)) spent += 1;
          assert.ok(spent <= 100 + 0.2 * requests + (nowMs - startMs) / 100 + 1e-6);
        }
      }),
    );
  });

  it("the shares of two threads add up to the budget of one process", () => {
    const halves = [new RetryBudget(0, 1 / 2), new RetryBudget(0, 1 / 2)];
    const whole = new RetryBudget(0);
    for (const nowMs of [0, 1_000, 60_000]) {
      for (let request = 0; request < 10; request++) {
        whole.countRequest(nowMs);
        halves[request % 2]?.countRequest(nowMs);
      }
      assert.equal(
        halves.reduce((sum, half) => sum + spendAll(half, nowMs), 0),
        spendAll(whole, nowMs),
      );
    }
  });
});

function count(budget: RetryBudget, requests: number, nowMs: number): void {
  for (let i = 0; i < requests; i += 1) budget.countRequest(nowMs);
}

function spendAll(budget: RetryBudget, nowMs: number): number {
  let spent = 0;
  while (budget.trySpend(nowMs)) spent += 1;
  return spent;
}

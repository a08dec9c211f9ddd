import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { seededRandom } from "@rollcall/testing";
import fc from "fast-check";
import type { RequestClass } from "./classify.js";
import { mayHaveSent, type Outcome } from "./outcome.js";
import { RetryBudget } from "./retry-budget.js";
import { type Decision, decide, type FinishedAttempt, noHistory, type RetryableCall } from "./retry-policy.js";

const outcomes: Readonly<Record<string, Outcome>> = {
  refused: { kind: "not-connected", code: "CONNECT", errorCode: "ECONNREFUSED" },
  tls: { kind: "not-connected", code: "TLS", errorCode: "CERT_HAS_EXPIRED" },
  stale: { kind: "stale-socket", errorCode: "ECONNRESET" },
  reset: { kind: "lost", beforeFirstByte: true, errorCode: "ECONNRESET" },
  cut: { kind: "lost", beforeFirstByte: false, errorCode: "UND_ERR_SOCKET" },
  garbage: { kind: "bad-response", tooLarge: false, errorCode: "HPE_INVALID_CONSTANT" },
  "too-large": { kind: "bad-response", tooLarge: true, errorCode: "UND_ERR_RES_EXCEEDED_MAX_SIZE" },
  timeout: { kind: "cancelled", reason: "timeout", handedToSocket: true, errorCode: "UND_ERR_ABORTED" },
  abort: { kind: "cancelled", reason: "abort", handedToSocket: true, errorCode: "AbortError" },
  "abort-before-send": { kind: "cancelled", reason: "abort", handedToSocket: false, errorCode: "AbortError" },
  "bad-argument": { kind: "local", handedToSocket: false, errorCode: "UND_ERR_INVALID_ARG" },
};

describe("retry scenarios", () => {
  const file = new URL("../../src/request/testdata/retry-scenarios.txt", import.meta.url);
  let title = "";
  for (const paragraph of readFileSync(file, "utf8").split(/\n{2,}/)) {
    const lines = paragraph.split("\n").filter((line) => line !== "" && !line.startsWith("# "));
    if (lines[0]?.startsWith("## ")) title = lines.shift()?.slice(3) ?? title;
    const [settings, ...steps] = lines;
    if (settings === undefined) continue;
    it(`${title} (${settings}: ${steps.map((step) => step.replace(/ ->.*/, "")).join("; ")})`, () => {
      play(settings, steps);
    });
  }
});

/** Runs one scenario, checking what the policy answers to each attempt. */
function play(settings: string, steps: readonly string[]): void {
  const [requestClass, ...options] = settings.split(", ");
  const setting = (name: string, initial: number) => numberAfter(name, options) ?? initial;
  assert.ok(requestClass === "read" || requestClass === "repeatable" || requestClass === "never", settings);
  const call: RetryableCall = {
    class: requestClass,
    maxRetries: setting("max", 3),
    deadlineMs: setting("deadline", 30_000),
    noNodeWaitMs: setting("no-node-wait", 5_000),
  };
  const budget = new RetryBudget(0);
  if (options.includes("budget empty")) drain(budget);

  let nowMs = 0;
  let history = noHistory;
  for (const step of steps) {
    const [happening = "", expected = ""] = step.split(" -> ");
    const [outcome = "", ...facts] = happening.split(", ");
    const startedAtMs = nowMs;
    nowMs += numberAfter("takes", facts) ?? 0;
    const attempt = { outcome: outcomeOf(outcome), startedAtMs, untriedNodes: numberAfter("untried", facts) ?? 0 };
    const decision = decide(call, history, attempt, nowMs, budget, () => 0.5);
    assert.equal(describeDecision(decision), expected, `${settings}: ${step}`);
    if (decision.next !== "retry" && decision.next !== "move") {
      assert.equal(step, steps.at(-1), "the scenario goes on after its end");
      return;
    }
    history = decision.history;
    nowMs += decision.next === "retry" ? decision.afterMs : 0;
  }
  assert.fail("the scenario has no end");
}

function numberAfter(name: string, options: readonly string[]): number | undefined {
  const option = options.find((text) => text.startsWith(`${name} `));
  return option === undefined ? undefined : Number(option.slice(name.length + 1));
}

function outcomeOf(text: string): Outcome {
  const [, status, retryAfterMs] = /^status (\d+)(?: after (\d+))?$/.exec(text) ?? [];
  const outcome = status === undefined ? outcomes[text] : answered(Number(status), retryAfterMs);
  assert.ok(outcome, `unknown outcome: ${text}`);
  return outcome;
}

function answered(status: number, retryAfterMs: string | undefined): Outcome {
  return { kind: "answered", status, retryAfterMs: retryAfterMs === undefined ? undefined : Number(retryAfterMs) };
}

function describeDecision(decision: Decision): string {
  switch (decision.next) {
    case "return":
      return "return";
    case "retry":
      return `again in ${decision.afterMs}`;
    case "move":
      return "move";
    case "fail":
      return `fail ${decision.code} ${decision.sent}`;
  }
}

function drain(budget: RetryBudget): void {
  while (budget.trySpend(0));
}

describe("retry policy", () => {
  const anyOutcome = fc.oneof(
    fc.constantFrom(...Object.values(outcomes)),
    fc.record({
      kind: fc.constant("answered" as const),
      status: fc.constantFrom(200, 404, 429, 500, 502, 503, 504),
      retryAfterMs: fc.option(fc.nat(40_000), { nil: undefined }),
    }),
  );
  const anyAttempt = fc.record({ outcome: anyOutcome, takesMs: fc.nat(3_000), untriedNodes: fc.nat(3) });
  const anyCall = fc.record({
    class: fc.constantFrom<RequestClass>("read", "repeatable", "never"),
    maxRetries: fc.nat(5),
    deadlineMs: fc.integer({ min: 1, max: 60_000 }),
    noNodeWaitMs: fc.nat(10_000),
  });
  const anyLife = fc.record({
    call: anyCall,
    attempts: fc.array(anyAttempt, { minLength: 1, maxLength: 40 }),
    seed: fc.integer(),
    budgetEmpty: fc.boolean(),
  });

  interface Life {
    readonly call: RetryableCall;
    readonly attempts: readonly { outcome: Outcome; takesMs: number; untriedNodes: number }[];
    readonly seed: number;
    readonly budgetEmpty: boolean;
  }

  /** Every attempt made, with the decision that followed it. */
  function live({ call, attempts, seed, budgetEmpty }: Life) {
    const random = seededRandom(seed);
    const budget = new RetryBudget(0);
    if (budgetEmpty) drain(budget);
    const made: { attempt: FinishedAttempt; nowMs: number; decision: Decision }[] = [];
    let nowMs = 0;
    let history = noHistory;
    for (const { outcome, takesMs, untriedNodes } of attempts) {
      const attempt = { outcome, startedAtMs: nowMs, untriedNodes };
      nowMs += takesMs;
      const decision = decide(call, history, attempt, nowMs, budget, random);
      made.push({ attempt, nowMs, decision });
      if (decision.next !== "retry" && decision.next !== "move") break;
      history = decision.history;
      nowMs += decision.next === "retry" ? decision.afterMs : 0;
    }
    return made;
  }

  it("a Never is never handed to a socket twice", () => {
    fc.assert(
      fc.property(anyLife, (life) => {
        const handed = live({ ...life, call: { ...life.call, class: "never" } }).filter(({ attempt }) =>
          mayHaveSent(attempt.outcome),
        );
        assert.ok(handed.length <= 1);
      }),
    );
  });

  it("after bytes may have been sent there are at most `maxRetries` retries and a free one", () => {
    fc.assert(
      fc.property(anyLife, (life) => {
        const made = live(life).filter(({ attempt }) => mayHaveSent(attempt.outcome));
        const retries = made.filter(({ decision }) => decision.next === "retry" || decision.next === "move").length;
        const free = made.some(({ attempt }) => attempt.outcome.kind === "stale-socket") ? 1 : 0;
        assert.ok(retries <= life.call.maxRetries + free);
        if (life.call.maxRetries === 0) assert.equal(live(life).length, 1);
      }),
    );
  });

  it("no retry begins at or after the deadline", () => {
    fc.assert(
      fc.property(anyLife, (life) => {
        for (const { nowMs, decision } of live(life)) {
          if (decision.next === "move") assert.ok(nowMs < life.call.deadlineMs);
          if (decision.next !== "retry") continue;
          assert.ok(decision.afterMs >= 0);
          assert.ok(nowMs + decision.afterMs < life.call.deadlineMs);
        }
      }),
    );
  });

  it('sent is "no" exactly if no attempt was handed to a socket', () => {
    fc.assert(
      fc.property(anyLife, (life) => {
        const made = live(life);
        const last = made.at(-1)?.decision;
        if (last?.next !== "fail") return;
        assert.equal(
          last.sent === "maybe",
          made.some(({ attempt }) => mayHaveSent(attempt.outcome)),
        );
      }),
    );
  });

  it("only an answer is returned", () => {
    fc.assert(
      fc.property(anyLife, (life) => {
        for (const { attempt, decision } of live(life)) {
          if (decision.next === "return") assert.equal(attempt.outcome.kind, "answered");
          if (decision.next === "fail") assert.notEqual(attempt.outcome.kind, "answered");
        }
      }),
    );
  });

  it("each counted retry is paid from the budget, and no other", () => {
    const call: RetryableCall = { class: "read", maxRetries: 3, deadlineMs: 30_000, noNodeWaitMs: 5_000 };
    const cost = (outcome: Outcome | undefined, untriedNodes = 0, budget = new RetryBudget(0)) => {
      assert.ok(outcome);
      decide(call, noHistory, { outcome, startedAtMs: 0, untriedNodes }, 0, budget, () => 0.5);
      let left = 0;
      while (budget.trySpend(0)) left += 1;
      return 100 - left;
    };
    assert.equal(cost(outcomes.reset), 1);
    assert.equal(cost(outcomes.reset, 1), 0);
    assert.equal(cost(outcomes.cut, 1), 1);
    assert.equal(cost({ kind: "answered", status: 503 }), 1);
    assert.equal(cost(outcomes.stale), 0);
    assert.equal(cost(outcomes.refused), 0);
    assert.equal(cost({ kind: "answered", status: 200 }), 0);
    assert.equal(cost({ kind: "answered", status: 503, retryAfterMs: 60_000 }), 0);
  });
});

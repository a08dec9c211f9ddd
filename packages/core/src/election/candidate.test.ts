import assert from "node:assert/strict";
import { it } from "node:test";
import { seededRandom } from "@rollcall/testing";
import fc from "fast-check";
import { isCredibleEpoch } from "../view/epoch.js";
import { candidateDueMs, mayPublish, newCandidate, nextCandidate } from "./candidate.js";
import type { CandidateEffect, CandidateEvent } from "./candidate-events.js";
import type { Candidate } from "./candidate-state.js";

type Step =
  /** The store answers its oldest open request: as it should, or not at all. */
  | { readonly type: "answer"; readonly how: "well" | "fails" }
  | { readonly type: "rival"; readonly does: "acquire" | "release" | "lose" | "speak" }
  | { readonly type: "news"; readonly event: CandidateEvent }
  | { readonly type: "wait"; readonly ms: number }
  /** The process does not run meanwhile. */
  | { readonly type: "sleep"; readonly ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Step>({ type: "answer", how: "well" }) },
  { weight: 2, arbitrary: fc.constant<Step>({ type: "answer", how: "fails" }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom("acquire", "release", "lose", "speak").map((does): Step => ({ type: "rival", does })),
  },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom<CandidateEvent>(
        { type: "connected", leaseStands: false },
        { type: "connected", leaseStands: true },
        { type: "released" },
        { type: "reached", reached: true },
        { type: "reached", reached: false },
        { type: "otherReaches" },
      )
      .map((event): Step => ({ type: "news", event })),
  },
  { weight: 8, arbitrary: fc.nat(4_000).map((ms): Step => ({ type: "wait", ms })) },
  { weight: 1, arbitrary: fc.nat(12_000).map((ms): Step => ({ type: "sleep", ms })) },
);
const steps = fc.array(step, { minLength: 20, maxLength: 150 });

interface Question {
  readonly effect: Extract<CandidateEffect, { type: "acquire" | "renew" }>;
  readonly sentAtMs: number;
  /** What the store answers: it did as asked when it was asked, and the answer is on its way. */
  readonly answer: CandidateEvent;
}

/** One candidate at a store that keeps its promises, with one rival; checks every step against what is promised. */
class CheckedCandidate {
  nowMs = 0;
  candidate: Candidate = newCandidate(0);
  readonly states = new Set<string>();
  private readonly random;
  private readonly open: Question[] = [];
  private epoch = 0;
  private holder: { readonly process: "we" | "rival"; readonly epoch: number; untilMs: number } | undefined;
  /** The epoch that we publish under, and when the last renewal that was answered well was sent. */
  private leads: { readonly epoch: number; goodAtMs: number } | undefined;

  constructor(seed: number) {
    this.random = seededRandom(seed);
    this.send({ type: "tick" });
  }

  run(step: Step): void {
    switch (step.type) {
      case "answer":
        return this.answer(step.how);
      case "news":
        return this.send(step.event);
      case "rival":
        return this.rival(step.does);
      case "wait":
        return this.waitUntil(this.nowMs + step.ms);
      case "sleep":
        this.nowMs += step.ms;
        return this.send({ type: "tick" });
    }
  }

  answer(how: "well" | "fails"): void {
    const request = this.open.shift();
    if (request === undefined) return;
    const { effect, sentAtMs, answer } = request;
    if (how === "well" && answer.type === "renewed" && answer.renewal === "kept" && this.leads !== undefined) {
      if (this.nowMs < this.leads.goodAtMs + 6_000 && effect.request === this.candidate.request) {
        this.leads.goodAtMs = sentAtMs;
      }
    }
    this.send(how === "well" ? answer : { type: "failed", request: effect.request });
  }

  waitUntil(untilMs: number): void {
    for (let dueMs = candidateDueMs(this.candidate); dueMs <= untilMs; dueMs = candidateDueMs(this.candidate)) {
      this.nowMs = Math.max(this.nowMs, dueMs);
      this.send({ type: "tick" });
      assert.ok(candidateDueMs(this.candidate) > this.nowMs, "a tick leaves nothing due");
    }
    this.nowMs = untilMs;
  }

  /** The store has no lease any more; pending requests fail. */
  mend(): void {
    this.holder = undefined;
    while (this.open.length > 0) this.answer("fails");
  }

  private rival(does: "acquire" | "release" | "lose" | "speak"): void {
    const holder = this.current();
    if (does === "acquire" && holder?.process !== "we")
      this.holder = { process: "rival", epoch: ++this.epoch, untilMs: this.nowMs + 10_000 };
    if (does === "release" && holder?.process === "rival") {
      this.holder = undefined;
      this.send({ type: "released" });
    }
    if (does === "lose") this.holder = undefined;
    if (does === "speak" && holder?.process === "rival") this.send({ type: "epochSeen", epoch: holder.epoch });
  }

  private current() {
    if (this.holder !== undefined && this.nowMs >= this.holder.untilMs) this.holder = undefined;
    return this.holder;
  }

  private send(event: CandidateEvent): void {
    const before = this.candidate;
    const copy = structuredClone(before);
    const [next, effects] = nextCandidate(before, event, this.nowMs, this.random);
    assert.deepEqual(before, copy, "a candidate is never changed in place");
    this.candidate = next;
    this.states.add(next.state);
    assert.ok(next.floorEpoch >= before.floorEpoch && next.request >= before.request);
    if (event.type === "epochSeen") assert.ok(next.floorEpoch >= event.epoch);
    for (const effect of effects) this.check(effect, event);

    assert.equal(this.leads?.epoch, next.state === "leading" ? next.epoch : undefined, "every change has an effect");
    if (this.leads !== undefined) assert.equal(this.leads.epoch, next.floorEpoch, "no higher epoch is known");
    assert.equal(mayPublish(next, this.nowMs), this.leads !== undefined, "the effects follow the time");
    if (this.leads !== undefined) {
      assert.equal(mayPublish(next, this.leads.goodAtMs + 5_999), true);
      assert.equal(mayPublish(next, this.leads.goodAtMs + 6_000), false);
    }
  }

  private check(effect: CandidateEffect, event: CandidateEvent): void {
    switch (effect.type) {
      case "acquire": {
        const holder = this.current();
        const isFree = holder === undefined || holder.process === "we";
        const { request } = effect;
        if (isFree) {
          this.epoch = Math.max(this.epoch, effect.floorEpoch) + 1;
          this.holder = { process: "we", epoch: this.epoch, untilMs: this.nowMs + 10_000 };
        }
        const answer: CandidateEvent = isFree
          ? { type: "granted", request, epoch: this.epoch }
          : { type: "refused", request };
        assert.equal(effect.floorEpoch, this.candidate.floorEpoch);
        this.open.push({ effect, sentAtMs: this.nowMs, answer });
        return;
      }
      case "renew": {
        assert.ok(this.leads !== undefined, "only a leader renews");
        assert.ok(event.type !== "connected" || event.leaseStands, "where the store may be another it acquires first");
        const holder = this.current();
        const holds = holder?.process === "we" && holder.epoch === this.leads.epoch;
        if (holds) holder.untilMs = this.nowMs + 10_000;
        const renewal = holds ? "kept" : "lost";
        this.open.push({
          effect,
          sentAtMs: this.nowMs,
          answer: { type: "renewed", request: effect.request, renewal },
        });
        return;
      }
      case "lead": {
        assert.ok(this.leads === undefined && event.type === "granted");
        this.leads = {
          epoch: effect.epoch,
          goodAtMs: this.candidate.state === "leading" ? this.candidate.goodAtMs : 0,
        };
        return;
      }
      case "publishAll":
        assert.ok(this.leads !== undefined);
        return;
      case "stepDown":
        assert.ok(this.leads !== undefined, "it steps down once");
        this.leads = undefined;
        if (effect.giveBack && this.holder?.process === "we") this.holder = undefined;
        return;
      case "giveBack":
        if (this.holder?.process === "we" && this.holder.epoch === effect.epoch) this.holder = undefined;
        return;
      case "anotherLeads":
        assert.equal(event.type, "refused");
    }
  }
}

it("a candidate keeps its promises under any sequence of events", () => {
  const reached = new Set<string>();
  fc.assert(
    fc.property(steps, fc.nat(), (steps, seed) => {
      const checked = new CheckedCandidate(seed);
      for (const step of steps) checked.run(step);
      for (const state of checked.states) reached.add(state);
    }),
    { numRuns: 500 },
  );
  // Resting needs 15 s without a node: the stories cover it.
  for (const state of ["standby", "acquiring", "leading"]) assert.ok(reached.has(state), "the runs got everywhere");
});

it("a candidate leads once the store answers and no other process wants to lead", () => {
  fc.assert(
    fc.property(steps, fc.nat(), (steps, seed) => {
      const checked = new CheckedCandidate(seed);
      for (const step of steps) checked.run(step);
      checked.mend();
      for (let time = 0; time < 400 && checked.candidate.state !== "leading"; time++) {
        checked.waitUntil(checked.nowMs + 100);
        checked.answer("well");
      }
      assert.equal(checked.candidate.state, "leading");
    }),
    { numRuns: 200 },
  );
});

it("a candidate keeps trying while the store never answers", () => {
  const checked = new CheckedCandidate(3);
  let attempts = checked.candidate.request;
  for (let minute = 0; minute < 10; minute++) {
    checked.waitUntil(checked.nowMs + 60_000);
    assert.ok(checked.candidate.request >= attempts + 6, "one attempt in 6 s, and its pause");
    attempts = checked.candidate.request;
  }
});

it("an epoch is credible up to a day ahead of the store's clock", () => {
  const nowMs = 1_700_000_000_000;
  assert.ok(isCredibleEpoch(0, 0));
  assert.ok(isCredibleEpoch(nowMs * 1_000 + 999, nowMs));
  assert.ok(isCredibleEpoch((nowMs + 86_400_000) * 1_000, nowMs));
  assert.ok(!isCredibleEpoch((nowMs + 86_400_001) * 1_000, nowMs));
  for (const epoch of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])
    assert.ok(!isCredibleEpoch(epoch, nowMs));
});

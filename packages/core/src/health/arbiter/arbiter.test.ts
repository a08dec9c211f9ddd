import assert from "node:assert/strict";
import { it } from "node:test";
import { seededRandom } from "@rollcall/testing";
import fc from "fast-check";
import { type MarkKind, markKinds } from "../../view/view.js";
import { type Arbiter, arbiterDueMs, emptyArbiter, marksOf, nextArbiter, publishedNodes } from "./arbiter.js";
import type { ArbiterEffect, ArbiterEvent } from "./arbiter-events.js";
import type { ProbeOutcome } from "./probe-outcome.js";
import type { PublishedState } from "./published-node.js";

type Step =
  | { readonly type: "members"; readonly keys: readonly string[]; readonly firstView: boolean }
  | { readonly type: "answer"; readonly key: string; readonly outcome: ProbeOutcome }
  | { readonly type: "report"; readonly key: string; readonly replica: string; readonly probe?: "failed" }
  | { readonly type: "peer"; readonly key: string; readonly replica: string; readonly ok: boolean }
  | { readonly type: "refute"; readonly key: string; readonly replica: string }
  | { readonly type: "wait"; readonly ms: number };

// "@es1" is a seed, and "a@es1" the same node once its id is known; the others are found by sniffing.
const keys = ["@es1", "a@es1", "b@es2", "c@es3"];
const isTrusted = (key: string) => key.endsWith("@es1");
const outcomes = ["verified", "unverified", "denied", "overloaded", "foreign", "unreachable"] as const;

const replicas = ["r1", "r2", "r3"];

const key = fc.constantFrom(...keys);
const replica = fc.constantFrom(...replicas);
// Mostly the outcomes that change a state, so that short runs get far.
const outcome = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom("verified" as const) },
  { weight: 4, arbitrary: fc.constantFrom("unreachable" as const) },
  { weight: 1, arbitrary: fc.constantFrom(...outcomes) },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.tuple(fc.subarray(keys), fc.boolean()).map(([keys, firstView]): Step => {
      return { type: "members", keys, firstView };
    }),
  },
  { weight: 8, arbitrary: fc.tuple(key, outcome).map(([key, outcome]): Step => ({ type: "answer", key, outcome })) },
  { weight: 1, arbitrary: fc.tuple(key, replica).map(([key, replica]): Step => ({ type: "report", key, replica })) },
  {
    weight: 1,
    arbitrary: fc.tuple(key, replica).map(([key, replica]): Step => {
      return { type: "report", key, replica, probe: "failed" };
    }),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(key, replica, fc.boolean()).map(([key, replica, ok]): Step => {
      return { type: "peer", key, replica, ok };
    }),
  },
  { weight: 1, arbitrary: fc.tuple(key, replica).map(([key, replica]): Step => ({ type: "refute", key, replica })) },
  { weight: 4, arbitrary: fc.nat(5_000).map((ms): Step => ({ type: "wait", ms })) },
);
const steps = fc.array(step, { minLength: 20, maxLength: 120 });

/** What events and effects alone show of a node. */
interface Shadow {
  state: PublishedState;
  pending: { readonly fresh: boolean; readonly atMs: number }[];
  /** Fresh probes that failed since the last one that was answered. */
  unreachable: number;
  /** Good answers in a row, and when it went down. */
  good: number;
  downAtMs: number;
  probes: number;
  /** The suspicion that peers were asked about; "alone": there was no peer to ask. */
  suspicion: { readonly number: number; readonly openedAtMs: number; readonly awaited: string[] | "alone" } | undefined;
  /** When each process last failed with a probe of its own, and which ones reached the node in this suspicion. */
  failedAtMs: Map<string, number>;
  reachedBy: Set<string>;
  refutedAtMs: number;
}

function newShadow(state: PublishedState, nowMs: number): Shadow {
  const counts = { unreachable: 0, good: 0, probes: 0, downAtMs: nowMs, refutedAtMs: Number.NEGATIVE_INFINITY };
  return { state, pending: [], ...counts, suspicion: undefined, failedAtMs: new Map(), reachedBy: new Set() };
}

/** Runs an arbiter with a prober that keeps its contract, and checks every step against what the arbiter promises. */
class CheckedArbiter {
  arbiter: Arbiter = emptyArbiter;
  nowMs = 0;
  readonly nodes = new Map<string, Shadow>();
  private readonly random;
  private readonly chance;
  private later: ArbiterEvent[] = [];
  private inherited: Readonly<Record<string, MarkKind | "healthy">> = {};

  constructor(seed: number) {
    this.random = seededRandom(seed);
    this.chance = seededRandom(seed + 1);
  }

  run(step: Step): void {
    switch (step.type) {
      case "members": {
        const nodes = step.keys.map((key) => ({ key, address: key.replace(/^.*@/, ""), trusted: isTrusted(key) }));
        this.send({ type: "members", nodes, firstView: step.firstView });
        return;
      }
      case "answer":
        this.answer(step.key, step.outcome);
        return;
      case "report":
        if (step.probe !== undefined) this.failed(step.key, step.replica);
        this.send({ ...step, type: "reported", reason: "reported" });
        return;
      case "peer":
        this.peerProbed(step);
        return;
      case "refute": {
        const shadow = this.nodes.get(step.key);
        if (shadow !== undefined) shadow.refutedAtMs = this.nowMs;
        this.send({ ...step, type: "refuted" });
        return;
      }
      case "wait":
        for (const [key, { pending }] of [...this.nodes]) {
          // The prober must answer within 30 s, and no wait is longer than 5 s.
          for (const { atMs } of [...pending]) if (this.nowMs - atMs > 20_000) this.answer(key, "unreachable");
        }
        this.waitUntil(this.nowMs + step.ms);
    }
  }

  answer(key: string, outcome: ProbeOutcome): void {
    const shadow = this.nodes.get(key);
    const probe = shadow?.pending.shift();
    if (shadow !== undefined && probe !== undefined) {
      if (outcome !== "unreachable") shadow.unreachable = 0;
      else if (probe.fresh) shadow.unreachable++;
      const good = outcome === "verified" || (isTrusted(key) && outcome !== "foreign" && outcome !== "unreachable");
      shadow.good = good ? shadow.good + 1 : 0;
    }
    this.send({ type: "probed", key, outcome, reason: outcome });
  }

  private peerProbed({ key, replica, ok }: Extract<Step, { type: "peer" }>): void {
    const shadow = this.nodes.get(key);
    const { number = 0, awaited = [] } = shadow?.suspicion ?? {};
    if (shadow !== undefined && this.isSuspect(key)) {
      if (ok) {
        this.answered(shadow, replica);
        shadow.reachedBy.add(replica);
      } else if (awaited !== "alone" && awaited.includes(replica)) this.failed(key, replica);
    }
    this.send({ type: "peerProbed", key, suspicion: number, replica, ok });
  }

  private isSuspect(key: string): boolean {
    return this.arbiter.get(key)?.health.state === "suspect";
  }

  private answered({ suspicion }: Shadow, replica: string): void {
    const awaited = suspicion?.awaited ?? "alone";
    if (awaited !== "alone" && awaited.includes(replica)) awaited.splice(awaited.indexOf(replica), 1);
  }

  /** A failed probe of its own is also the answer of a peer that was asked. */
  private failed(key: string, replica: string): void {
    const shadow = this.nodes.get(key);
    shadow?.failedAtMs.set(replica, this.nowMs);
    if (shadow !== undefined && this.isSuspect(key)) this.answered(shadow, replica);
  }

  waitUntil(untilMs: number): void {
    for (let dueMs = arbiterDueMs(this.arbiter); dueMs !== undefined && dueMs <= untilMs; ) {
      this.nowMs = Math.max(this.nowMs, dueMs);
      this.send({ type: "tick" });
      dueMs = arbiterDueMs(this.arbiter);
      assert.ok(dueMs === undefined || dueMs > this.nowMs, "a tick leaves nothing due");
    }
    this.nowMs = untilMs;
  }

  /** Takes over the view of another leader. */
  inherit(kinds: Readonly<Record<string, MarkKind | "healthy">>): void {
    const down = { flaps: 1, holdUntilMs: this.nowMs + 5_000, failedProbes: 2, reporters: 1 };
    const nodes = Object.entries(kinds).map(([key, kind]) => {
      const mark = kind === "healthy" ? undefined : { kind, sinceMs: this.nowMs, reason: "shadow by another", down };
      return { key, address: key.replace(/^.*@/, ""), trusted: isTrusted(key), mark };
    });
    this.inherited = kinds;
    this.send({ type: "inherited", nodes });
    const published = publishedNodes(this.arbiter).sort();
    assert.deepEqual(published, Object.keys(kinds).sort(), "a change of leader loses no node");
    for (const key of published) assert.equal(marksOf(this.arbiter)[key]?.kind ?? "healthy", kinds[key]);
  }

  private send(event: ArbiterEvent): void {
    const before = this.arbiter;
    const copy = structuredClone([...before]);
    const [next, effects] = nextArbiter(before, event, this.nowMs, this.random);
    assert.deepEqual([...before], copy, "an arbiter is never changed in place");
    this.arbiter = next;

    const given = (type: ArbiterEffect["type"]) => effects.filter((effect) => effect.type === type).length;
    const changed = (of: (arbiter: Arbiter) => unknown) =>
      JSON.stringify(of(before)) === JSON.stringify(of(next)) ? 0 : 1;
    assert.equal(
      given("topologyChanged"),
      changed((arbiter) => publishedNodes(arbiter).sort()),
    );
    assert.equal(
      given("marksChanged"),
      changed((arbiter) => Object.entries(marksOf(arbiter)).sort()),
    );

    this.follow(before);
    for (const effect of effects) this.check(effect, event);
    for (const key of publishedNodes(next)) {
      assert.equal(
        this.nodes.get(key)?.state,
        marksOf(next)[key]?.kind ?? "healthy",
        "every visible change has a transition",
      );
    }
    assert.equal(arbiterDueMs(next) === undefined, next.size === 0);
    for (const answer of this.later.splice(0)) this.send(answer);
  }

  /** Follows the nodes that join and leave, and the seed whose id becomes known. */
  private follow(before: Arbiter): void {
    for (const [key] of this.arbiter) {
      if (before.has(key)) continue;
      const isRenamed = key === "a@es1" && before.has("@es1") && !this.arbiter.has("@es1");
      const seed = isRenamed ? this.nodes.get("@es1") : undefined;
      this.nodes.set(key, {
        ...(seed ?? newShadow(this.inherited[key] ?? "joining", this.nowMs)),
        ...{ pending: [], unreachable: 0, suspicion: undefined },
      });
    }
    for (const [key] of before) if (!this.arbiter.has(key)) this.nodes.delete(key);
    this.inherited = {};
  }

  private check(effect: ArbiterEffect, event: ArbiterEvent): void {
    if (effect.type === "probe") {
      const shadow = this.nodes.get(effect.key);
      assert.ok(shadow !== undefined, "only judged nodes are probed");
      shadow.pending.push({ fresh: effect.fresh, atMs: this.nowMs });
      shadow.probes++;
      const suspicion = shadow.pending.length === 2 && shadow.pending.every(({ fresh }) => fresh);
      assert.ok(shadow.pending.length === 1 || suspicion, "only the probes of a suspicion overlap");
    }
    if (effect.type === "requestPeerProbes") {
      const { key, suspicion, except } = effect;
      const shadow = this.nodes.get(key);
      assert.ok(shadow !== undefined && except.every((replica) => shadow.failedAtMs.has(replica)));
      const isAlone = this.chance() < 0.5;
      const awaited = isAlone ? [] : replicas.filter((replica) => !except.includes(replica));
      shadow.suspicion = { number: suspicion, openedAtMs: this.nowMs, awaited: isAlone ? "alone" : [...awaited] };
      shadow.reachedBy.clear();
      this.later.push({ type: "peersAsked", key, suspicion, replicas: awaited, isAlone });
    }
    if (effect.type === "transition" && effect.to !== "gone") {
      const shadow = this.nodes.get(effect.key);
      assert.ok(shadow !== undefined && shadow.state === effect.from && effect.to !== effect.from);
      shadow.state = effect.to;
      if (effect.to === "down") {
        const foreign = event.type === "probed" && event.outcome === "foreign";
        assert.ok(foreign || shadow.unreachable >= 2, "two fresh probes failed");
        if (!foreign) this.checkPeers(shadow);
        shadow.downAtMs = this.nowMs;
        shadow.good = 0;
      }
      if (effect.from === "down") {
        assert.equal(effect.to, "slow-start");
        assert.ok(shadow.good >= 2 && this.nowMs - shadow.downAtMs >= 5_000, "enough good answers, after the hold");
      }
    }
  }

  private checkPeers({ suspicion, failedAtMs, reachedBy, refutedAtMs }: Shadow): void {
    assert.ok(suspicion !== undefined, "peers were asked");
    assert.equal(reachedBy.size, 0, "no peer reached it");
    assert.ok(this.nowMs - refutedAtMs >= 2_000, "no process refuted it just now");
    if (suspicion.awaited === "alone") return;
    const failed = [...failedAtMs.values()].some((atMs) => atMs >= suspicion.openedAtMs - 2_000);
    assert.ok(failed, "a peer failed too");
    assert.ok(
      suspicion.awaited.length === 0 || this.nowMs - suspicion.openedAtMs >= 1_500,
      "no peer answer is pending",
    );
  }
}

it("an arbiter keeps its promises under any sequence of events", () => {
  const reached = new Set<string>();
  fc.assert(
    fc.property(steps, fc.nat(), (steps, seed) => {
      const checked = new CheckedArbiter(seed);
      checked.run({ type: "members", keys, firstView: true });
      for (const step of steps) {
        checked.run(step);
        for (const { state } of checked.nodes.values()) reached.add(state);
      }
    }),
    { numRuns: 300 },
  );
  assert.deepEqual(
    [...reached].sort(),
    ["down", "draining", "healthy", "joining", "slow-start", "unverified"],
    "the runs got everywhere",
  );
});

it("an arbiter keeps its promises after it took over the view of another leader", () => {
  const kind = fc.constantFrom("healthy" as const, ...markKinds);
  const view = fc.dictionary(fc.constantFrom("a@es1", "b@es2", "c@es3"), kind);
  fc.assert(
    fc.property(view, steps, fc.nat(), (view, steps, seed) => {
      const checked = new CheckedArbiter(seed);
      checked.inherit(view);
      checked.run({ type: "members", keys: Object.keys(view), firstView: false });
      for (const step of steps) checked.run(step);
    }),
    { numRuns: 200 },
  );
});

it("a flapping node is held for 5 minutes at most, and no more than 60 flaps are remembered", () => {
  const checked = new CheckedArbiter(1);
  checked.run({ type: "members", keys: ["b@es2"], firstView: true });
  const standing = () => checked.nodes.get("b@es2")?.state;
  const answerFor = (seconds: number) => {
    for (let second = 0; second < seconds; second++) {
      checked.answer("b@es2", "verified");
      checked.waitUntil(checked.nowMs + 1_000);
    }
  };
  const heldFor = () => {
    checked.run({ type: "report", key: "b@es2", replica: "r1" });
    checked.waitUntil(checked.nowMs + 10_000);
    checked.answer("b@es2", "foreign");
    assert.equal(standing(), "down");
    let seconds = 0;
    for (; standing() === "down"; seconds++) answerFor(1);
    return seconds;
  };
  answerFor(1);
  const held = Array.from({ length: 70 }, heldFor);
  assert.deepEqual([held[0], held[1]], [6, 11]);
  assert.ok(
    held.slice(60).every((seconds) => seconds >= 300 && seconds <= 303),
    `${held}`,
  );

  answerFor(59 * 30);
  const again = heldFor();
  assert.ok(again >= 10 && again <= 12, `${again}`);
});

it("every listed node is probed on, and is healthy once it has answered for long enough", () => {
  fc.assert(
    fc.property(steps, fc.nat(), (steps, seed) => {
      const checked = new CheckedArbiter(seed);
      for (const step of steps) checked.run(step);
      checked.run({ type: "members", keys: ["a@es1", "b@es2"], firstView: false });
      const listed = ["a@es1", "b@es2"].map((key) => checked.nodes.get(key));
      for (const shadow of listed) if (shadow !== undefined) shadow.probes = 0;
      const answerAll = () => {
        for (const [key, { pending }] of checked.nodes) while (pending.length > 0) checked.answer(key, "verified");
      };
      // The longest hold is 300 s, the slow start 30 s, and nodes that left while down are given up after 600 s.
      for (let second = 0; second < 660; second++) {
        answerAll();
        checked.waitUntil(checked.nowMs + 1_000);
      }
      assert.deepEqual(publishedNodes(checked.arbiter).sort(), ["a@es1", "b@es2"]);
      assert.deepEqual(marksOf(checked.arbiter), {});
      for (const shadow of listed) assert.ok(shadow !== undefined && shadow.probes > 30);
    }),
    { numRuns: 15 },
  );
});

it("a node that no process reaches is down within 15 s, without a report and however many peers there are", () => {
  for (let seed = 0; seed < 20; seed++) {
    const checked = new CheckedArbiter(seed);
    checked.run({ type: "members", keys: ["b@es2"], firstView: true });
    checked.answer("b@es2", "verified");
    const sinceMs = checked.nowMs;
    for (; checked.nodes.get("b@es2")?.state !== "down"; checked.waitUntil(checked.nowMs + 100)) {
      assert.ok(checked.nowMs - sinceMs <= 15_000, `seed ${seed}`);
      for (const replica of replicas) checked.run({ type: "peer", key: "b@es2", replica, ok: false });
      while ((checked.nodes.get("b@es2")?.pending.length ?? 0) > 0) checked.answer("b@es2", "unreachable");
    }
  }
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { seededRandom } from "@rollcall/testing";
import fc from "fast-check";
import { type MarkKind, markKinds } from "../../view/view.js";
import { type Arbiter, arbiterDueMs, emptyArbiter, marksOf, nextArbiter, publishedNodes } from "./arbiter.js";
import type { ArbiterEffect, ArbiterEvent } from "./arbiter-events.js";
import type { ProbeOutcome } from "./probe-outcome.js";
import type { PublishedState } from "./publication.js";

type Step =
  | { readonly type: "members"; readonly keys: readonly string[]; readonly firstView: boolean }
  | { readonly type: "answer"; readonly key: string; readonly outcome: ProbeOutcome }
  | { readonly type: "report"; readonly key: string; readonly replica: string; readonly probe?: "failed" }
  | { readonly type: "witness"; readonly key: string; readonly replica: string; readonly ok: boolean }
  | { readonly type: "contradict"; readonly key: string; readonly replica: string }
  | { readonly type: "wait"; readonly ms: number };

// "@es1" is a seed, and "a@es1" the same node once it was asked; the others came by sniffing.
const keys = ["@es1", "a@es1", "b@es2", "c@es3"];
const isTrusted = (key: string) => key.endsWith("@es1");
const outcomes = ["verified", "unverified", "denied", "overloaded", "foreign", "unreachable"] as const;

const replicas = ["r1", "r2", "r3"];

const key = fc.constantFrom(...keys);
const replica = fc.constantFrom(...replicas);
// Mostly the outcomes that move a node, so that short runs get far.
const outcome = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom("verified" as const) },
  { weight: 4, arbitrary: fc.constantFrom("unreachable" as const) },
  { weight: 1, arbitrary: fc.constantFrom(...outcomes) },
);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 1,
      arbitrary: fc.record({ type: fc.constant("members" as const), keys: fc.subarray(keys), firstView: fc.boolean() }),
    },
    { weight: 8, arbitrary: fc.record({ type: fc.constant("answer" as const), key, outcome }) },
    {
      weight: 2,
      arbitrary: fc.record(
        { type: fc.constant("report" as const), key, replica, probe: fc.constant("failed" as const) },
        { requiredKeys: ["type", "key", "replica"] },
      ),
    },
    {
      weight: 2,
      arbitrary: fc.record({ type: fc.constant("witness" as const), key, replica, ok: fc.boolean() }),
    },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("contradict" as const), key, replica }) },
    { weight: 4, arbitrary: fc.record({ type: fc.constant("wait" as const), ms: fc.nat(5_000) }) },
  ),
  { minLength: 20, maxLength: 120 },
);

/** What somebody who only sees events and effects knows of a node. */
interface Seen {
  standing: PublishedState;
  asked: { readonly fresh: boolean; readonly atMs: number }[];
  /** Fresh probes that reached nobody since the last that did. */
  unreachable: number;
  /** Good answers in a row, and when it went down. */
  good: number;
  downAtMs: number;
  probes: number;
  /** The suspicion that others were asked about; "alone": there was nobody to ask. */
  suspicion: { readonly number: number; readonly openedAtMs: number; readonly awaited: string[] | "alone" } | undefined;
  /** When each process was last heard to fail with a probe of its own, and who was heard to reach it in this suspicion. */
  failedAtMs: Map<string, number>;
  reachedBy: Set<string>;
  contradictedAtMs: number;
}

/** Runs an arbiter with a prober that keeps its contract, and holds every step against what is promised. */
class Watched {
  arbiter: Arbiter = emptyArbiter;
  nowMs = 0;
  readonly nodes = new Map<string, Seen>();
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
        if (step.probe !== undefined) this.fails(step.key, step.replica);
        this.send({ ...step, type: "reported", reason: "reported" });
        return;
      case "witness":
        this.witness(step);
        return;
      case "contradict": {
        const seen = this.nodes.get(step.key);
        if (seen !== undefined) seen.contradictedAtMs = this.nowMs;
        this.send({ ...step, type: "refuted" });
        return;
      }
      case "wait":
        for (const [key, { asked }] of [...this.nodes]) {
          // The prober's duty: an answer within 30 s, and no wait is longer than 5 s.
          for (const { atMs } of [...asked]) if (this.nowMs - atMs > 20_000) this.answer(key, "unreachable");
        }
        this.waitUntil(this.nowMs + step.ms);
    }
  }

  answer(key: string, outcome: ProbeOutcome): void {
    const seen = this.nodes.get(key);
    const probe = seen?.asked.shift();
    if (seen !== undefined && probe !== undefined) {
      if (outcome !== "unreachable") seen.unreachable = 0;
      else if (probe.fresh) seen.unreachable++;
      const good = outcome === "verified" || (isTrusted(key) && outcome !== "foreign" && outcome !== "unreachable");
      seen.good = good ? seen.good + 1 : 0;
    }
    this.send({ type: "probed", key, outcome, reason: outcome });
  }

  private witness({ key, replica, ok }: Extract<Step, { type: "witness" }>): void {
    const seen = this.nodes.get(key);
    const { number = 0, awaited = [] } = seen?.suspicion ?? {};
    if (seen !== undefined && this.isSuspect(key)) {
      if (ok) {
        this.isHeard(seen, replica);
        seen.reachedBy.add(replica);
      } else if (awaited !== "alone" && awaited.includes(replica)) this.fails(key, replica);
    }
    this.send({ type: "peerProbed", key, suspicion: number, replica, ok });
  }

  private isSuspect(key: string): boolean {
    return this.arbiter.get(key)?.health.state === "suspect";
  }

  private isHeard({ suspicion }: Seen, replica: string): void {
    const awaited = suspicion?.awaited ?? "alone";
    if (awaited !== "alone" && awaited.includes(replica)) awaited.splice(awaited.indexOf(replica), 1);
  }

  /** Its own probe has failed: that is its answer, if it was asked. */
  private fails(key: string, replica: string): void {
    const seen = this.nodes.get(key);
    seen?.failedAtMs.set(replica, this.nowMs);
    if (seen !== undefined && this.isSuspect(key)) this.isHeard(seen, replica);
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

  /** Begins where another leader has left off. */
  inherit(kinds: Readonly<Record<string, MarkKind | "healthy">>): void {
    const down = { flaps: 1, holdUntilMs: this.nowMs + 5_000, failedProbes: 2, reporters: 1 };
    const nodes = Object.entries(kinds).map(([key, kind]) => {
      const mark = kind === "healthy" ? undefined : { kind, sinceMs: this.nowMs, reason: "seen by another", down };
      return { key, address: key.replace(/^.*@/, ""), trusted: isTrusted(key), mark };
    });
    this.inherited = kinds;
    this.send({ type: "inherited", nodes });
    const published = publishedNodes(this.arbiter).sort();
    assert.deepEqual(published, Object.keys(kinds).sort(), "nobody is lost because the leader has changed");
    for (const key of published) assert.equal(marksOf(this.arbiter)[key]?.kind ?? "healthy", kinds[key]);
  }

  private send(event: ArbiterEvent): void {
    const before = this.arbiter;
    const copy = structuredClone([...before]);
    const [next, effects] = nextArbiter(before, event, this.nowMs, this.random);
    assert.deepEqual([...before], copy, "an arbiter is never changed in place");
    this.arbiter = next;

    const told = (type: ArbiterEffect["type"]) => effects.filter((effect) => effect.type === type).length;
    const changed = (of: (arbiter: Arbiter) => unknown) =>
      JSON.stringify(of(before)) === JSON.stringify(of(next)) ? 0 : 1;
    assert.equal(
      told("topologyChanged"),
      changed((arbiter) => publishedNodes(arbiter).sort()),
    );
    assert.equal(
      told("marksChanged"),
      changed((arbiter) => Object.entries(marksOf(arbiter)).sort()),
    );

    this.forget(before);
    for (const effect of effects) this.see(effect, event);
    for (const key of publishedNodes(next)) {
      assert.equal(
        this.nodes.get(key)?.standing,
        marksOf(next)[key]?.kind ?? "healthy",
        "every visible change is told",
      );
    }
    assert.equal(arbiterDueMs(next) === undefined, next.size === 0);
    for (const answer of this.later.splice(0)) this.send(answer);
  }

  /** Follows who joins, who goes, and the seed that gets its id. */
  private forget(before: Arbiter): void {
    for (const key of [...this.arbiter].map(([key]) => key)) {
      if (before.has(key)) continue;
      const seed =
        before.has("@es1") && !this.arbiter.has("@es1") && key === "a@es1" ? this.nodes.get("@es1") : undefined;
      const standing = this.inherited[key] ?? "joining";
      const unheard = { suspicion: undefined, contradictedAtMs: Number.NEGATIVE_INFINITY };
      const unknown: Seen = {
        standing,
        asked: [],
        unreachable: 0,
        good: 0,
        downAtMs: this.nowMs,
        probes: 0,
        failedAtMs: new Map(),
        reachedBy: new Set(),
        ...unheard,
      };
      this.nodes.set(key, seed === undefined ? unknown : { ...seed, asked: [], unreachable: 0, suspicion: undefined });
    }
    for (const key of [...before].map(([key]) => key)) if (!this.arbiter.has(key)) this.nodes.delete(key);
    this.inherited = {};
  }

  private see(effect: ArbiterEffect, event: ArbiterEvent): void {
    if (effect.type === "probe") {
      const seen = this.nodes.get(effect.key);
      assert.ok(seen !== undefined, "only members are probed");
      seen.asked.push({ fresh: effect.fresh, atMs: this.nowMs });
      seen.probes++;
      const suspicion = seen.asked.length === 2 && seen.asked.every(({ fresh }) => fresh);
      assert.ok(seen.asked.length === 1 || suspicion, "only the probes of a suspicion overlap");
    }
    if (effect.type === "requestPeerProbes") {
      const { key, suspicion, except } = effect;
      const seen = this.nodes.get(key);
      assert.ok(seen !== undefined && except.every((replica) => seen.failedAtMs.has(replica)));
      const isAlone = this.chance() < 0.5;
      const awaited = isAlone ? [] : replicas.filter((replica) => !except.includes(replica));
      seen.suspicion = { number: suspicion, openedAtMs: this.nowMs, awaited: isAlone ? "alone" : [...awaited] };
      seen.reachedBy.clear();
      this.later.push({ type: "peersAsked", key, suspicion, replicas: awaited, isAlone });
    }
    if (effect.type === "transition" && effect.to !== "gone") {
      const seen = this.nodes.get(effect.key);
      assert.ok(seen !== undefined && seen.standing === effect.from && effect.to !== effect.from);
      seen.standing = effect.to;
      if (effect.to === "down") {
        const foreign = event.type === "probed" && event.outcome === "foreign";
        assert.ok(foreign || seen.unreachable >= 2, "two fresh probes reached nobody");
        if (!foreign) this.checkWitnesses(seen);
        seen.downAtMs = this.nowMs;
        seen.good = 0;
      }
      if (effect.from === "down") {
        assert.equal(effect.to, "slow-start");
        assert.ok(seen.good >= 2 && this.nowMs - seen.downAtMs >= 5_000, "shown to be well, and held");
      }
    }
  }

  private checkWitnesses({ suspicion, failedAtMs, reachedBy, contradictedAtMs }: Seen): void {
    assert.ok(suspicion !== undefined, "others were asked");
    assert.equal(reachedBy.size, 0, "none that was asked has reached it");
    assert.ok(this.nowMs - contradictedAtMs >= 2_000, "nobody has had a byte from it just now");
    if (suspicion.awaited === "alone") return;
    const failed = [...failedAtMs.values()].some((atMs) => atMs >= suspicion.openedAtMs - 2_000);
    assert.ok(failed, "another has failed too");
    assert.ok(
      suspicion.awaited.length === 0 || this.nowMs - suspicion.openedAtMs >= 1_500,
      "all were heard that speak",
    );
  }
}

describe("an arbiter", () => {
  it("keeps its promises whatever happens", () => {
    const reached = new Set<string>();
    fc.assert(
      fc.property(steps, fc.nat(), (steps, seed) => {
        const watched = new Watched(seed);
        watched.run({ type: "members", keys, firstView: true });
        for (const step of steps) {
          watched.run(step);
          for (const { standing } of watched.nodes.values()) reached.add(standing);
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

  it("keeps them when it goes on from the view of another leader", () => {
    const kind = fc.constantFrom("healthy" as const, ...markKinds);
    const view = fc.dictionary(fc.constantFrom("a@es1", "b@es2", "c@es3"), kind);
    fc.assert(
      fc.property(view, steps, fc.nat(), (view, steps, seed) => {
        const watched = new Watched(seed);
        watched.inherit(view);
        watched.run({ type: "members", keys: Object.keys(view), firstView: false });
        for (const step of steps) watched.run(step);
      }),
      { numRuns: 200 },
    );
  });

  it("holds a node for 5 minutes at most, and remembers 60 flaps at most", () => {
    const watched = new Watched(1);
    watched.run({ type: "members", keys: ["b@es2"], firstView: true });
    const standing = () => watched.nodes.get("b@es2")?.standing;
    const answerFor = (seconds: number) => {
      for (let second = 0; second < seconds; second++) {
        watched.answer("b@es2", "verified");
        watched.waitUntil(watched.nowMs + 1_000);
      }
    };
    const heldFor = () => {
      watched.run({ type: "report", key: "b@es2", replica: "r1" });
      watched.waitUntil(watched.nowMs + 10_000);
      watched.answer("b@es2", "foreign");
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

  it("goes on probing every member, and has all of them up once they answer for long enough", () => {
    fc.assert(
      fc.property(steps, fc.nat(), (steps, seed) => {
        const watched = new Watched(seed);
        for (const step of steps) watched.run(step);
        watched.run({ type: "members", keys: ["a@es1", "b@es2"], firstView: false });
        const listed = ["a@es1", "b@es2"].map((key) => watched.nodes.get(key));
        for (const seen of listed) if (seen !== undefined) seen.probes = 0;
        const answerAll = () => {
          for (const [key, { asked }] of watched.nodes) while (asked.length > 0) watched.answer(key, "verified");
        };
        // The longest hold is 300 s, the easing in 30 s, and those that left while down are given up after 600 s.
        for (let second = 0; second < 660; second++) {
          answerAll();
          watched.waitUntil(watched.nowMs + 1_000);
        }
        assert.deepEqual(publishedNodes(watched.arbiter).sort(), ["a@es1", "b@es2"]);
        assert.deepEqual(marksOf(watched.arbiter), {});
        for (const seen of listed) assert.ok(seen !== undefined && seen.probes > 30);
      }),
      { numRuns: 15 },
    );
  });
});

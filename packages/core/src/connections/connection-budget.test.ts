import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import fc from "fast-check";
import { readStories } from "../stories.test.support.js";
import { BudgetFleet } from "./budget-fleet.test.support.js";
import { fullShares } from "./full-shares.js";

/**
 * budget N               what every replica names; the first step
 * join NAME*THREADS…     processes start
 * end|kill|freeze|cut|resume NAME…
 * busy NAME CONNECTIONS  answers keep so many of its connections open
 * leader [without]       another process leads, and finds what was published, or finds it lost
 * wait MS                rounds of 2 s; in each, replicas first read what is published and send a heartbeat
 *
 * An outcome is a line for each change of what is published, and at the end what all may have together.
 */
function run(steps: readonly string[]): string[] {
  let fleet = new BudgetFleet(0);
  const lines: string[] = [];
  let shown = "";
  for (const step of steps) {
    const [what, ...names] = step.split(" ");
    if (what === "budget" && fleet.nowMs === 0) fleet = new BudgetFleet(Number(names[0]));
    else if (what === "budget") fleet.fleetPerNode = Number(names[0]);
    else if (what === "leader") fleet.changeLeader(names[0] !== "without");
    else if (what === "busy") Object.assign(fleet.replicas.get(names[0] ?? "") ?? {}, { busy: Number(names[1]) });
    else if (what === "wait") {
      for (const untilMs = fleet.nowMs + Number(names[0]); fleet.nowMs < untilMs; ) {
        fleet.round();
        const { shares } = fleet;
        const text =
          shares === undefined
            ? "nothing"
            : `${shares.perThread} a thread, ${shares.starting} at the start, admitted: ${shares.admitted.join(" ")}`;
        if (text !== shown) lines.push(`${fleet.nowMs} ${text}`.trimEnd());
        shown = text;
      }
    } else for (const name of names) happen(fleet, what ?? "", name);
  }
  return [...lines, `= ${fleet.held} at a node, ${fleet.counted} counted`];
}

const states = { freeze: "frozen", cut: "cut off", resume: "well" } as const;

function happen(fleet: BudgetFleet, what: string, given: string): void {
  const [name = "", threads] = given.split("*");
  if (what === "join") return fleet.join(name, Number(threads));
  if (what === "end") return fleet.end(name);
  if (what === "kill") return fleet.kill(name);
  Object.assign(fleet.replicas.get(name) ?? {}, { state: states[what as keyof typeof states] });
}

type Action =
  | { readonly what: "join"; readonly name: string; readonly threads: number }
  | { readonly what: "end" | "kill"; readonly name: string }
  | { readonly what: "freeze" | "busy"; readonly name: string }
  | { readonly what: "leader"; readonly keeps: boolean }
  | { readonly what: "quiet"; readonly rounds: number }
  | {
      readonly what: "late";
      readonly rounds: number;
      readonly late: readonly string[];
      readonly silent: readonly string[];
    };

const names = [..."abcdefghijklmnop"];
const name = fc.constantFrom(...names);

/** What happens to a fleet by chance, and what must hold after each round. */
class RandomStory {
  private readonly fleet: BudgetFleet;
  private readonly frozenSinceMs = new Map<string, number>();

  constructor(
    private readonly fleetPerNode: number,
    sizes: readonly number[],
  ) {
    this.fleet = new BudgetFleet(fleetPerNode);
    for (const [at, threads] of sizes.entries()) this.fleet.join(names[at] ?? "", threads);
    this.play({ what: "quiet", rounds: 12 });
  }

  play(action: Action): void {
    const { fleet } = this;
    switch (action.what) {
      case "join":
        return this.join(action.name, action.threads);
      case "end":
      case "kill":
        this.frozenSinceMs.delete(action.name);
        return fleet[action.what](action.name);
      case "leader":
        return this.changeLeader(action.keeps);
      case "quiet":
        for (const replica of fleet.replicas.values()) replica.busy = 0;
        for (let round = 0; round < action.rounds; round++) this.round([], []);
        return;
      case "late":
        for (let round = 0; round < action.rounds; round++) this.round(action.late, action.silent);
        return;
      case "busy":
      case "freeze":
        return this.change(action);
    }
  }

  /** How many may join at once is a test of its own: here only as many as there is room for. */
  private join(name: string, threads: number): void {
    const { fleet, fleetPerNode } = this;
    if (fleet.replicas.has(name)) return;
    fleet.join(name, threads);
    if (fleet.heldSoon > fleetPerNode) fleet.kill(name);
  }

  private change({ what, name }: { readonly what: "busy" | "freeze"; readonly name: string }): void {
    const replica = this.fleet.replicas.get(name);
    if (replica === undefined) return;
    if (what === "busy") replica.busy = replica.own.perThread * replica.threads;
    else if (!this.frozenSinceMs.has(name)) {
      replica.state = "frozen";
      this.frozenSinceMs.set(name, this.fleet.nowMs);
    }
  }

  /** Where the last shares are lost and all that obey them are frozen, nothing shows a new leader that they exist. */
  private changeLeader(keeps: boolean): void {
    const isShown = [...this.fleet.replicas.values()].some(({ state, own }) => state === "well" && own.round);
    if (!keeps && !isShown) for (const name of this.frozenSinceMs.keys()) this.play({ what: "kill", name });
    this.fleet.changeLeader(keeps);
  }

  private round(late: readonly string[], silent: readonly string[]): void {
    const { fleet, fleetPerNode } = this;
    // What is frozen for longer than the leader counts with is a story of its own.
    for (const [name, sinceMs] of this.frozenSinceMs) {
      if (fleet.nowMs - sinceMs >= 22_000) this.play({ what: "kill", name });
    }
    fleet.round(
      (name) => !late.includes(name),
      (name) => !silent.includes(name),
    );
    assert.ok(fleet.held <= Math.max(fleetPerNode, fleet.threads), `${fleet.held} are held`);
  }
}

describe("the connection budget of a fleet", () => {
  const file = new URL("../../src/connections/testdata/connection-budget.txt", import.meta.url);
  for (const { title, steps, outcome } of readStories(readFileSync(file, "utf8"))) {
    it(title, () => assert.deepEqual(run(steps), outcome));
  }

  it("is never exceeded by what was granted and not confirmed back, whatever joins, ends, dies, lags and leads", () => {
    const budget = fc.integer({ min: 20, max: 300 });
    const sizes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 6 });
    const action: fc.Arbitrary<Action> = fc.oneof(
      fc.record({ what: fc.constant("join"), name, threads: fc.integer({ min: 1, max: 2 }) }),
      fc.record({ what: fc.constantFrom("end", "kill"), name }),
      fc.record({ what: fc.constantFrom("freeze", "busy"), name }),
      fc.record({ what: fc.constant("leader"), keeps: fc.boolean() }),
      fc.record({ what: fc.constant("quiet"), rounds: fc.integer({ min: 1, max: 12 }) }),
      fc.record({
        ...{ what: fc.constant("late"), rounds: fc.integer({ min: 1, max: 4 }) },
        ...{ late: fc.subarray(names), silent: fc.subarray(names) },
      }),
    );
    fc.assert(
      fc.property(budget, sizes, fc.array(action, { maxLength: 50 }), (fleetPerNode, sizes, actions) => {
        const story = new RandomStory(fleetPerNode, sizes);
        for (const step of actions) story.play(step);
      }),
      { numRuns: 400 },
    );
  });

  it("has room for half as many threads again that join at once before their first heartbeat", () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000 }), sizes, (fleetPerNode, sizes) => {
        const fleet = new BudgetFleet(fleetPerNode);
        for (const [at, threads] of sizes.entries()) fleet.join(`${at}`, threads);
        for (let round = 0; round < 20; round++) fleet.round();
        const joining = Math.ceil(fleet.threads / 2);
        for (let joined = 0; joined < joining; joined++) fleet.join(`late ${joined}`, 1);
        for (let round = 0; round < 10; round++) {
          fleet.round();
          assert.ok(fleet.held <= Math.max(fleetPerNode, fleet.threads), `${fleet.held} are held`);
        }
      }),
      { numRuns: 100 },
    );
  });

  it("is used but for the reserve once a fleet has been quiet, and each thread has at least one connection", () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2_000 }), sizes, (fleetPerNode, sizes) => {
        const fleet = new BudgetFleet(fleetPerNode);
        for (const [at, threads] of sizes.entries()) fleet.join(`${at}`, threads);
        for (let round = 0; round < 20; round++) fleet.round();
        const { perThread } = fullShares({ fleetPerNode, threads: fleet.threads, largest: Math.max(...sizes) });
        assert.equal(fleet.held, perThread * fleet.threads);
        assert.ok(perThread >= 1);
      }),
      { numRuns: 100 },
    );
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Freshness } from "@rollcall/core/view";
import type { NodeState } from "@rollcall/worker";
import { type Act, type Cast, type FleetStage, killEachAndBringBack, type ReplicaSight } from "./fleet-story.js";
import type { Since } from "./replica-record.js";

const never = new AbortController().signal;

/** A replica that knows, and trusts, what the test tells it. */
class ToldReplica implements ReplicaSight {
  state: Since<NodeState> = { value: "healthy", sinceMs: 0 };
  freshness: Since<Freshness> = { value: "fresh", sinceMs: 0 };
  answers = 7;
  stateOf = (name: string) => (name === "n2" ? this.state : undefined);
  answersOf = () => this.answers;
}

/** Two replicas, the second of which learns of everything later, and what happens to them in order. */
function world() {
  const startedMs = performance.now();
  const elapsedMs = () => performance.now() - startedMs;
  const events: string[] = [];
  const first = new ToldReplica();
  const second = new ToldReplica();
  const later = (ms: number, change: () => void) => setTimeout(change, ms);
  const tellAll = (what: string, change: (replica: ToldReplica) => void) => {
    later(50, () => change(first));
    later(250, () => {
      events.push(what);
      change(second);
    });
  };
  const keeper = (name: string) => ({
    name,
    async kill() {
      events.push(`kill ${name}`);
      tellAll("stale", (replica) => {
        replica.freshness = { value: "stale", sinceMs: elapsedMs() };
      });
    },
    async restart() {
      events.push(`restart ${name}`);
      tellAll("fresh", (replica) => {
        replica.freshness = { value: "fresh", sinceMs: elapsedMs() };
      });
    },
  });
  const cast: Cast = {
    node: {
      name: "n2",
      async kill() {
        events.push("kill n2");
        first.state = { value: "ejected", sinceMs: elapsedMs() };
        tellAll("down", (replica) => {
          replica.state = { value: "down", sinceMs: elapsedMs() };
        });
      },
      async restart() {
        events.push("restart n2");
        first.state = { value: "slow-start", sinceMs: elapsedMs() };
        second.state = { value: "slow-start", sinceMs: elapsedMs() };
        first.answers++;
        later(250, () => {
          events.push("answers");
          second.answers++;
        });
      },
    },
    redis: keeper("Redis"),
    coordinator: keeper("the coordinator"),
  };
  const lines: string[] = [];
  const acts: Act[] = [];
  let searches = 0;
  const stage: FleetStage = {
    replicas: [first, second],
    totals: () => ({ searches: ++searches, failed: 0, slowestMs: 1, firstFailures: [] }),
    elapsedMs,
    tell: (line) => lines.push(line),
    note: (act) => acts.push(act),
    signal: never,
  };
  return { cast, stage, events, lines, acts };
}

describe("the story of a fleet", { timeout: 60_000 }, () => {
  it("kills the node, Redis and the coordinator, and goes on each time only once every replica knows", async () => {
    const { cast, stage, events, lines, acts } = world();
    await killEachAndBringBack(cast, 0.3, stage);
    assert.deepEqual(events, [
      ...["kill n2", "down", "restart n2", "answers"],
      ...["kill Redis", "stale", "restart Redis", "fresh"],
      ...["kill the coordinator", "stale", "restart the coordinator", "fresh"],
    ]);
    assert.deepEqual(
      acts.map(({ victim, searches, failed }) => ({ victim, searches, failed })),
      ["n2", "Redis", "the coordinator"].map((victim) => ({ victim, searches: 1, failed: 0 })),
    );
    for (const { knownAfterMs, overAfterMs } of acts) {
      // By the later of the two, 250 ms after the kill; and again after the start. Timers may fire a little early.
      assert.ok(knownAfterMs > 240, `${knownAfterMs}`);
      assert.ok(overAfterMs > knownAfterMs + 240, `${overAfterMs}`);
    }
    assert.match(lines[1] ?? "", /^every replica knows that n2 is down, \d+\.\d\d s after the kill$/);
    assert.match(lines[11] ?? "", /^every replica has a view that is kept again, \d+\.\d\d s after the start$/);
    assert.equal(lines.length, 12);
  });

  it("does not take what was so before for what has come of the return", async () => {
    const { cast, stage, acts } = world();
    const stop = new AbortController();
    // A node that comes back, and that nobody sends a search.
    const idle = { ...cast.node, restart: async () => void setTimeout(() => stop.abort("interrupted"), 300) };
    await assert.rejects(
      killEachAndBringBack({ ...cast, node: idle }, 0.1, { ...stage, signal: stop.signal }),
      () => stop.signal.aborted,
    );
    assert.deepEqual(acts, []);
  });

  it("ends at once when it is stopped, wherever it is", async () => {
    for (const at of ["node", "redis", "coordinator"] as const) {
      const { cast, stage, acts } = world();
      const stop = new AbortController();
      const hang = () => {
        setImmediate(() => stop.abort("interrupted"));
        return new Promise<void>(() => {});
      };
      await assert.rejects(
        killEachAndBringBack({ ...cast, [at]: { ...cast[at], restart: hang } }, 0.1, { ...stage, signal: stop.signal }),
        (reason) => reason === "interrupted",
      );
      assert.equal(acts.length, ["node", "redis", "coordinator"].indexOf(at));
    }
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Freshness } from "@rollcall/core/view";
import type { NodeState } from "@rollcall/worker";
import { unlessAborted } from "./abortable.js";
import type { Since } from "./node-history.js";
import { lastUntil, loseEachTarget, loseNode, type Observer, type PhaseResult, type RunContext } from "./phases.js";

const never = new AbortController().signal;
const targetNames = ["n2", "Redis", "the coordinator"];

class FakeObserver implements Observer {
  state: Since<NodeState> = { value: "healthy", sinceMs: 0 };
  freshness: Since<Freshness> = { value: "fresh", sinceMs: 0 };
  answers = 7;

  stateOf(name: string): Since<NodeState> | undefined {
    return name === "n2" ? this.state : undefined;
  }

  answersOf(): number {
    return this.answers;
  }
}

/** Two observers, of which the second sees each change 200 ms after the first, and the log of what happens. */
function fixture() {
  const startedMs = performance.now();
  const elapsedMs = () => performance.now() - startedMs;
  const events: string[] = [];
  const observers = [new FakeObserver(), new FakeObserver()] as const;
  const showLater = (event: string, change: (observer: FakeObserver) => void) => {
    setTimeout(() => change(observers[0]), 50);
    setTimeout(() => {
      events.push(event);
      change(observers[1]);
    }, 250);
  };
  const setFreshness = (value: Freshness) =>
    showLater(value, (observer) => {
      observer.freshness = { value, sinceMs: elapsedMs() };
    });
  const setState = (observer: FakeObserver, value: NodeState) => {
    observer.state = { value, sinceMs: elapsedMs() };
  };
  const target = (name: string, onKill: () => void, onRestart: () => void) => ({
    name,
    async kill() {
      events.push(`kill ${name}`);
      onKill();
    },
    async restart() {
      events.push(`restart ${name}`);
      onRestart();
    },
  });
  const viewSource = (name: string) =>
    target(
      name,
      () => setFreshness("stale"),
      () => setFreshness("fresh"),
    );
  const node = target(
    "n2",
    () => {
      // An ejection by one observer is not yet a down node for all.
      setState(observers[0], "ejected");
      showLater("down", (observer) => setState(observer, "down"));
    },
    () => {
      for (const observer of observers) setState(observer, "slow-start");
      showLater("answers", (observer) => observer.answers++);
    },
  );
  const lines: string[] = [];
  const results: PhaseResult[] = [];
  let searches = 0;
  const context: RunContext = {
    observers,
    observerText: "every replica",
    totals: () => ({ searches: ++searches, failed: 0, slowestMs: 1, firstFailures: [] }),
    elapsedMs,
    print: (line) => lines.push(line),
    onPhaseEnd: (result) => results.push(result),
    signal: never,
  };
  const targets = { node, redis: viewSource("Redis"), coordinator: viewSource("the coordinator") };
  return { targets, context, events, lines, results };
}

describe("demo", { timeout: 60_000 }, () => {
  it("the phases of a run go on after each kill and each restart only when every observer has seen it", async () => {
    const { targets, context, events, lines, results } = fixture();
    await loseEachTarget(targets, 0.3, context);
    assert.deepEqual(events, [
      ...["kill n2", "down", "restart n2", "answers"],
      ...["kill Redis", "stale", "restart Redis", "fresh"],
      ...["kill the coordinator", "stale", "restart the coordinator", "fresh"],
    ]);
    assert.deepEqual(
      results.map(({ target, searches, failed }) => ({ target, searches, failed })),
      targetNames.map((target) => ({ target, searches: 1, failed: 0 })),
    );
    for (const { seenAfterMs, recoveredAfterMs } of results) {
      // The second observer follows after 250 ms; a timer may fire a little early.
      assert.ok(seenAfterMs > 240, `${seenAfterMs}`);
      assert.ok(recoveredAfterMs > seenAfterMs + 240, `${recoveredAfterMs}`);
    }
    assert.match(lines[1] ?? "", /^every replica sees n2 down, \d+\.\d\d s after the kill$/);
    assert.match(lines.at(-1) ?? "", /^every replica has a fresh view again, \d+\.\d\d s after the start$/);
  });

  it("the phases of one pool kill and restart only the node", async () => {
    const { targets, context, events } = fixture();
    await loseNode(targets.node, 0.3, context);
    assert.deepEqual(events, ["kill n2", "down", "restart n2", "answers"]);
  });

  it("the phases of a run do not count answers from before the restart as a recovery", async () => {
    const { targets, context, results } = fixture();
    const stop = new AbortController();
    const idle = { ...targets.node, restart: async () => void setTimeout(() => stop.abort("interrupted"), 300) };
    await assert.rejects(loseNode(idle, 0.1, { ...context, signal: stop.signal }));
    assert.ok(stop.signal.aborted);
    assert.deepEqual(results, []);
  });

  it("the phases of a run end at once with the reason when they are stopped while a target restarts", async () => {
    for (const [at, key] of (["node", "redis", "coordinator"] as const).entries()) {
      const { targets, context, results } = fixture();
      const stop = new AbortController();
      const restart = () => {
        setImmediate(() => stop.abort("interrupted"));
        return new Promise<void>(() => {});
      };
      const hanging = { ...targets, [key]: { ...targets[key], restart } };
      await assert.rejects(
        loseEachTarget(hanging, 0.1, { ...context, signal: stop.signal }),
        (reason) => reason === "interrupted",
      );
      assert.equal(results.length, at);
    }
  });
});

describe("demo", () => {
  it("a run without a target lasts until its time has passed or it is stopped", async () => {
    await lastUntil(1, { elapsedMs: () => 1_001, signal: never });
    const stop = new AbortController();
    setImmediate(() => stop.abort());
    await assert.rejects(lastUntil(60, { elapsedMs: () => 0, signal: stop.signal }), { name: "AbortError" });
  });
});

describe("demo", () => {
  it("abortable work has its own outcome unless the signal has fired, even before the work began", async () => {
    assert.equal(await unlessAborted(Promise.resolve(3), never), 3);
    await assert.rejects(unlessAborted(Promise.reject(new Error("broken")), never), /broken/);
    const pending = new Promise<void>(() => {});
    await assert.rejects(unlessAborted(pending, AbortSignal.abort(new Error("too late"))), /too late/);
  });
});

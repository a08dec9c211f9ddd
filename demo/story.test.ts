import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { NodeState } from "@rollcall/worker";
import { killAndBringBack, unlessAborted, watch } from "./story.js";

const never = new AbortController().signal;

describe("the story", () => {
  it("starts the node again only once the pool has found it down, and ends once it answers again", async () => {
    const events: string[] = [];
    let state: NodeState = "healthy";
    let answers = 7;
    const later = (change: () => void) => setTimeout(change, 300);
    const victim = {
      name: "n2",
      async kill() {
        events.push("killed");
        state = "ejected";
        later(() => {
          events.push("down");
          state = "down";
        });
      },
      async restart() {
        events.push("restarted");
        later(() => {
          events.push("in use");
          state = "slow-start";
          later(() => {
            events.push("answers");
            answers++;
          });
        });
      },
    };
    const startedMs = performance.now();
    await killAndBringBack(victim, 0.3, {
      stateOf: (name) => (name === "n2" ? state : undefined),
      answersOf: (name) => (name === "n2" ? answers : 0),
      elapsedMs: () => performance.now() - startedMs,
      tell: () => {},
      signal: never,
    });
    events.push("over");
    assert.deepEqual(events, ["killed", "down", "restarted", "in use", "answers", "over"]);
  });

  it("ends at once when it is stopped, even while it waits for a node to start", async () => {
    const stop = new AbortController();
    const victim = {
      name: "n2",
      kill: async () => {},
      restart: () => {
        setImmediate(() => stop.abort("interrupted"));
        return new Promise<void>(() => {});
      },
    };
    const stage = { stateOf: () => "down" as const, answersOf: () => 0, elapsedMs: () => 0, tell: () => {} };
    await assert.rejects(killAndBringBack(victim, 0.05, { ...stage, signal: stop.signal }), (reason) => {
      return reason === "interrupted";
    });
  });

  it("of a cluster that is not ours is to watch it, until it is stopped", async () => {
    await watch(1, () => 1_001, never);
    const stop = new AbortController();
    setImmediate(() => stop.abort());
    await assert.rejects(
      watch(60, () => 0, stop.signal),
      { name: "AbortError" },
    );
  });
});

describe("work unless aborted", () => {
  it("ends as it ends, or with the reason of the abortion, also of one before it", async () => {
    assert.equal(await unlessAborted(Promise.resolve(3), never), 3);
    await assert.rejects(unlessAborted(Promise.reject(new Error("broken")), never), /broken/);
    const pending = new Promise<void>(() => {});
    await assert.rejects(unlessAborted(pending, AbortSignal.abort(new Error("too late"))), /too late/);
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { present } from "@rollcall/core";
import type { Freshness } from "@rollcall/core/view";
import type { NodeState } from "@rollcall/worker";
import type { ReplicaReport } from "./replica-messages.js";
import { ReplicaRecord } from "./replica-record.js";

function report(freshness?: Freshness, state: NodeState = "healthy"): ReplicaReport {
  const version = { epoch: 1, leader: "c", sequence: 1 };
  return {
    nodes: [{ address: "a:1", name: "n1", state, perSecond: 10, answers: 7 }],
    totals: { searches: 7, failed: 0, slowestMs: 5, firstFailures: [] },
    ...present({ view: freshness && { version, freshness, ageMs: 100 } }),
    threads: [],
  };
}

describe("demo", () => {
  it("the record of a replica keeps the time of a node's event, not that of the report after it, and forgets a node that left", () => {
    const record = new ReplicaRecord("replica 1");
    assert.equal(record.stateOf("n1"), undefined);
    assert.equal(record.answersOf("n1"), 0);
    record.receiveReport(report("fresh"), 0);
    assert.deepEqual(record.stateOf("n1"), { value: "healthy", sinceMs: 0 });
    record.receiveEvent({ address: "a:1", name: "n1", from: "healthy", to: "down" }, 8_300);
    for (const atMs of [8_310, 9_000]) record.receiveReport(report("fresh", "down"), atMs);
    assert.deepEqual(record.stateOf("n1"), { value: "down", sinceMs: 8_300 });
    assert.equal(record.answersOf("n1"), 7);
    record.receiveEvent({ address: "a:1", from: "down", to: "absent" }, 9_500);
    record.receiveReport(report("fresh"), 9_600);
    assert.deepEqual(record.stateOf("n1"), { value: "healthy", sinceMs: 0 });
  });

  it("the record of a replica keeps since when the view is as fresh as it is", () => {
    const record = new ReplicaRecord("replica 1");
    record.receiveReport(report(), 50);
    assert.equal(record.freshness, undefined);
    for (const [at, freshness] of (["fresh", "fresh", "stale", "stale"] as const).entries()) {
      record.receiveReport(report(freshness), 100 * (at + 1));
    }
    assert.deepEqual(record.freshness, { value: "stale", sinceMs: 300 });
  });
});

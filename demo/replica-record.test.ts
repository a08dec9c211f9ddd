import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Freshness } from "@rollcall/core/view";
import type { NodeState } from "@rollcall/worker";
import type { ReplicaReport } from "./replica-messages.js";
import { ReplicaRecord } from "./replica-record.js";

function report(freshness?: Freshness, state: NodeState = "healthy"): ReplicaReport {
  const version = { epoch: 1, leader: "c", sequence: 1 };
  return {
    nodes: [{ address: "a:1", name: "n1", state, perSecond: 10, answers: 7 }],
    totals: { searches: 7, failed: 0, slowestMs: 5, firstFailures: [] },
    ...(freshness === undefined ? {} : { view: { version, freshness, ageMs: 100 } }),
    threads: [],
  };
}

describe("the record of a replica", () => {
  it("knows nothing before the first report", () => {
    const record = new ReplicaRecord("replica 1");
    assert.equal(record.report, undefined);
    assert.equal(record.stateOf("n1"), undefined);
    assert.equal(record.freshness, undefined);
    assert.equal(record.answersOf("n1"), 0);
  });

  it("keeps the moment at which a node came to stand as it does, not that of the report", () => {
    const record = new ReplicaRecord("replica 1");
    record.heard(report("fresh"), 0);
    assert.deepEqual(record.stateOf("n1"), { value: "healthy", sinceMs: 0 });
    record.heardOf({ address: "a:1", name: "n1", from: "healthy", to: "ejected" }, 8_000);
    record.heardOf({ address: "a:1", name: "n1", from: "ejected", to: "down" }, 8_300);
    record.heard(report("fresh", "down"), 8_310);
    record.heard(report("fresh", "down"), 9_000);
    assert.deepEqual(record.stateOf("n1"), { value: "down", sinceMs: 8_300 });
    assert.equal(record.stateOf("n2"), undefined);
    assert.equal(record.answersOf("n1"), 7);
  });

  it("forgets a node that has left: one at its address later is another", () => {
    const record = new ReplicaRecord("replica 1");
    record.heardOf({ address: "a:1", from: "draining", to: "absent" }, 8_000);
    record.heard(report("fresh"), 9_000);
    assert.deepEqual(record.stateOf("n1"), { value: "healthy", sinceMs: 0 });
  });

  it("keeps since when the view has been as fresh as it is", () => {
    const record = new ReplicaRecord("replica 1");
    record.heard(report(), 50);
    assert.equal(record.freshness, undefined);
    for (const [freshness, atMs] of [
      ["fresh", 100],
      ["fresh", 200],
      ["stale", 300],
      ["stale", 400],
    ] as const) {
      record.heard(report(freshness), atMs);
    }
    assert.deepEqual(record.freshness, { value: "stale", sinceMs: 300 });
  });
});

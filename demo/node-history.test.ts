import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { NodeEvent } from "@rollcall/worker";
import { NodeHistory } from "./node-history.js";

type Change = readonly [from: NodeEvent["from"], to: NodeEvent["to"], atMs: number, address?: string];

function historyOf(...changes: Change[]): NodeHistory {
  const history = new NodeHistory();
  for (const [from, to, atMs, address = "a:1"] of changes) history.record({ address, name: "n1", from, to }, atMs);
  return history;
}

describe("demo", () => {
  it("the history of nodes joins an ejection and the down mark that follows into one outage, which ends when the node is in use", () => {
    const lost: Change[] = [
      ["healthy", "ejected", 8_000],
      ["ejected", "down", 8_300],
    ];
    assert.deepEqual(historyOf(...lost).outages(), [{ node: "n1", down: true, fromMs: 8_000 }]);
    const back = historyOf(...lost, ["down", "slow-start", 20_000], ["slow-start", "healthy", 50_000]);
    assert.deepEqual(back.outages(), [{ node: "n1", down: true, fromMs: 8_000, untilMs: 20_000 }]);
    assert.equal(back.sinceMs("a:1"), 50_000);
  });

  it("the history of nodes records an ejection without a down mark apart from a node that was down", () => {
    const history = historyOf(["healthy", "ejected", 1_000], ["ejected", "healthy", 2_000]);
    assert.deepEqual(history.outages(), [{ node: "n1", down: false, fromMs: 1_000, untilMs: 2_000 }]);
  });

  it("the history of nodes lists outages in the order in which they began, with those that last", () => {
    const history = historyOf(
      ["healthy", "down", 1_000],
      ["healthy", "down", 2_000, "b:1"],
      ["down", "healthy", 3_000, "b:1"],
    );
    assert.deepEqual(
      history.outages().map(({ fromMs }) => fromMs),
      [1_000, 2_000],
    );
  });

  it("the history of nodes forgets a node that has left", () => {
    const history = historyOf(["healthy", "draining", 1_000], ["draining", "absent", 2_000]);
    assert.equal(history.sinceMs("a:1"), undefined);
    assert.deepEqual(history.outages(), []);
  });
});

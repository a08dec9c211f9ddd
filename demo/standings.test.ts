import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { NodeEvent } from "@rollcall/worker";
import { Standings } from "./standings.js";

function moved(from: NodeEvent["from"], to: NodeEvent["to"], address = "a:1"): NodeEvent {
  return { address, name: "n1", from, to };
}

describe("standings", () => {
  it("make one absence of an ejection that the coordinator confirms", () => {
    const standings = new Standings();
    standings.moved(moved("healthy", "ejected"), 8_000);
    standings.moved(moved("ejected", "down"), 8_300);
    assert.deepEqual(standings.absences(), [{ node: "n1", down: true, fromMs: 8_000 }]);
    standings.moved(moved("down", "slow-start"), 20_000);
    standings.moved(moved("slow-start", "healthy"), 50_000);
    assert.deepEqual(standings.absences(), [{ node: "n1", down: true, fromMs: 8_000, untilMs: 20_000 }]);
    assert.equal(standings.sinceMs("a:1"), 50_000);
  });

  it("tell an ejection that nobody confirmed from a node that was down", () => {
    const standings = new Standings();
    standings.moved(moved("healthy", "ejected"), 1_000);
    standings.moved(moved("ejected", "healthy"), 2_000);
    assert.deepEqual(standings.absences(), [{ node: "n1", down: false, fromMs: 1_000, untilMs: 2_000 }]);
  });

  it("list absences in the order in which they began, those that last too", () => {
    const standings = new Standings();
    standings.moved(moved("healthy", "down", "a:1"), 1_000);
    standings.moved(moved("healthy", "down", "b:1"), 2_000);
    standings.moved(moved("down", "healthy", "b:1"), 3_000);
    assert.deepEqual(
      standings.absences().map(({ fromMs }) => fromMs),
      [1_000, 2_000],
    );
  });

  it("forget a node that is no longer known", () => {
    const standings = new Standings();
    standings.moved(moved("healthy", "draining"), 1_000);
    standings.moved(moved("draining", "absent"), 2_000);
    assert.equal(standings.sinceMs("a:1"), undefined);
    assert.deepEqual(standings.absences(), []);
  });

  it("know nothing of a node that has stood still from the start", () => {
    assert.equal(new Standings().sinceMs("a:1"), undefined);
  });
});

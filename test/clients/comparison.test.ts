import assert from "node:assert/strict";
import { it } from "node:test";
import { startFixtureCluster } from "@rollcall/testing/fixture";
import { allCalls } from "./all-calls.js";
import { testedClients } from "./clients.js";
import { differencesOf } from "./compare.js";
import { problemsOf } from "./differences.js";
import { runAlone, runOnPool } from "./run-both.js";

for (const tested of testedClients) {
  it(`${tested.name} returns, throws, tells and sends on a pool what it does alone, but for the listed`, async () => {
    await using cluster = await startFixtureCluster({ kind: tested.kind, nodes: 1 });
    const [upstream = ""] = cluster.urls;
    const [alone, inMain, inThreads] = await Promise.all([
      runAlone(tested, upstream, allCalls),
      runOnPool(tested, upstream, allCalls, 0),
      runOnPool(tested, upstream, allCalls, 2),
    ]);
    assert.ok(alone.length >= 120, `${alone.length} calls`);
    const withSpans = alone.filter(({ spans }) => spans.length > 0);
    assert.equal(withSpans.length > 60, tested.family === "modern", `${withSpans.length} calls have spans`);
    assert.deepEqual(problemsOf(differencesOf(alone, inMain), tested.name), []);
    assert.deepEqual(problemsOf(differencesOf(alone, inThreads), tested.name), []);
  });
}

import assert from "node:assert/strict";
import { it } from "node:test";
import { startEngine } from "@rollcall/testing/engines";
import { allCalls } from "./all-calls.js";
import { testedClients } from "./clients.js";
import { differencesOf } from "./compare.js";
import { problemsOf } from "./differences.js";
import { clientsOfEngines } from "./engine-clients.js";
import { isFullMatrix } from "./full-matrix.js";
import { runAlone, runOnPool } from "./run-both.js";

for (const { kind, clients } of clientsOfEngines) {
  it(`on the real engine ${kind}, its clients do on a pool what they do alone`, { skip: !isFullMatrix }, async () => {
    await using cluster = await startEngine({ kind, nodes: 1 });
    const [upstream = ""] = cluster.urls;
    for (const tested of testedClients.filter(({ name }) => clients.test(name))) {
      // One after the other: each begins by deleting what the one before has left.
      const alone = await runAlone(tested, upstream, allCalls);
      for (const threads of [0, 2]) {
        const onPool = await runOnPool(tested, upstream, allCalls, threads);
        assert.deepEqual(
          problemsOf(differencesOf(alone, onPool), tested.name, true),
          [],
          `${tested.name}, ${threads} threads`,
        );
      }
    }
  });
}

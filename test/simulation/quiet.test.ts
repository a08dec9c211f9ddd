import assert from "node:assert/strict";
import { it } from "node:test";
import { Simulation } from "./simulation.js";

const seed = 1;
const nodes = 10;
/** By then there is a leader, and its first list of nodes. */
const startMs = 60_000;
const quietMs = 600_000;

/** A sniff every 30 s; for each a probe of the node that is asked, and one of every node each 10 s, but for jitter. */
const fleets = [
  { what: "three coordinators and eight replicas", coordinators: 3, candidates: 0, sniffs: 20, probes: 623 },
  { what: "eight replicas that may lead", coordinators: 0, candidates: 8, sniffs: 20, probes: 622 },
];

for (const { what, coordinators, candidates, sniffs, probes } of fleets) {
  it(`${what} sniff ${sniffs} times and probe ${probes} times in ten quiet minutes, all by their leader`, async () => {
    const simulation = new Simulation({ seed, nodes, replicas: 8, coordinators, candidates, requestsPerSecond: 5 });
    await simulation.run(startMs);
    const { requests } = simulation.invariants;
    const before = { sniffs: requests.sniffs.length, probes: requests.probes.length };
    await simulation.run(quietMs);
    const sniffed = requests.sniffs.slice(before.sniffs);
    const probed = requests.probes.slice(before.probes);
    assert.deepEqual([sniffed.length, probed.length], [sniffs, probes]);
    assert.deepEqual(
      [...new Set([...sniffed, ...probed])],
      simulation.leaders.map(({ name }) => name),
    );
    assert.deepEqual(simulation.violations, []);
  });
}

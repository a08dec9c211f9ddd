import assert from "node:assert/strict";
import { it } from "node:test";
import { Simulation } from "./simulation.js";

const seed = 1;
const nodes = 10;
/** By then there is a leader, its first list of nodes, and a fleet without requests is idle. */
const startMs = 90_000;
const quietMs = 600_000;

/** A sniff every 30 s, and for each one probe of the node that is asked. */
const sniffs = quietMs / 30_000;
/** A probe of each node every 10 s; without requests, of three nodes every 10 s. */
const probesBy = { requests: (nodes * quietMs) / 10_000 + sniffs, none: (3 * quietMs) / 10_000 + sniffs };

const fleets = [
  { what: "three coordinators and eight replicas", coordinators: 3, candidates: 0, requestsPerSecond: 5 },
  { what: "eight replicas that may lead", coordinators: 0, candidates: 8, requestsPerSecond: 5 },
  {
    what: "three coordinators and eight replicas without requests",
    coordinators: 3,
    candidates: 0,
    requestsPerSecond: 0,
  },
];

for (const { what, coordinators, candidates, requestsPerSecond } of fleets) {
  const probes = requestsPerSecond === 0 ? probesBy.none : probesBy.requests;
  /** The time of a probe is drawn by chance: so many more or fewer fall into these minutes. */
  const jitter = requestsPerSecond === 0 ? 0.1 * probes : 0.02 * probes;
  it(`${what} sniff ${sniffs} times and probe about ${probes} times in ten quiet minutes, all by their leader`, async () => {
    const simulation = new Simulation({ seed, nodes, replicas: 8, coordinators, candidates, requestsPerSecond });
    await simulation.run(startMs);
    const { requests } = simulation.invariants;
    const before = { sniffs: requests.sniffs.length, probes: requests.probes.length };
    await simulation.run(quietMs);
    const sniffed = requests.sniffs.slice(before.sniffs);
    const probed = requests.probes.slice(before.probes);
    assert.equal(sniffed.length, sniffs);
    assert.ok(Math.abs(probed.length - probes) <= jitter, `${probed.length} probes`);
    assert.deepEqual(
      [...new Set([...sniffed, ...probed])],
      simulation.leaders.map(({ name }) => name),
    );
    assert.deepEqual(simulation.violations, []);
  });
}

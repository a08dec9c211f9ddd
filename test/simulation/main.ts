import { parseArgs } from "node:util";
import { runSeed } from "./seeds.js";

/**
 * npm run simulate -- [--seeds N] [--seed S] [--minutes M] [--sealed] [--hedged]
 *
 * Runs N seeds from S on; with `--sealed`, views have a secret; with `--hedged`, every request is a hedged Read. A seed
 * that fails prints its story, and ends the run with 1; `--seeds 1 --seed S` prints it again.
 */
const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "10" },
    seed: { type: "string", default: "1" },
    minutes: { type: "string", default: "5" },
    sealed: { type: "boolean", default: false },
    hedged: { type: "boolean", default: false },
  },
});
const [seeds, first, minutes] = [Number(values.seeds), Number(values.seed), Number(values.minutes)];

let failed = 0;
for (let seed = first; seed < first + seeds; seed++) {
  const startedMs = performance.now();
  const { violation, story, size, downs } = await runSeed({
    seed,
    minutes,
    isSealed: values.sealed,
    isHedged: values.hedged,
  });
  const took = `${((performance.now() - startedMs) / 1_000).toFixed(1)} s`;
  const { nodes, replicas, candidates, coordinators, requestsPerSecond } = size;
  const what =
    `${nodes} nodes, ${coordinators} coordinators, ${replicas} replicas of which ${candidates} may lead, ` +
    `${requestsPerSecond} requests/s, ${downs} times down`;
  if (violation === undefined) {
    console.log(`seed ${seed}: holds (${what}; ${took})`);
    continue;
  }
  failed++;
  console.log(`${story}\n\nseed ${seed}: ${violation.invariant} is violated: ${violation.text} (${what}; ${took})`);
}
if (failed > 0) process.exitCode = 1;

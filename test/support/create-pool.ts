import { hasCanaries, searchForCanaries } from "@rollcall/testing";
import { createPool as createPoolAsGiven, type Pool, type PoolOptions } from "@rollcall/worker";

/**
 * How many worker threads a pool under test has where its test does not say. What a pool promises does not depend on
 * it, so `npm test` runs the same suites with none and with two.
 */
export const testedThreads = Number(process.env.ROLLCALL_TEST_THREADS ?? 0);

/** Those of a process that has made up secrets. */
const searched: Pool[] = [];
process.once("exit", () => {
  for (const pool of searched) searchForCanaries("a pool", [pool, pool.nodes(), pool.stats(), pool.config()]);
});

/**
 * `createPool` with {@link testedThreads}; but with one where the test counts what is a thread's own. Its events and what
 * it shows of itself are searched for the secrets of the test.
 */
export function createPool(options: PoolOptions): Pool {
  const ofOneThread = options.connections?.perNode !== undefined || options.queue !== undefined;
  const threads = ofOneThread ? Math.min(testedThreads, 1) : testedThreads;
  const pool = createPoolAsGiven({ threads, ...options });
  const search = (event: object) => searchForCanaries("an event", event);
  pool.on("node", search);
  pool.on("view", search);
  pool.on("degraded", search);
  if (hasCanaries()) searched.push(pool);
  return pool;
}

import { isDeepStrictEqual } from "node:util";
import { createPool } from "rollcall";
import type { AnyClient, TestedClient } from "../clients/clients.js";
import { skipReason } from "./requirements.js";
import { runTest, type TestRun } from "./run-test.js";
import type { SuiteTest } from "./suite.js";

/** One test by a client alone and by the same client on a pool; or why it was not run. */
export type Comparison = { readonly test: SuiteTest } & (
  | { readonly kind: "skipped"; readonly reason: string }
  | { readonly kind: "same" | "different"; readonly alone: TestRun; readonly onPool: TestRun }
);

export interface SuiteOptions {
  readonly tests: readonly SuiteTest[];
  readonly tested: TestedClient;
  /** Of the engine's one node. */
  readonly url: string;
  readonly engineVersion: string;
  readonly threads: number;
  /** Removes what a test has left. */
  readonly clean: () => Promise<void>;
  readonly onCompared?: (comparison: Comparison) => void;
  /** How the client is put on the pool; a wrong one must be found. */
  readonly onPool?: TestedClient["onPool"];
}

/** Runs every test both ways, one after the other, on an engine that is cleaned before each. */
export async function compareSuite(options: SuiteOptions): Promise<Comparison[]> {
  const { tests, tested, url, engineVersion, threads, onPool = tested.onPool } = options;
  const { Client } = tested.load();
  // A node in front of an engine would be left for the one behind it.
  await using pool = createPool({ nodes: [url], discovery: false, threads, logger: false });
  await pool.ready();
  // An answer of the engine is compared as it is, whatever its status: no waits between attempts.
  const alone = new Client({ node: url, maxRetries: 0 });
  const pooled = new Client(onPool(pool));
  const comparisons: Comparison[] = [];
  for (const test of tests) {
    const reason = skipReason(test, engineVersion);
    const comparison: Comparison =
      reason === undefined ? await compareTest(test, alone, pooled, options) : { test, kind: "skipped", reason };
    comparisons.push(comparison);
    options.onCompared?.(comparison);
  }
  await Promise.all([alone.close(), pooled.close()]);
  return comparisons;
}

/** A difference must come twice: some tests depend on what an engine does in its own time. */
async function compareTest(
  test: SuiteTest,
  alone: AnyClient,
  pooled: AnyClient,
  { tested, clean }: SuiteOptions,
): Promise<Comparison> {
  const run = async (client: AnyClient): Promise<TestRun> => {
    await clean();
    return runTest(client, tested.family, test);
  };
  const compare = async (): Promise<Comparison> => {
    const runs = { alone: await run(alone), onPool: await run(pooled) };
    return { test, kind: isSame(runs.alone, runs.onPool) ? "same" : "different", ...runs };
  };
  const first = await compare();
  return first.kind === "different" ? compare() : first;
}

function isSame(alone: TestRun, onPool: TestRun): boolean {
  const isOutcome = (alone.failure === undefined) === (onPool.failure === undefined);
  return isOutcome && isDeepStrictEqual(alone.statuses, onPool.statuses);
}

import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { fileURLToPath } from "node:url";
import { type FixtureCluster, startFixtureCluster } from "@rollcall/testing/fixture";
import type { PoolRequest } from "@rollcall/worker";
import { changedPool } from "../clients/changed-pool.js";
import { testedClients } from "../clients/clients.js";
import { type RecordingNode, startRecordingNode } from "../clients/recording-node.js";
import { type Comparison, compareSuite, type SuiteOptions } from "./compare-suite.js";
import { readSuite } from "./parse-suite.js";
import { reportOf } from "./report.js";

/** Of the sources: what is built has no YAML. */
const folder = fileURLToPath(new URL("../../yaml/testdata", import.meta.url));
let cluster: FixtureCluster;
let node: RecordingNode;
before(async () => {
  cluster = await startFixtureCluster({ kind: "elasticsearch", nodes: 1 });
  node = await startRecordingNode(cluster.urls[0] ?? "");
});
after(async () => {
  await node[Symbol.asyncDispose]();
  await cluster.close();
});

async function compare(options: Pick<SuiteOptions, "onPool"> = {}): Promise<Comparison[]> {
  const [tested] = testedClients;
  assert.ok(tested !== undefined);
  const clean = async () => {};
  const engine = { url: node.url, engineVersion: "9.5.3" };
  return compareSuite({ tests: await readSuite(folder), tested, ...engine, threads: 0, clean, ...options });
}

it("a suite passes, fails and is skipped in the same places by a client alone and on a pool", async () => {
  const comparisons = await compare();
  assert.deepEqual(
    comparisons.map((one) => [one.test.name, one.kind === "skipped" ? one.reason : (one.alone.failure ?? one.kind)]),
    [
      ["every check holds", "same"],
      ["errors that are expected", "same"],
      ["a check that fails", "step 3, match hits.total.value: is 1, not match 2"],
      [
        "an error that is not expected",
        "step 2, search: fails with ResponseError: fault_500_exception\n\tRoot causes:\n\t\tfault_500_exception: r",
      ],
      ["for another version", "same"],
      ["not for this version", "not for 9.5.3"],
      ["needs what the runner has not", "needs the feature node_selector"],
      ["a step that the runner has not", "has the step shout"],
      ["the whole file", "is no YAML"],
    ],
  );
  const [, errors] = comparisons;
  assert.ok(errors !== undefined && errors.kind === "same");
  const expected = ["search 200", "search 404", "index 409", "get 400", "get TypeError", "search 404"];
  assert.deepEqual(errors.onPool.statuses, expected);
  assert.match(
    reportOf(comparisons),
    /^ +9 {2}tests\n +5 {2}run\n +3 {2}passed .*\n +2 {2}failed .*\n +0 {2}different\n/,
  );
});

it("a suite finds an adapter that sends something else", async () => {
  const wrong = (one: PoolRequest) => ({ ...one, path: one.path.replace("409", "ok") });
  const comparisons = await compare({ onPool: (pool) => testedClients[0]?.onPool(changedPool(pool, wrong)) ?? {} });
  assert.deepEqual(
    comparisons.filter(({ kind }) => kind === "different").map(({ test }) => test.name),
    ["errors that are expected"],
  );
  assert.match(reportOf(comparisons), /alone passes\n.*conflict is expected\n {2}call 3: index 409 alone, index 200/);
});

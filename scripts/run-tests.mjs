// node scripts/run-tests.mjs SUITE [SUITE…]: runs suites of the built tests, one after the other, with the node that runs
// this. Stops at the first suite that fails. Files are listed here because not every node we support takes patterns.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** Where a suite's tests are, and how many files run at once: processes that are stopped and killed want room. */
const suites = {
  unit: {
    folders: [
      "packages/core/dist",
      "packages/coordinator/dist",
      "packages/worker/dist",
      "packages/cli/dist",
      "demo/dist",
      "test/dist/unit",
    ],
    concurrency: 2,
  },
  integration: { folders: ["packages/testing/dist", "test/dist/integration", "test/dist/support"], concurrency: 2 },
  /** What a pool promises does not depend on its threads: the same files again, with two. */
  threads: {
    folders: ["test/dist/integration"],
    only: /\b(?:requests|retries|failover|frozen|close|bad-input|credentials)\.test\.js$/,
    concurrency: 2,
    env: { ROLLCALL_TEST_THREADS: "2" },
  },
  simulation: { folders: ["test/dist/simulation"], concurrency: 2 },
  /** Bad nights: whole fleets of processes, that mostly wait. */
  faults: { folders: ["test/dist/faults"], concurrency: 2 },
  engine: { folders: ["test/dist/engine"], concurrency: 1 },
};

/** Of one file: several times what the longest takes on two slow processors. */
const testTimeoutMs = 480_000;

for (const name of process.argv.slice(2)) {
  const suite = suites[name];
  if (suite === undefined) {
    console.error(`no suite "${name}"; there are ${Object.keys(suites).join(", ")}`);
    process.exit(2);
  }
  const files = suite.folders
    .flatMap((folder) => testsIn(join(root, folder)))
    .filter((file) => suite.only?.test(file) ?? true)
    .map((file) => relative(root, file));
  if (files.length === 0) {
    console.error(`suite "${name}" has no tests: was it built?`);
    process.exit(2);
  }
  console.log(`\n# ${name} tests: ${files.length} files, node ${process.version}`);
  const { status } = spawnSync(
    process.execPath,
    [
      "--test",
      `--test-concurrency=${suite.concurrency}`,
      `--test-timeout=${testTimeoutMs}`,
      "--test-reporter=spec",
      ...files,
    ],
    { cwd: root, stdio: "inherit", env: { ...process.env, ...suite.env } },
  );
  if (status !== 0) process.exit(status ?? 1);
}

function testsIn(folder) {
  let entries;
  try {
    entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  } catch {
    return [];
  }
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(".test.js"))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

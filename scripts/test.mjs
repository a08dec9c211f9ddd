// npm test: everything, from a bare clone after `npm ci`. Each step says what it is; the first that fails ends it.
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

const steps = [
  ["what the tests need on this machine", process.execPath, ["scripts/prerequisites.mjs"]],
  ["build", "npx", ["tsc", "-b"]],
  ["style", "npx", ["biome", "check", "."]],
  ["packages as they would be published", process.execPath, ["scripts/check-packages.mjs"]],
  [
    "tests",
    process.execPath,
    ["scripts/run-tests.mjs", "unit", "integration", "threads", "simulation", "faults", "engine"],
  ],
];

for (const [what, command, args] of steps) {
  console.log(`\n== ${what}`);
  const startedMs = Date.now();
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: "inherit" });
  if (status !== 0) {
    console.error(`\n== ${what}: failed${error === undefined ? "" : ` (${error.message})`}`);
    process.exit(status ?? 1);
  }
  console.log(`== ${what}: done in ${((Date.now() - startedMs) / 1000).toFixed(1)} s`);
}

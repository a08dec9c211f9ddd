// npm test: everything, from a bare clone after `npm ci`. Each step says what it is; the first that fails ends it.
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { stages } from "./suites.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const suites = stages.flatMap((stage) => stage.suites);

const steps = [
  ["what the tests need on this machine", process.execPath, ["scripts/prerequisites.mjs"]],
  ["build", "npm", ["run", "build", "--silent"]],
  ["style", "npx", ["biome", "check", "."]],
  ["packages as they would be published", process.execPath, ["scripts/check-packages.mjs"]],
  // Last, because its last line is the result of them all.
  ["tests", process.execPath, ["scripts/run-tests.mjs", ...suites]],
];

console.log(`npm test takes about 14 minutes on two processors. Without Redis, Java or Maven, or where the jars of the two
search engines are not in .cache yet, it fetches them first. A quick check without them: npm run check (a minute).`);

for (const [what, command, args] of steps) {
  console.log(`\n== ${what}`);
  const startedMs = performance.now();
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: "inherit" });
  if (status !== 0) {
    if (what !== "tests") console.error(`\n== ${what}: failed${error === undefined ? "" : ` (${error.message})`}`);
    process.exit(status ?? 1);
  }
  if (what !== "tests") console.log(`== ${what}: done in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
}

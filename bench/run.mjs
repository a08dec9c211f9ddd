// node bench/run.mjs [BENCH…]: what `npm run bench` starts. Installs bench's own dependencies where they are missing, builds,
// and runs. The clients that Rollcall is measured beside are dependencies of this folder alone.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const bench = dirname(fileURLToPath(import.meta.url));

if (!isInstalled()) run("npm", ["ci", "--prefix", bench]);
run("npx", ["tsc", "-b", dirname(bench), bench]);
run(process.execPath, [join(dirname(bench), "scripts/bundle.mjs")]);
run(process.execPath, [join(bench, "dist/main.js"), ...process.argv.slice(2)]);

/** npm keeps a copy of the lockfile beside what it has installed, without the optional packages of other platforms. */
function isInstalled() {
  try {
    const wanted = packagesOf("package-lock.json");
    const present = packagesOf("node_modules/.package-lock.json");
    return Object.entries(wanted).every(
      ([path, { version, optional }]) => path === "" || optional === true || present[path]?.version === version,
    );
  } catch {
    return false;
  }
}

function packagesOf(lockfile) {
  return JSON.parse(readFileSync(join(bench, lockfile), "utf8")).packages;
}

function run(command, parameters) {
  const { status, error } = spawnSync(command, parameters, { cwd: dirname(bench), stdio: "inherit" });
  if (status === 0) return;
  if (error !== undefined) console.error(error.message);
  process.exit(status ?? 1);
}

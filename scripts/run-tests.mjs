// node scripts/run-tests.mjs SUITE [SUITE…] [--only TEXT]: runs suites of the built tests with the node that runs this.
// Prints a line as each file ends, and what is still running; the output of a file only if it fails, but for its lines
// "note: …", such as why tests are skipped. The last line is
// "N passed, N failed, N skipped", and the exit code is 0 only if none failed.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { constants, setPriority, tmpdir } from "node:os";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { canariesFileVariable, canariesIn } from "../packages/testing/dist/canary.js";
import { stages, suites } from "./suites.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const reporter = join(root, "scripts/count-tests.mjs");
const severalFiles = join(root, "scripts/run-files.mjs");
/** A file that changes its process, or has hooks for the whole of it, has one of its own. */
const needsOwnProcess =
  /^(?:before|after)(?:Each)?\(|process\.(?:on|once|exitCode|env\b|chdir)|registerHooks|mock\.timers/m;
/** A file that takes longer is shown as running. */
const showAfterMs = 5_000;
const stillRunningEveryMs = 60_000;

const { positionals, values } = parseArgs({ allowPositionals: true, options: { only: { type: "string" } } });
const unknown = positionals.filter((name) => suites[name] === undefined);
if (positionals.length === 0 || unknown.length > 0) {
  console.error(`no suite "${unknown.join()}"; there are ${Object.keys(suites).join(", ")}`);
  process.exit(2);
}

// A bundle of code that has changed since would be tested in its place.
const fresh = spawnSync(process.execPath, [join(root, "scripts/bundle.mjs"), "--fresh"], { stdio: "inherit" });
if (fresh.status !== 0) process.exit(1);

const startedMs = performance.now();
const counts = { passed: 0, failed: 0, skipped: 0 };
/** The same by suite, and how many files. */
const suiteCounts = new Map();
const failures = [];
const running = new Set();
const folder = mkdtempSync(join(tmpdir(), "rollcall-tests-"));
let files = 0;
let batches = 0;

process.on("exit", () => {
  for (const { child } of running) child.kill("SIGTERM");
  rmSync(folder, { recursive: true, force: true });
});
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(128 + constants.signals[signal]));
const stillRunning = setInterval(() => {
  const shown = [...running].map((one) => `${one.suite} ${one.name} (${seconds(performance.now() - one.startedMs)})`);
  say(`running: ${shown.join(", ")}`);
}, stillRunningEveryMs);

for (const stage of stages) {
  const queue = stage.suites.filter((name) => positionals.includes(name)).flatMap(filesOf);
  if (queue.length === 0) continue;
  const slots = Math.min(
    stage.slots,
    positionals.reduce((sum, name) => sum + suites[name].slots, 0),
  );
  const present = stage.suites.filter((name) => queue.some(({ suite }) => suite === name));
  const fileCount = queue.reduce((sum, { batch }) => sum + batch.length, 0);
  console.log(`\n# ${present.join(", ")}: ${fileCount} files, ${slots} at once, node ${process.version}`);
  await runAll(queue, slots);
  if (counts.failed > 0) break;
}
clearInterval(stillRunning);

if (failures.length > 0) console.log(`\nfailed:\n${failures.map((title) => `  ${title}`).join("\n")}`);
console.log("");
for (const [suite, { files: ended, passed, failed, skipped }] of suiteCounts) {
  console.log(`${suite.padEnd(11)} ${ended} files: ${passed} passed, ${failed} failed, ${skipped} skipped`);
}
console.log(`${files} files in ${seconds(performance.now() - startedMs)}`);
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = counts.failed > 0 ? 1 : 0;

/** Starts files in order, as far as the stage and their suite have a slot, until all have ended. */
async function runAll(queue, slots) {
  const busy = (suite) => [...running].filter((one) => one.suite === suite).length;
  while (queue.length > 0 || running.size > 0) {
    while (running.size < slots) {
      const next = queue.findIndex(({ suite }) => busy(suite) < suites[suite].slots);
      if (next < 0) break;
      start(queue.splice(next, 1)[0]);
    }
    await Promise.race([...running].map(({ ended }) => ended));
  }
}

function start({ suite, batch }) {
  const { env, niceness, fileTimeoutMs, node = process.execPath } = suites[suite];
  const name = shownName(batch);
  const results = join(folder, `${batches++}.jsonl`);
  files += batch.length;
  const canaries = `${results}.canaries`;
  const child = spawn(
    node,
    [
      ...["--test-reporter=spec", "--test-reporter-destination=stdout"],
      ...[`--test-reporter=${reporter}`, `--test-reporter-destination=${results}`],
      ...(batch.length === 1 ? batch : [severalFiles, ...batch]),
    ],
    { cwd: root, stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env, [canariesFileVariable]: canaries } },
  );
  if (niceness !== undefined && child.pid !== undefined) setPriority(child.pid, niceness);
  const one = { suite, name, fileCount: batch.length, child, startedMs: performance.now(), ended: undefined };
  running.add(one);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => {
      output += text;
    });
  }
  let isLate = false;
  const shown = setTimeout(() => say(`… ${suite.padEnd(11)} ${name}`), showAfterMs);
  const late = setTimeout(() => {
    isLate = true;
    child.kill("SIGTERM");
    setTimeout(() => child.kill("SIGKILL"), 5_000).unref();
  }, fileTimeoutMs);
  one.ended = new Promise((resolve) => {
    child.once("error", (error) => {
      output += error.message;
      resolve();
    });
    child.once("close", resolve);
  }).then(() => {
    clearTimeout(shown);
    clearTimeout(late);
    running.delete(one);
    const leaked = canariesIn(output, linesOf(canaries));
    const problem = isLate
      ? `it was ended after ${seconds(fileTimeoutMs)}`
      : leaked.length > 0
        ? `its output shows the secret ${leaked.join(", ")}`
        : undefined;
    end(
      one,
      linesOf(results).map((line) => JSON.parse(line)),
      problem,
      output,
    );
  });
}

function end({ suite, name, fileCount, child, startedMs: beganMs }, results, problem, output) {
  const count = { passed: 0, failed: 0, skipped: 0 };
  for (const { outcome } of results) count[outcome]++;
  const why =
    problem ??
    (child.exitCode !== 0 && count.failed === 0
      ? `it ended with ${child.signalCode ?? child.exitCode}`
      : results.length === 0
        ? "it has no tests"
        : undefined);
  if (why !== undefined) count.failed++;
  const ofSuite = suiteCounts.get(suite) ?? { files: 0, passed: 0, failed: 0, skipped: 0 };
  suiteCounts.set(suite, ofSuite);
  ofSuite.files += fileCount;
  for (const outcome of Object.keys(counts)) {
    counts[outcome] += count[outcome];
    ofSuite[outcome] += count[outcome];
  }
  const isWell = count.failed === 0;
  const took = seconds(performance.now() - beganMs);
  const tests = `${count.passed} passed${isWell ? "" : `, ${count.failed} failed`}`;
  say(`${isWell ? "✔" : "✖"} ${suite.padEnd(11)} ${name}  ${tests}  ${took}`);
  if (isWell) {
    for (const note of output.match(/^note: .*/gm) ?? []) console.log(`      ${note}`);
    return;
  }
  failures.push(`${suite} ${name}${why === undefined ? "" : `: ${why}`}`);
  console.log(output.trimEnd());
}

function linesOf(file) {
  try {
    return readFileSync(file, "utf8").split("\n").filter(Boolean);
  } catch {
    return [];
  }
}

function filesOf(suite) {
  const { folders, only = /./, except = /^$/, first = [] } = suites[suite];
  const rank = (file) => (first.indexOf(nameOf(file)) + first.length + 1) % (first.length + 1);
  const found = folders
    .flatMap((place) => testsIn(join(root, place)))
    .filter((file) => only.test(file) && !except.test(relative(root, file)) && file.includes(values.only ?? ""))
    .sort((one, other) => rank(one) - rank(other) || one.localeCompare(other));
  if (found.length === 0 && values.only === undefined) {
    console.error(`suite "${suite}" has no tests: was it built?`);
    process.exit(2);
  }
  return batchesOf(found, suites[suite].together ?? 1).map((batch) => ({ suite, batch }));
}

/** So many files in one process, those aside that need their own. */
function batchesOf(found, together) {
  const isAlone = (file) => together === 1 || needsOwnProcess.test(readFileSync(file, "utf8"));
  const alone = found.filter(isAlone);
  const others = found.filter((file) => !alone.includes(file));
  const count = Math.ceil(others.length / together);
  // Every so many: neighbours are of one kind, and some kinds take long.
  const batches = Array.from({ length: count }, (_, at) => others.filter((_, index) => index % count === at));
  return [...alone.map((file) => [file]), ...batches];
}

function shownName([first, ...others]) {
  const name = relative(root, first).replace(
    /(?:test\/|packages\/)?(.*?)dist\/(?:integration\/|faults\/|engine\/)?/,
    "$1",
  );
  return others.length === 0 ? name : `${name} and ${others.length} more`;
}

function nameOf(file) {
  return basename(file, ".test.js");
}

function testsIn(place) {
  let entries;
  try {
    entries = readdirSync(place, { recursive: true, withFileTypes: true });
  } catch {
    return [];
  }
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(".test.js"))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter((file) => file.includes("/dist/") && !file.includes("/node_modules/"));
}

function say(text) {
  const elapsed = Math.round((performance.now() - startedMs) / 1_000);
  console.log(`${String(Math.floor(elapsed / 60)).padStart(2)}:${String(elapsed % 60).padStart(2, "0")} ${text}`);
}

function seconds(ms) {
  return `${(ms / 1_000).toFixed(1)} s`;
}

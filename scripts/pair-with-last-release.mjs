// node scripts/pair-with-last-release.mjs [--tag TAG] [--keep]: this version and the one of the last tag before it on one
// view, as during an update: each leads, the pools of both follow, and the view changes hands both ways. To be run after
// `npm run build`. Without a tag it says so, and passes.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const { values } = parseArgs({ options: { tag: { type: "string" }, keep: { type: "boolean", default: false } } });

const tag = values.tag ?? lastTag();
if (tag === undefined) {
  console.log("pairing: there is no earlier tag to pair this version with");
  process.exit(0);
}
const startFixtureCluster = await fromTesting("fixture/index.js", "startFixtureCluster");
const startRedis = await fromTesting("redis/index.js", "startRedis");
const waitUntil = await fromTesting("wait-until.js", "waitUntil");

const folder = mkdtempSync(join(tmpdir(), "rollcall-pairing-"));
const children = new Set();
const ended = () => {
  for (const child of children) child.kill("SIGKILL");
  if (!values.keep) rmSync(folder, { recursive: true, force: true });
};
process.on("exit", ended);

console.log(`pairing: builds ${tag} in ${folder}`);
run("sh", ["-c", 'git archive --format=tar "$0" | tar -x -C "$1"', tag, folder], root);
run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"], folder);
run(join(folder, "node_modules/.bin/tsc"), ["-b", "packages/cli", "packages/rollcall"], folder);

const versions = { [tag]: folder, "this version": root };
const name = "pairing";
const redis = await startRedis();
const cluster = await startFixtureCluster({ nodes: 3 });
const [first] = cluster.nodes;
try {
  // Both orders: coordinators are updated first or last, and an update can be taken back.
  for (const [older, newer] of [
    [tag, "this version"],
    ["this version", tag],
  ]) {
    const leader = await startCoordinator(older);
    await until(`${older} leads`, newer, ({ view }) => view?.leader.pid === leader.pid);
    const pools = [startPool(older), startPool(newer)];
    for (const at of Object.keys(versions)) {
      await until(
        `${older} leads, and ${at} shows both pools`,
        at,
        (status) => allWell(status, 3) && status.replicas.length === 3,
      );
    }
    const next = await startCoordinator(newer);
    leader.kill("SIGTERM");
    for (const at of Object.keys(versions)) {
      await until(
        `${newer} leads after ${older}, and ${at} shows it`,
        at,
        (status) => status.view?.leader.pid === next.pid && allWell(status, 3),
      );
    }
    await first.kill();
    await until(`${newer} marks a node down for all`, older, ({ nodes }) =>
      nodes.some(({ state }) => state === "down"),
    );
    await first.restart();
    await until(
      "and takes it back",
      older,
      (status) => status.nodes.length === 3 && status.nodes.every(({ state }) => state !== "down"),
    );
    for (const child of [...pools, next]) child.kill("SIGTERM");
    await waitUntil("all have ended", () => children.size === 0, { timeoutMs: 60_000 });
  }
  console.log(`pairing: ${tag} and this version share one view, good`);
} finally {
  await cluster.close();
  await redis.close();
}
process.exit(0);

/** The last tag before this commit. */
function lastTag() {
  const { status, stdout } = spawnSync("git", ["describe", "--tags", "--abbrev=0", "--match=v*", "HEAD"], {
    cwd: root,
    encoding: "utf8",
  });
  return status === 0 ? stdout.trim() : undefined;
}

async function fromTesting(file, what) {
  return (await import(pathToFileURL(join(root, "packages/testing/dist", file)).href))[what];
}

function run(command, words, cwd) {
  const { status, stdout, stderr, error } = spawnSync(command, words, { cwd, encoding: "utf8" });
  if (status === 0) return;
  console.error(`pairing: ${command} ${words.join(" ")} failed\n${error?.message ?? ""}${stdout}${stderr}`);
  process.exit(1);
}

function start(version, words, env) {
  const { PATH, HOME } = process.env;
  const child = spawn(process.execPath, words, {
    cwd: versions[version],
    env: { PATH, HOME, ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  children.add(child);
  child.log = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    child.log += text;
  });
  child.once("exit", (code, signal) => {
    children.delete(child);
    if (code === 0) return;
    console.error(`pairing: a process of ${version} ended with ${signal ?? code}\n${child.log}`);
    process.exit(1);
  });
  return child;
}

async function startCoordinator(version) {
  const words = ["packages/cli/dist/main.js", "coordinator"];
  const env = { ROLLCALL_REDIS: redis.url, ROLLCALL_NAME: name, ROLLCALL_NODES: cluster.urls.join(",") };
  const child = start(version, words, env);
  await waitUntil(`a coordinator of ${version} has begun`, () => /is a candidate to lead/.test(child.log), {
    timeoutMs: 60_000,
  });
  return child;
}

/** A pool that searches all the time; a request that fails ends its process. */
function startPool(version) {
  const program = `
    import { createPool } from ${JSON.stringify(pathToFileURL(join(versions[version], "packages/rollcall/dist/index.js")).href)};
    const pool = createPool({ nodes: ${JSON.stringify(cluster.urls)}, redis: ${JSON.stringify(redis.url)},
      name: ${JSON.stringify(name)}, coordinator: "external", threads: 1 });
    let stopped = false;
    process.once("SIGTERM", () => { stopped = true; });
    while (!stopped) {
      (await pool.request({ method: "POST", path: "/logs/_search", body: {} })).throwIfError();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await pool.close();`;
  return start(version, ["--input-type=module", "-e", program], {});
}

/** Waits until `rollcall status` of a version shows what is expected. */
async function until(what, version, holds) {
  let last = "";
  const isSo = () => {
    const words = ["packages/cli/dist/main.js", "status", "--json", "--wait", "500"];
    const env = { ...process.env, ROLLCALL_REDIS: redis.url, ROLLCALL_NAME: name };
    const { stdout, stderr } = spawnSync(process.execPath, words, { cwd: versions[version], env, encoding: "utf8" });
    last = `${stdout}${stderr}`;
    return stdout !== "" && holds(JSON.parse(stdout));
  };
  try {
    await waitUntil(what, isSo, { timeoutMs: 60_000, everyMs: 300 });
    console.log(`pairing: ${what}`);
  } catch (error) {
    console.error(`pairing: ${error.message}\n${last}`);
    process.exit(1);
  }
}

function allWell({ state, nodes, replicas, warnings }, count) {
  const isWell = ({ state }) => state === "healthy" || state === "slow-start";
  return (
    state === "fresh" &&
    warnings.length === 0 &&
    nodes.length === count &&
    nodes.every(isWell) &&
    replicas.every(({ condition }) => condition === "well")
  );
}

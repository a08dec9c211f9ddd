import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { startFixtureCluster } from "@rollcall/testing/fixture";
import { own } from "@rollcall/testing/processes";
import { type BuildOptions, build } from "esbuild";
import { patience } from "./support-requests.js";

const task = `import { isMainThread } from "node:worker_threads";
  export default async (_, { request }) =>
    (isMainThread ? "main" : "thread") + " " + (await request({ method: "GET", path: "/logs/_doc/1" })).status;`;

/** Opens one pool after the other, by the options in its arguments, and prints a line for each. */
const application = `
  import { createPool } from "rollcall";
  const logger = (lines) => {
    const keep = (_, line) => void lines.push(line);
    return { debug() {}, info() {}, warn: keep, error: keep };
  };
  (async () => {
    for (const options of JSON.parse(process.argv[2])) {
      const log = [];
      const pool = createPool({ ...options, logger: logger(log) });
      const told = (call, what) => call.then(what, ({ code, sent, message }) => [code, sent, message].join(" "));
      const request = await told(pool.request({ method: "GET", path: "/logs/_doc/1" }), ({ status }) => status);
      const task = await told(pool.run(new URL(${JSON.stringify(`data:text/javascript,${encodeURIComponent(task)}`)})), (result) => result);
      await pool.close();
      console.log(JSON.stringify({ request, task, log }));
    }
  })();`;

/** A bundled application and its thread, `own.js`, in a folder of their own. */
async function bundled(format: "esm" | "cjs", use: (folder: string) => Promise<void>) {
  const folder = mkdtempSync(join(tmpdir(), "rollcall-bundle-"));
  const banner = `import { createRequire } from "node:module"; const require = createRequire(import.meta.url);`;
  const resolveDir = fileURLToPath(new URL("../../../", import.meta.url));
  const one = (contents: string, file: string) =>
    build({
      ...{ bundle: true, platform: "node", format, logLevel: "error", outfile: join(folder, file) },
      stdin: { contents, resolveDir },
      banner: { js: format === "esm" ? banner : "" },
    } as BuildOptions);
  try {
    writeFileSync(join(folder, "package.json"), JSON.stringify({ type: format === "esm" ? "module" : "commonjs" }));
    await one(application, "application.js");
    await one(`import "rollcall/thread";`, "own.js");
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function run(
  folder: string,
  options: readonly object[],
): Promise<{ request: unknown; task: unknown; log: string[] }[]> {
  const args = [join(folder, "application.js"), JSON.stringify(options)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const printed = text(child.stdout);
  const owned = await own(child);
  assert.deepEqual(await owned.gone, { code: 0, signal: null });
  return (await printed)
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

const missing = "its module rollcall-thread.js is not there, as in a bundle: set `threadEntry` (docs/bundlers.md)";
const refused = `no worker thread can start: ${missing}; with \`threads: 0\` the calling thread sends`;
const warning = `no worker thread can start, so the calling thread sends, as with \`threads: 0\`: ${missing}`;

for (const [format, kind] of [
  ["esm", "an ES module"],
  ["cjs", "CommonJS"],
] as const) {
  it(
    `an application that esbuild bundles as ${kind} has threads, or the setting that they need in every error and the log`,
    patience,
    async () => {
      await using cluster = await startFixtureCluster({ nodes: 1 });
      const nodes = cluster.urls;
      await bundled(format, async (folder) => {
        const own = join(folder, "own.js");
        const [here, threads, unset, elsewhere] = await run(folder, [
          { nodes, threads: 0 },
          { nodes, threads: 1 },
          { nodes },
          { nodes, threads: 1, threadEntry: own },
        ]);
        assert.deepEqual(here, { request: 200, task: "main 200", log: [] });
        const error = `THREAD no ${refused}`;
        assert.deepEqual(threads, { request: error, task: error, log: [refused] });
        const log = availableParallelism() > 1 ? [warning] : [];
        assert.deepEqual(unset, { request: 200, task: "main 200", log });
        const served = { request: 200, task: "thread 200", log: [] };
        assert.deepEqual(elsewhere, served);
        copyFileSync(own, join(folder, "rollcall-thread.js"));
        assert.deepEqual(await run(folder, [{ nodes, threads: 1 }]), [served], "it is found beside the bundle");
      });
    },
  );
}

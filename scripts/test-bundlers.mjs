// npm run test:bundlers [webpack] [ncc] [next] [jest] [typescript]: packs the packages, installs them and the bundlers in a
// temporary folder, and runs an application that each has bundled, in a folder that has no node_modules: what is not in
// the bundle is missed. docs/bundlers.md has the results. Takes minutes and some 500 MB.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const folder = mkdtempSync(join(tmpdir(), "rollcall-bundlers-"));
const away = mkdtempSync(join(tmpdir(), "rollcall-bundled-"));
/** How long one run of a bundled application may take. */
const runMs = 60_000;
const wanted = process.argv.length > 2 ? process.argv.slice(2) : ["webpack", "ncc", "next", "jest", "typescript"];
const run = (command, ...args) =>
  execFileSync(command, args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
const write = (path, text) => {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
};

/**
 * Opens a pool on a node of its own, and returns what became of a request and a task. With `redis` it returns, too,
 * whether a library could not be loaded; without, the default logger writes.
 */
const application = `import http from "node:http";
import { createPool } from "rollcall";
const task = "data:text/javascript,import{isMainThread}from'node:worker_threads';export default()=>isMainThread";
export async function attempt(options) {
  const server = http.createServer((request, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ cluster_uuid: "u", cluster_name: "c", version: { number: "2.19.1" } }));
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const nodes = ["http://127.0.0.1:" + server.address().port];
  const lost = [];
  const note = (_, line) => void (line.includes("cannot be loaded") && lost.push(line));
  const logger = options.redis === undefined ? undefined : { debug() {}, info() {}, warn: note, error: note };
  const pool = createPool({ nodes, discovery: false, logger, ...options });
  const told = (call, what) => call.then(what, ({ code, message }) => code + (message.includes("threadEntry") ? " threadEntry" : ""));
  const request = await told(pool.request({ method: "GET", path: "/a/_doc/1" }), ({ status }) => status);
  const isMain = await told(pool.run(new URL(task)), (result) => result);
  await pool.close();
  server.close();
  return [request, isMain, ...lost].join();
}`;
const program = `import { attempt } from "./attempt.js";
attempt(JSON.parse(process.argv[2])).then((line) => console.log(line));`;

const redis = { redis: "redis://127.0.0.1:1", name: "app" };
const calling = "200,true";
const works = "200,false";
const refused = "THREAD threadEntry,THREAD threadEntry";
let failed = false;

try {
  const packs = ["core", "coordinator", "worker", "rollcall"].map((name) => {
    const [{ filename }] = JSON.parse(
      run("npm", "pack", "--json", "--pack-destination", folder, join(root, "packages", name)),
    );
    return `./${filename}`;
  });
  write("package.json", "{}");
  const libraries = {
    webpack: ["webpack@5", "webpack-cli"],
    ncc: ["@vercel/ncc"],
    next: ["next@16", "react", "react-dom"],
    jest: ["jest@30"],
    typescript: [],
  };
  run("npm", "install", "--silent", "--no-audit", "--no-fund", ...packs, ...wanted.flatMap((name) => libraries[name]));
  write("attempt.js", application);
  write("program.js", program);
  write("package.json", JSON.stringify({ type: "module" }));
  if (wanted.includes("webpack")) webpack();
  if (wanted.includes("ncc")) ncc();
  if (wanted.includes("next")) await next();
  if (wanted.includes("jest")) jest();
  if (wanted.includes("typescript")) typescript();
} finally {
  for (const made of [folder, away]) rmSync(made, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);

/** What an application prints, alone with its bundle. */
function through(file, options) {
  const settings = { cwd: away, encoding: "utf8", timeout: runMs, stdio: ["ignore", "pipe", "ignore"] };
  return execFileSync(process.execPath, [file, JSON.stringify(options)], settings).trim();
}

function webpack() {
  const out = join(away, "webpack");
  run("npx", "webpack", "--entry", "./program.js", "--target", "node20", "--mode", "production", "-o", out);
  writeFileSync(join(out, "package.json"), JSON.stringify({ type: "commonjs" }));
  report("webpack", "threads: 0", through("webpack/main.js", { threads: 0 }), calling);
  report("webpack", "threads: 0, redis", through("webpack/main.js", { threads: 0, ...redis }), calling);
  report("webpack", "threads: 2", through("webpack/main.js", { threads: 2 }), works);
}

function ncc() {
  run("npx", "ncc", "build", "program.js", "-o", join(away, "ncc"));
  run("npx", "ncc", "build", "node_modules/rollcall/dist/thread.js", "-o", join(away, "ncc/thread"));
  const threadEntry = join(away, "ncc/thread/index.js");
  report("ncc", "threads: 0", through("ncc/index.js", { threads: 0 }), calling);
  report("ncc", "threads: 0, redis", through("ncc/index.js", { threads: 0, ...redis }), calling);
  report("ncc", "threads: 2", through("ncc/index.js", { threads: 2 }), refused);
  report("ncc", "no option", through("ncc/index.js", {}), calling);
  report("ncc", "threads: 2, threadEntry", through("ncc/index.js", { threads: 2, threadEntry }), works);
}

async function next() {
  write("site/package.json", "{}");
  write("site/app/layout.js", "export default ({ children }) => <html><body>{children}</body></html>;");
  copyFileSync(join(folder, "attempt.js"), join(folder, "site/attempt.js"));
  write(
    "site/app/route.js",
    `import { attempt } from "../attempt.js";
     export const dynamic = "force-dynamic";
     export const GET = async ({ url }) => new Response(await attempt(JSON.parse(new URL(url).searchParams.get("options"))));`,
  );
  for (const [bundler, external, expected] of [
    ["turbopack", false, works],
    ["webpack", false, refused],
    ["webpack", true, works],
  ]) {
    const setting = external ? { serverExternalPackages: ["rollcall", "@rollcall/worker"] } : {};
    // The server with what it needs, to be copied elsewhere.
    const config = { ...setting, output: "standalone", outputFileTracingRoot: folder };
    write("site/next.config.mjs", `export default ${JSON.stringify(config)};`);
    rmSync(join(folder, "site/.next"), { recursive: true, force: true });
    run("npx", "next", "build", "site", `--${bundler}`);
    const home = join(away, `next-${bundler}-${external}`);
    cpSync(join(folder, "site/.next/standalone"), home, { recursive: true, verbatimSymlinks: true });
    const port = await freePort();
    const site = spawn(process.execPath, ["site/server.js"], {
      ...{ cwd: home, stdio: ["ignore", "pipe", "ignore"] },
      env: { ...process.env, PORT: `${port}`, HOSTNAME: "127.0.0.1" },
    });
    try {
      await new Promise((ready, failed) => {
        site.stdout.on("data", (text) => /Ready/.test(text) && ready());
        site.once("exit", () => failed(new Error("the server of Next has ended")));
        setTimeout(() => failed(new Error("the server of Next is not ready")), runMs).unref();
      });
      for (const [what, options, wantedLine] of [
        ["threads: 0", { threads: 0 }, calling],
        ["threads: 0, redis", { threads: 0, ...redis }, calling],
        ["threads: 2", { threads: 2 }, expected],
      ]) {
        const url = `http://127.0.0.1:${port}/?options=${encodeURIComponent(JSON.stringify(options))}`;
        const line = await (await fetch(url, { signal: AbortSignal.timeout(runMs) })).text();
        report(`next --${bundler}${external ? ", external" : ""}`, what, line, wantedLine);
      }
    } finally {
      site.kill();
    }
  }
}

async function freePort() {
  const server = createServer();
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address();
  await new Promise((closed) => server.close(closed));
  return port;
}

/** In the default setting it is Jest that refuses, in a sentence of its own. */
function jest() {
  write("tests/package.json", "{}");
  copyFileSync(join(folder, "attempt.js"), join(folder, "tests/attempt.mjs"));
  write("tests/default.test.js", `test("it is loaded", () => void require("rollcall"));`);
  write(
    "tests/modules.test.mjs",
    `import { attempt } from "./attempt.mjs";
     for (const [threads, line] of [[0, ${JSON.stringify(calling)}], [2, ${JSON.stringify(works)}]])
       test("threads " + threads, async () => expect(await attempt({ threads })).toBe(line), 60_000);`,
  );
  const through = (file, flags) => {
    const settings = { cwd: join(folder, "tests"), encoding: "utf8", timeout: 2 * runMs };
    const { status, stderr } = spawnSync(
      process.execPath,
      [...flags, "../node_modules/jest/bin/jest.js", file],
      settings,
    );
    return status === 0 ? "passes" : (/Must use import to load ES Module/.exec(stderr)?.[0] ?? stderr);
  };
  report("jest", "default setting", through("default", []), "Must use import to load ES Module");
  report("jest", "--experimental-vm-modules", through("modules", ["--experimental-vm-modules"]), "passes");
}

/** `import` becomes `require()`. The types for it are tested in test/types. */
function typescript() {
  write("typescript/package.json", "{}");
  const attempt = application.replace("import http from", "import * as http from");
  write("typescript/attempt.ts", `// @ts-nocheck\n${attempt}`);
  write("typescript/main.ts", `// @ts-nocheck\n${program}`);
  write("typescript/tsconfig.json", JSON.stringify({ compilerOptions: { module: "node16", skipLibCheck: true } }));
  run(join(root, "node_modules/.bin/tsc"), "-p", "typescript");
  const main = join(folder, "typescript/main.js");
  report("CommonJS by TypeScript", "threads: 0", through(main, { threads: 0 }), calling);
  report("CommonJS by TypeScript", "threads: 2", through(main, { threads: 2 }), works);
}

function report(bundler, options, line, expected) {
  failed ||= line !== expected;
  console.log(`${bundler}, ${options}: ${line}${line === expected ? "" : `, and not ${expected}`}`);
}

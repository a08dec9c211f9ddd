// npm run test:bundlers [webpack] [ncc] [next]: packs the packages, installs them and the bundlers in a temporary folder,
// and runs an application that each has bundled. docs/bundlers.md has the results. Takes minutes and some 500 MB.
import { execFileSync, spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const folder = mkdtempSync(join(tmpdir(), "rollcall-bundlers-"));
const wanted = process.argv.length > 2 ? process.argv.slice(2) : ["webpack", "ncc", "next"];
const run = (command, ...args) =>
  execFileSync(command, args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
const write = (path, text) => {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
};

/** Opens a pool on a node of its own, and returns what became of a request and a task. */
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
  const pool = createPool({ nodes, discovery: false, logger: false, ...options });
  const told = (call, what) => call.then(what, ({ code, message }) => code + (message.includes("threadEntry") ? " threadEntry" : ""));
  const request = await told(pool.request({ method: "GET", path: "/a/_doc/1" }), ({ status }) => status);
  const isMain = await told(pool.run(new URL(task)), (result) => result);
  await pool.close();
  server.close();
  return [request, isMain].join();
}`;
const program = `import { attempt } from "./attempt.js";
attempt(JSON.parse(process.argv[2])).then((line) => console.log(line));`;

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
  };
  run("npm", "install", "--silent", "--no-audit", "--no-fund", ...packs, ...wanted.flatMap((name) => libraries[name]));
  write("attempt.js", application);
  write("program.js", program);
  write("package.json", JSON.stringify({ type: "module" }));
  if (wanted.includes("webpack")) webpack();
  if (wanted.includes("ncc")) ncc();
  if (wanted.includes("next")) await next();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);

function webpack() {
  run("npx", "webpack", "--entry", "./program.js", "--target", "node20", "--mode", "production", "-o", "webpack");
  write("webpack/package.json", JSON.stringify({ type: "commonjs" }));
  const through = (options) => run(process.execPath, "webpack/main.js", JSON.stringify(options)).trim();
  report("webpack", "threads: 0", through({ threads: 0 }), calling);
  report("webpack", "threads: 2", through({ threads: 2 }), works);
}

function ncc() {
  run("npx", "ncc", "build", "program.js", "-o", "ncc");
  run("npx", "ncc", "build", "node_modules/rollcall/dist/thread.js", "-o", "ncc/thread");
  const through = (options) => run(process.execPath, "ncc/index.js", JSON.stringify(options)).trim();
  report("ncc", "threads: 0", through({ threads: 0 }), calling);
  report(
    "ncc",
    "threads: 2, threadEntry",
    through({ threads: 2, threadEntry: join(folder, "ncc/thread/index.js") }),
    works,
  );
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
    write("site/next.config.mjs", `export default ${JSON.stringify(setting)};`);
    rmSync(join(folder, "site/.next"), { recursive: true, force: true });
    run("npx", "next", "build", "site", `--${bundler}`);
    const port = "24873";
    const site = spawn("node", ["node_modules/next/dist/bin/next", "start", "site", "-p", port, "-H", "127.0.0.1"], {
      ...{ cwd: folder, stdio: ["ignore", "pipe", "inherit"] },
    });
    try {
      await new Promise((ready) => site.stdout.on("data", (text) => /Ready/.test(text) && ready()));
      for (const [threads, wantedLine] of [
        [0, calling],
        [2, expected],
      ]) {
        const options = encodeURIComponent(JSON.stringify({ threads }));
        const line = await (await fetch(`http://127.0.0.1:${port}/?options=${options}`)).text();
        report(`next --${bundler}${external ? ", external" : ""}`, `threads: ${threads}`, line, wantedLine);
      }
    } finally {
      site.kill();
    }
  }
}

function report(bundler, options, line, expected) {
  failed ||= line !== expected;
  console.log(`${bundler}, ${options}: ${line}${line === expected ? "" : `, and not ${expected}`}`);
}

// Packs each package as npm would, has publint and attw check the tarballs, and uses the unpacked packages as an
// application would: by import, by require() and as a command.
import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
// Below node_modules, so that the unpacked packages find the libraries that are installed there.
const cache = join(root, "node_modules/.cache");
mkdirSync(cache, { recursive: true });
const folder = mkdtempSync(join(cache, "rollcall-pack-"));

const packages = ["core", "coordinator", "worker", "rollcall", "cli"];
const metadata = ["description", "keywords", "homepage", "bugs", "repository", "license", "author", "version"];
const run = (command, args, cwd = root) =>
  execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

let failed = false;
try {
  // npm would run it for each package that it packs, and mix its output with its own.
  run(process.execPath, ["scripts/bundle.mjs", "--check"]);
  const packed = JSON.parse(
    run("npm", [
      ...["pack", "--json", "--ignore-scripts", "--pack-destination", folder],
      ...packages.map((name) => `./packages/${name}`),
    ]),
  );
  const tarballOf = ({ filename }) => join(folder, filename);
  // Each judges the packages one by one, and both at the same time.
  const [published, typed] = await Promise.all([
    eachOf(packed, (one) => asyncProblemsOf("publint", ["run", tarballOf(one), "--strict"])),
    eachOf(packed, (one) => {
      // The cli has a command and no exports. What applications install has types for `require()` of its own.
      if (one.name === "@rollcall/cli") return [];
      const profile = one.name === "rollcall" ? "node16" : "esm-only";
      return asyncProblemsOf("attw", [tarballOf(one), "--profile", profile, "--no-emoji"]);
    }),
  ]);
  for (const [at, { name, files, unpackedSize, entryCount, ...one }] of packed.entries()) {
    const paths = files.map(({ path }) => path);
    const strays = paths.filter((path) => /\.test\.|tsbuildinfo|testdata|\.map$/.test(path));
    const problems = strays.map((path) => `${path} does not belong in the package`);
    for (const file of ["README.md", "LICENSE"]) if (!paths.includes(file)) problems.push(`${file} is missing`);

    const installed = join(folder, "node_modules", name);
    mkdirSync(installed, { recursive: true });
    run("tar", ["-xzf", tarballOf(one), "-C", installed, "--strip-components=1"]);
    const manifest = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
    for (const field of metadata) if (manifest[field] === undefined) problems.push(`package.json has no ${field}`);

    const { name: own, dependencies, peerDependencies = {} } = manifest;
    const declared = { ...peerDependencies, ...dependencies };
    for (const library of librariesIn(installed, paths)) {
      if (library !== own && declared[library] === undefined) problems.push(`${library} is imported, not declared`);
    }
    problems.push(...published[at], ...typed[at]);
    report(name, `${(unpackedSize / 1024).toFixed(0)} KB, ${entryCount} files`, problems);
  }

  writeFileSync(join(folder, "package.json"), '{ "private": true }');
  const task = pathToFileURL(join(folder, "task.mjs")).href;
  writeFileSync(
    join(folder, "task.mjs"),
    `import { RollcallError } from "rollcall";
    export default (_, { request }) =>
      request({ method: "GET", path: "no slash" }).catch((error) => error instanceof RollcallError);`,
  );
  const use = `
    const server = createServer((request, response) => {
      response.setHeader("x-elastic-product", "Elasticsearch");
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(request.url === "/"
        ? { cluster_uuid: "u", cluster_name: "c", version: { number: "7.17.0" } }
        : { took: 1 }));
    });
    server.listen(0, "127.0.0.1", async () => {
      const nodes = ["http://127.0.0.1:" + server.address().port];
      const pool = createPool({ nodes, threads: 1, logger: false });
      const answer = await pool.request({ method: "POST", path: "/_search", body: { size: 0 } });
      console.log(answer.throwIfError().json().took, await pool.run(new URL(${JSON.stringify(task)}), undefined));
      const registry = new Registry();
      registerMetrics(pool, registry);
      instrument(pool)();
      console.log((await bulk(pool, [])).items, (await registry.metrics()).includes("rollcall_accepted_requests_total"));
      await pool.close();
      server.close();
    });`;
  writeFileSync(
    join(folder, "application.mjs"),
    `import { createServer } from "node:http";\nimport { createPool } from "rollcall";\nimport { bulk } from "rollcall/helpers";\nimport { registerMetrics } from "rollcall/prometheus";\nimport { instrument } from "rollcall/opentelemetry";\nimport { Registry } from "prom-client";\n${use}`,
  );
  writeFileSync(
    join(folder, "application.cjs"),
    `const { createServer } = require("node:http");\nconst { createPool } = require("rollcall");\nconst { bulk } = require("rollcall/helpers");\nconst { registerMetrics } = require("rollcall/prometheus");\nconst { instrument } = require("rollcall/opentelemetry");\nconst { Registry } = require("prom-client");\n${use}`,
  );
  for (const [way, file] of [
    ["import", "application.mjs"],
    ["require()", "application.cjs"],
  ]) {
    report(
      way,
      "a request through a thread, an error in a task, a helper, metrics, spans",
      problemsOf(file, process.execPath, [join(folder, file)], "1 true\n0 true\n"),
    );
  }
  const command = join(folder, "node_modules/@rollcall/cli/dist/main.js");
  report("command", "rollcall --help", problemsOf("rollcall", process.execPath, [command, "--help"]));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);

/** The packages that the files import, from modules or from CommonJS. */
function librariesIn(folder, paths) {
  const code = paths.filter((path) => /\.c?js$/.test(path)).map((path) => readFileSync(join(folder, path), "utf8"));
  const imported =
    /(?:^(?:import|export) [^;"]*? from |^\} from |\bimport\(|\brequire\()"((?:@[\w-]+\/)?[a-z][\w-]*)[/"]/gm;
  const names = code.flatMap((text) => [...text.matchAll(imported)].map(([, library]) => library));
  return new Set(names.filter((library) => !isBuiltin(library)));
}

function report(what, detail, problems) {
  failed ||= problems.length > 0;
  console.log(`${what}: ${detail}${problems.length === 0 ? ", good" : `\n${problems.join("\n")}`}`);
}

/** The results in order; the next begins when the last has ended. */
async function eachOf(items, work) {
  const results = [];
  for (const item of items) results.push(await work(item));
  return results;
}

/** Of an installed command, without the second that npx takes. */
async function asyncProblemsOf(command, args) {
  try {
    await promisify(execFile)(join(root, "node_modules/.bin", command), args, { cwd: root });
    return [];
  } catch (error) {
    return [`${command}: ${error.stdout ?? ""}${error.stderr ?? error.message}`];
  }
}

function problemsOf(what, command, args, expected) {
  try {
    const written = run(command, args, what.startsWith("application") ? folder : root);
    return expected === undefined || written === expected ? [] : [`${what} wrote ${JSON.stringify(written)}`];
  } catch (error) {
    return [`${what}: ${error.stdout ?? ""}${error.stderr ?? error.message}`];
  }
}

// node scripts/bundle.mjs: the last step of the build. Replaces each entry point that tsc has written by one file, and a
// few that they share: otherwise a process, and again each of its threads, loads up to 200 modules at its start.
// docs/decisions/0028-bundled-entry-points.md says why here, and why so.
//
// A stale bundle never runs unnoticed. With the entry points goes what tsc remembers of the package, so the next `tsc -b`
// writes all of its files again, the entry points too: that code runs as well, and starts later.
//
// --check: bundles nothing, and fails unless all are bundled from what tsc wrote last. npm runs it before it packs.
// --fresh: the same, but what is not bundled is right, too. The tests run it first: `tsc --watch` writes single files.
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const distOf = (name) => join(root, "packages", name, "dist");
const stages = [
  "access",
  "config",
  "connections",
  "election",
  "health",
  "operations",
  "policy",
  "request",
  "selection",
  "sniff",
  "suffixes",
  "view",
];

/**
 * What is bundled together: the entry points of one package, below its `dist`. Libraries stay apart. So do the other
 * packages, but for `worker`: a pool and its threads load the least files if theirs contain what they use.
 */
const bundles = [
  { name: "core", entries: ["errors.js"] },
  { name: "core", entries: ["index.js", ...stages.map((stage) => `${stage}/index.js`)] },
  { name: "coordinator", entries: ["index.js", "cluster/index.js"] },
  { name: "worker", entries: ["index.js", "threads/rollcall-thread.js"], inlines: true },
  // By itself: what it shares with a pool would be a file more for each pool and thread to load.
  { name: "worker", entries: ["testing/index.js"], inlines: true },
];

/**
 * No other bundle contains these, and the bundles of their own package import them by name, too: `RollcallError` is one
 * class whatever throws it, and the others are loaded where they are used, with a library of their package.
 */
const apart = new Map([
  [join(distOf("core"), "errors.js"), "@rollcall/core/errors"],
  [join(distOf("core"), "suffixes/index.js"), "@rollcall/core/suffixes"],
  [join(distOf("coordinator"), "load-pino.cjs"), "@rollcall/coordinator/load-pino"],
  [join(distOf("coordinator"), "cluster/undici-parts.cjs"), "@rollcall/coordinator/undici-parts"],
]);

/** It finds the file of a thread beside itself, and so stays where it is. */
const located = join(distOf("worker"), "threads/start-worker.js");

const banner = "// Bundled by scripts/bundle.mjs";
const chunk = /^chunk-.*\.js(?:\.map)?$/;
const [mode] = process.argv.slice(2);

const entries = bundles.flatMap(({ name, entries }) => entries.map((entry) => join(distOf(name), entry)));
const bundled = entries.filter((file) => existsSync(file) && isBundled(file));
const problems = bundled.length === entries.length ? newerThanBundles() : [];
if (bundled.length < entries.length && (bundled.length > 0 || mode === "--check")) {
  problems.push(...entries.filter((file) => !bundled.includes(file)).map((file) => `${shown(file)} is not bundled`));
}
if (problems.length > 0) {
  console.error(`${problems.join("\n")}\nRun npx tsc -b --force, and npm run build.`);
  process.exit(1);
}
if (bundled.length === 0 && mode === undefined) await bundleAll();

async function bundleAll() {
  const { build } = await import("esbuild");
  // All are read before one is written: no bundle contains a bundle.
  const built = await Promise.all(bundles.map((bundle) => build(optionsOf(bundle))));
  for (const { name } of bundles) {
    for (const file of readdirSync(distOf(name))) if (chunk.test(file)) rmSync(join(distOf(name), file));
    rmSync(join(distOf(name), ".tsbuildinfo"), { force: true });
  }
  for (const { path, contents } of built.flatMap(({ outputFiles }) => outputFiles)) writeFileSync(path, contents);
}

function optionsOf({ name, entries, inlines = false }) {
  const dist = distOf(name);
  return {
    entryPoints: entries.map((entry) => join(dist, entry)),
    outbase: dist,
    outdir: dist,
    // The entry points are among the files that are read.
    allowOverwrite: true,
    write: false,
    bundle: true,
    splitting: true,
    chunkNames: "chunk-[hash]",
    packages: "external",
    external: [located],
    plugins: [ownImports(inlines)],
    platform: "node",
    format: "esm",
    target: "node20.19",
    charset: "utf8",
    sourcemap: true,
    banner: { js: banner },
    logLevel: "warning",
  };
}

function ownImports(inlines) {
  return {
    name: "rollcall",
    setup(build) {
      build.onResolve({ filter: /^(?:\.|@rollcall\/)/ }, ({ path, importer }) => {
        const file = path.startsWith(".") ? join(dirname(importer), path) : entryOf(path);
        const name = apart.get(file);
        if (name !== undefined) return { path: name, external: true };
        return path.startsWith(".") || !inlines ? undefined : { path: file };
      });
    },
  };
}

/** The file that an entry point such as `@rollcall/core/view` is. */
function entryOf(specifier) {
  const [, name, ...stage] = specifier.split("/");
  const folder = join(root, "packages", name);
  const { exports } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return join(folder, exports[[".", ...stage].join("/")].default);
}

function isBundled(file) {
  return readFileSync(file, "utf8").startsWith(banner);
}

function newerThanBundles() {
  const bundledMs = Math.min(...entries.map((file) => statSync(file).mtimeMs));
  return [...new Set(bundles.map(({ name }) => distOf(name)))]
    .flatMap((dist) => readdirSync(dist, { recursive: true }).map((file) => join(dist, file)))
    .filter((file) => /\.c?js$/.test(file) && statSync(file).mtimeMs > bundledMs && !isBundled(file))
    .map((file) => `${shown(file)} is newer than the bundles`);
}

function shown(file) {
  return relative(root, file);
}

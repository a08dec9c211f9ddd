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
const stages = [
  "access",
  "config",
  "election",
  "health",
  "policy",
  "request",
  "selection",
  "sniff",
  "suffixes",
  "view",
];

/** The entry points of each package, below its `dist`. */
const packages = {
  core: ["index.js", ...stages.map((stage) => `${stage}/index.js`)],
  coordinator: ["index.js", "cluster/index.js"],
  worker: ["index.js", "threads/rollcall-thread.js"],
};

/**
 * Files that stay what they are, by package: the one finds the thread's file beside itself, the other is CommonJS and
 * requires pino.
 */
const kept = { core: [], coordinator: ["load-pino.cjs"], worker: ["threads/start-worker.js"] };

const banner = "// Bundled by scripts/bundle.mjs";
const chunk = /^chunk-.*\.js(?:\.map)?$/;
const [mode] = process.argv.slice(2);
const problems = [];

for (const [name, entries] of Object.entries(packages)) {
  const dist = join(root, "packages", name, "dist");
  const files = entries.map((entry) => join(dist, entry));
  const bundled = files.filter((file) => existsSync(file) && isBundled(file));
  if (bundled.length === 0 && mode === undefined) await bundle(name, dist, files);
  else if (bundled.length === files.length) problems.push(...newerThanBundle(dist, files));
  else if (bundled.length > 0 || mode === "--check") problems.push(`packages/${name}: not bundled, or a part only`);
}
if (problems.length > 0) {
  console.error(`${problems.join("\n")}\nRun npx tsc -b --force, and npm run build.`);
  process.exit(1);
}

async function bundle(name, dist, files) {
  const { build } = await import("esbuild");
  const { outputFiles } = await build({
    entryPoints: files,
    outbase: dist,
    outdir: dist,
    // The entry points are among the files that are read.
    allowOverwrite: true,
    write: false,
    bundle: true,
    splitting: true,
    chunkNames: "chunk-[hash]",
    // Other packages stay what they are, ours included: a class is one and the same however it is reached.
    packages: "external",
    external: kept[name].map((file) => join(dist, file)),
    platform: "node",
    format: "esm",
    target: "node20.19",
    charset: "utf8",
    sourcemap: true,
    banner: { js: banner },
    logLevel: "warning",
  });
  for (const file of readdirSync(dist)) if (chunk.test(file)) rmSync(join(dist, file));
  rmSync(join(dist, ".tsbuildinfo"), { force: true });
  for (const { path, contents } of outputFiles) writeFileSync(path, contents);
}

function isBundled(file) {
  return readFileSync(file, "utf8").startsWith(banner);
}

function newerThanBundle(dist, files) {
  const bundledMs = Math.min(...files.map((file) => statSync(file).mtimeMs));
  return readdirSync(dist, { recursive: true })
    .map((file) => join(dist, file))
    .filter((file) => file.endsWith(".js") && statSync(file).mtimeMs > bundledMs && !isBundled(file))
    .map((file) => `${relative(root, file)} is newer than the bundle that contains it`);
}

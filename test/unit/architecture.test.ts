import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, sep } from "node:path";
import { it } from "node:test";
import { fileURLToPath } from "node:url";

const packages = fileURLToPath(new URL("../../../packages", import.meta.url));

/** What each package, and each stage of core, may import besides itself. Types of the configuration may go anywhere. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  core: [],
  "core/view": ["core", "core/address"],
  "core/address": ["core"],
  "core/access": ["core", "core/view", "core/address"],
  "core/config": ["core", "core/view", "core/address"],
  "core/policy": ["core", "core/access", "core/address"],
  "core/sniff": ["core", "core/view", "core/address"],
  "core/health": ["core", "core/view"],
  "core/election": ["core", "core/view"],
  "core/selection": ["core", "core/view"],
  "core/request": ["core"],
  coordinator: ["core"],
  worker: ["core", "coordinator"],
  rollcall: ["worker"],
  cli: ["core", "coordinator"],
};

/** Libraries by layer. Core does no I/O: of Node's own modules it may use those that only compute. */
const libraries: Readonly<Record<string, readonly string[]>> = {
  "core/address": ["node:net"],
  "core/config": ["node:net", "fastest-levenshtein"],
  "core/view": ["node:zlib"],
  "core/policy": ["tldts"],

  coordinator: ["undici", "ioredis", "pino"],
  worker: ["undici", "piscina"],
  cli: ["commander", "wrap-ansi"],
};

interface Import {
  readonly file: string;
  readonly layer: string;
  readonly specifier: string;
  /** Gone at run time. */
  readonly typeOnly: boolean;
}

function sourceFiles(): string[] {
  return readdirSync(packages, { recursive: true, encoding: "utf8" })
    .map((entry) => entry.split(sep).join("/"))
    .filter((file) => /^(?!testing\/)[^/]+\/src\/.*(?<!\.test)(?<!\.test\.support)\.ts$/.test(file));
}

function layerOf(file: string): string {
  const [name = "", , folder = ""] = file.split("/");
  return `${name}/${folder}` in mayImport ? `${name}/${folder}` : name;
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(packages, file), "utf8");
  const found = text.matchAll(/^(?:import|export)\s+(type\s)?(?:[\w*{}\s,$]+\s+from\s+)?"([^"]+)";$/gm);
  return [...found].map(([, type, specifier = ""]) => ({
    file,
    layer: layerOf(file),
    specifier,
    typeOnly: type !== undefined,
  }));
}

/** The file that a relative import means. */
function resolved({ file, specifier }: Import): string {
  return normalize(join(dirname(file), specifier))
    .split(sep)
    .join("/")
    .replace(/\.js$/, ".ts");
}

const all = sourceFiles().flatMap(importsOf);

it("finds the imports it is to judge", () => {
  assert.ok(all.length > 100, `only ${all.length} imports found`);
});

it("keeps imports pointing one way: core, then coordinator, then worker and cli", () => {
  const wrong = all.filter((one) => {
    if (!one.specifier.startsWith(".") && !one.specifier.startsWith("@rollcall/")) return false;
    const to = one.specifier.startsWith(".")
      ? layerOf(resolved(one))
      : (one.specifier.slice("@rollcall/".length).split("/")[0] ?? "");
    // A test file's helpers aside, a package never imports itself by name.
    if (one.specifier.startsWith("@rollcall/") && to === one.layer.split("/")[0]) return true;
    if (one.typeOnly && to === "core/config") return false;
    return to !== one.layer && mayImport[one.layer]?.includes(to) !== true;
  });
  assert.deepEqual(
    wrong.map(({ file, specifier }) => `${file} imports ${specifier}`),
    [],
  );
});

it("lets each package import the libraries it declares, and core nothing that does I/O", () => {
  const wrong = all.filter(({ layer, specifier, typeOnly }) => {
    if (specifier.startsWith(".") || specifier.startsWith("@rollcall/") || typeOnly) return false;
    if (specifier.startsWith("node:") && !layer.startsWith("core")) return false;
    return libraries[layer]?.includes(specifier) !== true;
  });
  assert.deepEqual(
    wrong.map(({ file, specifier }) => `${file} imports ${specifier}`),
    [],
  );
});

it("has no import cycles", () => {
  const next = new Map<string, string[]>();
  for (const one of all) {
    if (one.typeOnly || !one.specifier.startsWith(".")) continue;
    next.set(one.file, [...(next.get(one.file) ?? []), resolved(one)]);
  }
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    assert.ok(!path.includes(file), `a cycle: ${[...path.slice(path.indexOf(file)), file].join(" -> ")}`);
    if (done.has(file)) return;
    for (const to of next.get(file) ?? []) visit(to, [...path, file]);
    done.add(file);
  };
  for (const file of next.keys()) visit(file, []);
});

it("keeps barrels to entry points", () => {
  const entryPoints =
    /^(?:core\/src\/(?:[a-z]+\/)?|coordinator\/src\/(?:cluster\/)?|(?:worker|rollcall)\/src\/)index\.ts$/;
  const barrels = sourceFiles().filter((file) => file.endsWith("/index.ts") && !entryPoints.test(file));
  const insiders = all.filter((one) => one.specifier.startsWith(".") && /\/index\.js$/.test(one.specifier));
  assert.deepEqual([barrels, insiders.map(({ file, specifier }) => `${file} imports ${specifier}`)], [[], []]);
});

/** What a worker thread loads: its entry and all that it reaches at run time. */
it("keeps zod, ioredis, pino, tldts and piscina itself away from what a thread loads", () => {
  const reached = new Set<string>();
  const heavy: string[] = [];
  const visit = (file: string): void => {
    if (reached.has(file)) return;
    reached.add(file);
    for (const one of importsOf(file)) {
      if (one.typeOnly) continue;
      if (["zod", "ioredis", "pino", "tldts", "piscina"].includes(one.specifier))
        heavy.push(`${file} imports ${one.specifier}`);
      if (one.specifier.startsWith(".")) visit(resolved(one));
      if (one.specifier.startsWith("@rollcall/")) {
        const [name, stage] = one.specifier.slice("@rollcall/".length).split("/");
        visit(stage === undefined ? `${name}/src/index.ts` : `${name}/src/${stage}/index.ts`);
      }
    }
  };
  visit("worker/src/threads/entry.ts");
  assert.ok(reached.has("worker/src/dispatch/dispatch.ts") && reached.has("worker/src/table/reader.ts"));
  assert.deepEqual(heavy, []);
});

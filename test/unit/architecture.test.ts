import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, sep } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { rollcallVersion } from "@rollcall/core";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** What each package, and each stage of core, may import besides itself. Types of the configuration may go anywhere. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  core: [],
  "core/view": ["core", "core/address"],
  "core/address": ["core"],
  "core/access": ["core", "core/view", "core/address"],
  "core/config": ["core", "core/view", "core/address"],
  "core/policy": ["core", "core/access", "core/address"],
  "core/suffixes": [],
  "core/sniff": ["core", "core/view", "core/address"],
  "core/health": ["core", "core/view"],
  "core/election": ["core", "core/view"],
  "core/connections": ["core", "core/view"],
  "core/operations": ["core", "core/view", "core/config"],
  "core/selection": ["core", "core/view"],
  "core/hedging": ["core", "core/selection"],
  "core/request": ["core"],
  "core/overload": ["core"],
  coordinator: ["core"],
  worker: ["core", "coordinator"],
  rollcall: ["core", "worker"],
  cli: ["core", "coordinator"],
  // Tests of every package use it, so it can use none of them.
  testing: [],
};

/** Light to load, unlike the whole of undici; `docs/decisions/0027-parts-of-undici.md` says why. */
const undiciParts = ["undici/lib/core/connect.js", "undici/lib/dispatcher/client.js"] as const;

/** Libraries by layer. Core does no I/O: of Node's own modules it may use those that only compute. */
const libraries: Readonly<Record<string, readonly string[]>> = {
  "core/address": ["node:net"],
  "core/config": ["node:net", "node:url", "fastest-levenshtein"],
  "core/view": ["node:crypto", "node:zlib"],
  "core/suffixes": ["tldts"],

  coordinator: [...undiciParts, "ioredis", "pino"],
  // Node's own module, by the name that webpack recognises.
  worker: ["worker_threads"],
  rollcall: ["@opentelemetry/api"],
  cli: ["commander", "wrap-ansi", "fastify", "prom-client"],
  testing: ["ioredis"],
};

/**
 * Names that two product files export with one meaning each place, and why that is right. Everything else has one
 * meaning in all packages.
 */
const sharedNames: Readonly<Record<string, string>> = {
  onRollcall: "each family of clients has an entry point of its own, and one for `require()`",
  bulk: "`require()` has an entry point of its own",
  pit: "`require()` has an entry point of its own",
  scroll: "`require()` has an entry point of its own",
  typedRequests: "`require()` has an entry point of its own",
  createPool: "`require()` has an entry point of its own",
  mockPool: "`require()` has an entry point of its own",
  registerMetrics: "`require()` has an entry point of its own",
  instrument: "`require()` has an entry point of its own",
  RollcallError: "`require()` has an entry point of its own",
};

interface Import {
  readonly file: string;
  readonly layer: string;
  readonly specifier: string;
  /** Gone at run time. */
  readonly typeOnly: boolean;
}

const isTest = (file: string) => /\.test\.(?:[a-z]+\.)?ts$/.test(file);
const isProduct = (file: string) =>
  file.startsWith("packages/") && !file.startsWith("packages/testing/") && !isTest(file);

/** Every TypeScript source of the repository, relative to its root, with "/" between folders. */
const files: readonly string[] = ["packages", "demo", "bench/src", "test"].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .map((entry) => `${folder}/${entry.split(sep).join("/")}`)
    .filter((file) => /\.[cm]?ts$/.test(file) && !/\/(?:dist|node_modules)\/|\.d\.ts$/.test(file)),
);

function layerOf(file: string): string {
  const [, name = "", , folder = ""] = /^packages\/([^/]+)\/(src)\/(?:([^/]+)\/)?/.exec(file) ?? [];
  return `${name}/${folder}` in mayImport ? `${name}/${folder}` : name;
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), "utf8");
  const found = text.matchAll(/^(?:import|export)\s+(type\s)?(?:[\w*{}\s,$]+\s+from\s+)?"([^"]+)";$/gm);
  return [...found].map(([, type, specifier = ""]) => ({
    file,
    layer: layerOf(file),
    specifier,
    typeOnly: type !== undefined,
  }));
}

/** The file that an import of this repository means; undefined for a library, or what is not there. */
function resolved({ file, specifier }: Import): string | undefined {
  if (specifier.startsWith(".")) {
    const path = normalize(join(dirname(file), specifier))
      .split(sep)
      .join("/");
    return path.replace(/^(test\/)dist\//, "$1").replace(/\.([cm]?)js$/, ".$1ts");
  }
  const [, name, entry] = /^@rollcall\/([^/]+)(?:\/(.+))?$/.exec(specifier) ?? [];
  if (name === undefined) return undefined;
  const places = entry === undefined ? ["index.ts"] : [`${entry}/index.ts`, `${entry}.ts`];
  return places.map((place) => `packages/${name}/src/${place}`).find((place) => existsSync(join(root, place)));
}

const all = files.flatMap(importsOf);
const product = all.filter(({ file }) => isProduct(file) || (file.startsWith("packages/testing/") && !isTest(file)));
const shown = (imports: readonly Import[]) => imports.map(({ file, specifier }) => `${file} imports ${specifier}`);

describe("architecture", () => {
  it("the imports that are judged here are found", () => {
    assert.ok(product.length > 300 && all.length > 800, `${product.length} of ${all.length} imports`);
  });

  it("imports point one way: core, then coordinator, then worker, rollcall and cli", () => {
    const wrong = product.filter((one) => {
      if (!one.specifier.startsWith(".") && !one.specifier.startsWith("@rollcall/")) return false;
      const [, name = "", stage] = /^@rollcall\/([^/]+)(?:\/(.+))?$/.exec(one.specifier) ?? [];
      // A package never imports itself by name.
      if (name !== "" && name === one.layer.split("/")[0]) return true;
      const to = one.specifier.startsWith(".") ? layerOf(resolved(one) ?? "") : name;
      if (one.typeOnly && (to === "core/config" || (to === "core" && stage === "config"))) return false;
      return to !== one.layer && mayImport[one.layer]?.includes(to) !== true;
    });
    assert.deepEqual(shown(wrong), []);
  });

  it("nothing of the product imports what its tests share", () => {
    const wrong = all.filter(({ file, specifier }) => isProduct(file) && /^@rollcall\/testing|\.test/.test(specifier));
    assert.deepEqual(shown(wrong), []);
  });

  it("each package imports the libraries that it declares, and core nothing that does I/O", () => {
    const wrong = product.filter(({ layer, specifier, typeOnly }) => {
      if (specifier.startsWith(".") || specifier.startsWith("@rollcall/") || typeOnly) return false;
      if (specifier.startsWith("node:") && !layer.startsWith("core")) return false;
      return libraries[layer]?.includes(specifier) !== true;
    });
    assert.deepEqual(shown(wrong), []);
  });

  it("no imports go in a circle: not in the packages, the tests, the demo or the benchmarks", () => {
    const next = new Map<string, string[]>();
    for (const one of all) {
      const to = resolved(one);
      if (one.typeOnly || to === undefined) continue;
      next.set(one.file, [...(next.get(one.file) ?? []), to]);
    }
    const done = new Set<string>();
    const visit = (file: string, path: readonly string[]): void => {
      assert.ok(!path.includes(file), `a circle: ${[...path.slice(path.indexOf(file)), file].join(" -> ")}`);
      if (done.has(file)) return;
      for (const to of next.get(file) ?? []) visit(to, [...path, file]);
      done.add(file);
    };
    for (const file of next.keys()) visit(file, []);
  });

  it("the version that requests name is that of every package", () => {
    const versions = ["core", "coordinator", "worker", "rollcall", "cli"].map((name) => {
      const manifest: unknown = JSON.parse(readFileSync(join(root, `packages/${name}/package.json`), "utf8"));
      return (manifest as { readonly version: string }).version;
    });
    assert.deepEqual(new Set(versions), new Set([rollcallVersion]));
  });

  it("only entry points re-export other files", () => {
    const entryPoints =
      /^packages\/(?:(?:core|testing)\/src\/(?:[a-z]+\/)?|coordinator\/src\/(?:cluster\/)?|worker\/src\/(?:testing\/)?|rollcall\/src\/)index\.ts$/;
    const barrels = files.filter(
      (file) => file.startsWith("packages/") && file.endsWith("/index.ts") && !entryPoints.test(file),
    );
    const insiders = product.filter(({ specifier }) => /^\..*\/index\.js$/.test(specifier));
    assert.deepEqual([barrels, shown(insiders)], [[], []]);
  });

  it("the root of worker's sources holds its entry point and folders, nothing else", () => {
    const entries = readdirSync(join(root, "packages/worker/src"), { withFileTypes: true });
    const loose = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
    assert.deepEqual(loose, ["index.ts"]);
  });

  it("an exported name has one meaning in all packages", () => {
    const places = new Map<string, string[]>();
    for (const file of files.filter(isProduct)) {
      const text = readFileSync(join(root, file), "utf8");
      for (const [, name = ""] of text.matchAll(
        /^export (?:abstract )?(?:async )?(?:class|function|const|interface|type|enum) (\w+)/gm,
      )) {
        if (!places.get(name)?.includes(file)) places.set(name, [...(places.get(name) ?? []), file]);
      }
    }
    const twice = [...places].filter(([name, all]) => all.length > 1 && sharedNames[name] === undefined);
    assert.deepEqual(Object.fromEntries(twice), {});
  });

  /** What the file imports, and what that imports: `heavy` lists the libraries that no start waits for. */
  function loadedBy(start: string): { readonly reached: ReadonlySet<string>; readonly heavy: readonly string[] } {
    const reached = new Set<string>();
    const heavy: string[] = [];
    const visit = (file: string): void => {
      if (reached.has(file)) return;
      reached.add(file);
      for (const one of importsOf(file)) {
        if (one.typeOnly) continue;
        if (["undici", "ioredis", "tldts", "fastify", "prom-client"].includes(one.specifier))
          heavy.push(...shown([one]));
        const to = resolved(one);
        if (to !== undefined) visit(to);
      }
    };
    visit(start);
    return { reached, heavy };
  }

  it("a worker thread imports neither ioredis, tldts nor the whole of undici", () => {
    const { reached, heavy } = loadedBy("packages/worker/src/threads/rollcall-thread.ts");
    for (const part of ["dispatch/dispatch.ts", "table/reader.ts"]) {
      assert.ok(reached.has(`packages/worker/src/${part}`), part);
    }
    assert.deepEqual(heavy, []);
  });

  it("to import a pool or the command imports neither ioredis, tldts, the whole of undici nor a server", () => {
    for (const start of ["packages/rollcall/src/index.ts", "packages/cli/src/main.ts"]) {
      const { reached, heavy } = loadedBy(start);
      assert.ok(reached.has("packages/coordinator/src/start-coordinator.ts"), start);
      assert.deepEqual(heavy, []);
    }
  });
});

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { fileURLToPath } from "node:url";

const packages = fileURLToPath(new URL("../../../packages/", import.meta.url));
/** Every type that core and worker declare for other files, with the texts of its declarations. */
const declarations = new Map<string, string[]>();
for (const name of ["core", "worker"]) for (const text of declarationFiles(join(packages, name, "dist"))) read(text);

const entry = readFileSync(join(packages, "worker/src/index.ts"), "utf8");
const isPublic = new Set([...entry.matchAll(/\b(\w+)(?=[,\s]*(?:,|\}))/g)].map(([, name = ""]) => name));

it("whatever a public type is declared with is exported by the package too, so that it has a name for users", () => {
  const unnamed = publicDeclarations().flatMap(([name, text]) =>
    [...text.matchAll(/\b[A-Z]\w+/g)]
      .map(([word]) => word)
      .filter((word) => declarations.has(word) && !isPublic.has(word))
      .map((word) => `${name} uses ${word}`),
  );
  assert.deepEqual([...new Set(unnamed)], []);
});

it("no field or parameter of a public type is an object without a name", () => {
  const nameless = publicDeclarations().flatMap(([name, text]) =>
    [...text.matchAll(/(\w+)\??: (?:readonly \[)?\{/g)].map(([, field = ""]) => `${field} of ${name}`),
  );
  assert.deepEqual(nameless, []);
});

function publicDeclarations(): (readonly [string, string])[] {
  const found = [...isPublic].flatMap((name) => (declarations.get(name) ?? []).map((text) => [name, text] as const));
  assert.ok(found.length > 20);
  return found;
}

function declarationFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".d.ts") && !path.includes(".test."))
    .map((path) => readFileSync(join(folder, path), "utf8"));
}

function read(file: string): void {
  const text = file.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*private .*$/gm, "");
  const begins = /^export (?:declare )?(?:abstract )?(?:interface|type|class|function) (\w+)/gm;
  for (const { 1: name = "", index } of text.matchAll(begins)) {
    const rest = text.slice(index);
    const end = rest.slice(1).search(/^(?:export|declare|interface|type|import)\b/m);
    const declaration = end < 0 ? rest : rest.slice(0, end + 1);
    declarations.set(name, [...(declarations.get(name) ?? []), declaration]);
  }
}

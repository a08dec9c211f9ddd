import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { parseAllDocuments } from "yaml";
import { type CheckName, checkNames, type DoStep, type Requirement, type Step, type SuiteTest } from "./suite.js";

type Fields = Readonly<Record<string, unknown>>;

/** The tests of all YAML files below a folder, in order of their names. */
export async function readSuite(folder: string): Promise<SuiteTest[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  if (files.length === 0) throw new Error(`there are no YAML files in ${folder}`);
  const tests = await Promise.all(
    files.map(async (file) => parseFile(relative(folder, file), await readFile(file, "utf8"))),
  );
  return tests.flat();
}

/**
 * The tests of one file: documents of one test each, and its `setup`, `teardown` and `requires`. A file that is no YAML
 * is one test that is skipped.
 */
export function parseFile(file: string, text: string): SuiteTest[] {
  const sections = new Map<string, unknown>();
  for (const document of parseAllDocuments(text, { uniqueKeys: false, logLevel: "silent" })) {
    // Closing brackets that are not indented: the engines' own readers take them.
    const errors = "errors" in document ? document.errors.filter(({ code }) => code !== "BAD_INDENT") : [];
    if (errors.length > 0) return [unreadable(file)];
    for (const [name, steps] of Object.entries((document.toJS() ?? {}) as Fields)) sections.set(name, steps);
  }
  const setUp = sectionOf(sections.get("setup"));
  const tearDown = sectionOf(sections.get("teardown"));
  const whole = sections.get("requires");
  const ofFile = whole === undefined ? [] : [requirementOf("requires", whole)];
  return [...sections]
    .filter(([name]) => !["setup", "teardown", "requires"].includes(name))
    .map(([name, given]) => {
      const own = sectionOf(given);
      return {
        ...{ file, name, tearDown: tearDown.steps },
        requirements: [...ofFile, ...setUp.requirements, ...own.requirements],
        steps: [...setUp.steps, ...own.steps],
      };
    });
}

function unreadable(file: string): SuiteTest {
  const requirements = [requirementOf("skip", { unreadable: true })];
  return { file, name: "the whole file", requirements, steps: [], tearDown: [] };
}

interface Section {
  readonly requirements: readonly Requirement[];
  readonly steps: readonly Step[];
}

function sectionOf(given: unknown): Section {
  const requirements: Requirement[] = [];
  const steps: Step[] = [];
  for (const entry of Array.isArray(given) ? given : []) {
    for (const [word, value] of Object.entries(entry as Fields)) {
      if (word === "skip" || word === "requires") requirements.push(requirementOf(word, value));
      else steps.push(...stepsOf(word, value));
    }
  }
  return { requirements, steps };
}

function requirementOf(kind: Requirement["kind"], given: unknown): Requirement {
  return { kind, given: (given ?? {}) as Fields };
}

function stepsOf(word: string, value: unknown): Step[] {
  if (word === "do") return [doStep(value as Fields)];
  // Of a path alone, or of paths with what is expected of each.
  const pairs = typeof value === "object" && value !== null ? Object.entries(value) : [[String(value ?? ""), true]];
  if (word === "set") return pairs.map(([path, name]) => ({ kind: "set", path: String(path), name: String(name) }));
  if (!checkNames.includes(word as CheckName)) return [{ kind: "unknown", word }];
  return pairs.map(([path, expected]) => ({ kind: "check", check: word as CheckName, path: String(path), expected }));
}

/** Beside the call of `do`: what must come of it, and what it sends along. */
const besideCall = ["catch", "headers", "node_selector", "warnings", "warnings_regex"];

function doStep(given: Fields): DoStep {
  const isCall = (name: string) => !besideCall.includes(name) && !name.startsWith("allowed_warnings");
  const [api = "", parameters] = Object.entries(given).find(([name]) => isCall(name)) ?? [];
  return {
    ...{ kind: "do", api, parameters: (parameters ?? {}) as Fields },
    headers: (given.headers ?? {}) as Record<string, string>,
    catch: given.catch === undefined ? undefined : String(given.catch),
  };
}

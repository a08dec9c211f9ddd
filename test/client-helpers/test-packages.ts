import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join } from "node:path";

/** The files of tests of a client's helpers. */
export function helperTests(repository: string): string[] {
  const folder = join(repository, "test/unit/helpers");
  return readdirSync(folder)
    .filter((name) => /\.test\.[jt]s$/.test(name))
    .map((name) => join(folder, name));
}

/**
 * Installs into `folder`, unless they are there, the packages that the tests import, in the versions that the
 * repository names.
 */
export function installTestPackages(repository: string, folder: string): void {
  const { dependencies, devDependencies, peerDependencies } = JSON.parse(
    readFileSync(join(repository, "package.json"), "utf8"),
  ) as Readonly<Record<string, Readonly<Record<string, string>> | undefined>>;
  const versions = { ...peerDependencies, ...dependencies, ...devDependencies };
  const wanted = importedPackages(repository).flatMap((name) => {
    const version = versions[name];
    // What the repository does not name, the client brings. A version that is an address may not be there any more.
    return version === undefined ? [] : [`${name}@${/[:/]/.test(version) ? "latest" : version}`];
  });
  const list = join(folder, "installed.json");
  const whole = JSON.stringify(wanted);
  if (existsSync(list) && readFileSync(list, "utf8") === whole) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  const options = ["--no-audit", "--no-fund", "--ignore-scripts", "--legacy-peer-deps"];
  execFileSync("npm", ["install", ...options, ...wanted], { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
  writeFileSync(list, whole);
}

function importedPackages(repository: string): string[] {
  const utilities = join(repository, "test/utils");
  const files = [
    ...helperTests(repository),
    ...readdirSync(utilities).map((name) => join(utilities, name)),
    join(repository, "test/integration/helper.js"),
  ];
  const names = files
    .filter((file) => existsSync(file))
    .flatMap((file) => [...readFileSync(file, "utf8").matchAll(/(?:\brequire\(|\bfrom )['"]([^'".][^'"]*)['"]/g)])
    .map(([, request = ""]) => request)
    .filter((request) => !isBuiltin(request) && !request.startsWith("@elastic/"))
    .map((request) => request.split("/", request.startsWith("@") ? 2 : 1).join("/"));
  return [...new Set(names)].sort();
}

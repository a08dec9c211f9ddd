// Packs each package as npm would and asks publint and attw whether a user could import it and see its types.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const folder = mkdtempSync(join(tmpdir(), "rollcall-pack-"));
const run = (command, args) =>
  execFileSync(command, args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

let failed = false;
try {
  for (const name of ["core", "coordinator", "worker", "cli"]) {
    const [packed] = JSON.parse(run("npm", ["pack", "--json", "--pack-destination", folder, `./packages/${name}`]));
    const tarball = join(folder, packed.filename);
    const strays = packed.files.map(({ path }) => path).filter((path) => /\.test\.|tsbuildinfo|testdata/.test(path));
    const problems = strays.map((path) => `${path} does not belong into the package`);
    problems.push(...problemsOf("publint", ["run", tarball, "--strict"]));
    // The cli is a command: it has nothing to import.
    if (name !== "cli") problems.push(...problemsOf("attw", [tarball, "--profile", "esm-only", "--no-emoji"]));
    failed ||= problems.length > 0;
    const size = `${(packed.unpackedSize / 1024).toFixed(0)} KB, ${packed.entryCount} files`;
    console.log(`@rollcall/${name}: ${size}${problems.length === 0 ? ", well" : `\n${problems.join("\n")}`}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);

function problemsOf(tool, args) {
  try {
    run("npx", [tool, ...args]);
    return [];
  } catch (error) {
    return [`${tool}: ${error.stdout ?? ""}${error.stderr ?? ""}`];
  }
}

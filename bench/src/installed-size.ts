import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { lstat, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Report, root, table } from "./report.js";

/** What `npm install` brings in: Rollcall as it would be published, and each official client. */
export async function installedSize(): Promise<Report> {
  const folder = await mkdtemp(join(tmpdir(), "rollcall-size-"));
  try {
    const own = ["core", "coordinator", "worker", "rollcall"].map((name) => pack(join(root, "packages", name), folder));
    const contenders: readonly (readonly [string, readonly string[]])[] = [
      ["rollcall (with worker, coordinator and core)", own],
      ...["@elastic/elasticsearch", "@opensearch-project/opensearch"].map(
        (name) => [name, [`${name}@${installedVersion(name)}`]] as const,
      ),
    ];
    const rows: string[][] = [];
    for (const [name, specs] of contenders) {
      const { packages, bytes } = await install(join(folder, String(rows.length)), specs);
      rows.push([name, String(packages), (bytes / 1_000_000).toFixed(1)]);
    }
    const body =
      "Each installed by npm into an empty folder, optional and peer dependencies as npm takes them. MB are 10^6 bytes of " +
      `the files' own length.\n\n${table(["", "packages", "MB"], rows)}\n`;
    return { title: "Size as installed", body };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Returns the path of the packed archive. */
function pack(packageFolder: string, into: string): string {
  const [file = ""] = npm(packageFolder, ["pack", "--silent", "--pack-destination", into]).trim().split("\n").slice(-1);
  return join(into, file);
}

async function install(folder: string, specs: readonly string[]): Promise<{ packages: number; bytes: number }> {
  await mkdir(folder);
  await writeFile(join(folder, "package.json"), "{}");
  npm(folder, ["install", "--silent", "--no-audit", "--no-fund", ...specs]);
  const modules = join(folder, "node_modules");
  const lock = JSON.parse(readFileSync(join(modules, ".package-lock.json"), "utf8")) as { packages: object };
  return { packages: Object.keys(lock.packages).length, bytes: await bytesUnder(modules) };
}

function npm(folder: string, words: readonly string[]): string {
  return execFileSync("npm", [...words], { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}

function installedVersion(name: string): string {
  const file = join(root, "bench/node_modules", name, "package.json");
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}

async function bytesUnder(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { recursive: true })) {
    const found = await lstat(join(folder, entry));
    if (found.isFile()) bytes += found.size;
  }
  return bytes;
}

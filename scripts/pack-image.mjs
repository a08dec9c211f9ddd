// node scripts/pack-image.mjs [FOLDER]: packs what the coordinator's image installs, as npm would publish it, into
// docker/packages or FOLDER. To be run after `npm run build`.
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const folder = resolve(process.argv[2] ?? join(root, "docker/packages"));
const packages = ["core", "coordinator", "cli"].map((name) => `./packages/${name}`);

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
execFileSync(process.execPath, ["scripts/bundle.mjs", "--check"], {
  cwd: root,
  stdio: ["ignore", "ignore", "inherit"],
});
const words = ["pack", "--ignore-scripts", "--silent", "--pack-destination", folder, ...packages];
process.stdout.write(execFileSync("npm", words, { cwd: root, encoding: "utf8" }));

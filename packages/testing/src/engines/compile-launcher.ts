import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { fillOnce } from "./fill-once.js";

const run = promisify(execFile);

/**
 * Compiles a launcher of `launchers/` beside its engine's jars, unless this source of it was compiled before. Returns the
 * folder of its class. Java would compile it at each start of a node, for two seconds of a processor.
 */
export async function compileLauncher(java: string, launcher: string, lib: string): Promise<string> {
  const classes = join(lib, "..", `launcher-${await sourceHash(launcher)}`);
  await fillOnce(classes, (folder) => compileJava(java, launcher, lib, folder));
  return classes;
}

/** Tells one version of a file of `launchers/` from another. */
export async function sourceHash(name: string): Promise<string> {
  const source = await readFile(fileOf(name));
  return createHash("sha256").update(source).digest("hex").slice(0, 8);
}

/** Compiles a file of `launchers/` into a folder. */
export async function compileJava(java: string, name: string, lib: string, folder: string): Promise<void> {
  // The command `javac`, which may belong to another JDK, would take the folder with a star.
  const jars = (await readdir(lib)).filter((file) => file.endsWith(".jar")).map((file) => join(lib, file));
  const compiler = ["--module", "jdk.compiler/com.sun.tools.javac.Main", "-nowarn", "-proc:none"];
  await run(java, [...compiler, "-cp", jars.join(delimiter), "-d", folder, fileOf(name)]);
}

function fileOf(name: string): string {
  return fileURLToPath(new URL(`../../launchers/${name}`, import.meta.url));
}

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
  const file = fileURLToPath(new URL(`../../launchers/${launcher}`, import.meta.url));
  const source = createHash("sha256")
    .update(await readFile(file))
    .digest("hex")
    .slice(0, 8);
  const classes = join(lib, "..", `launcher-${source}`);
  await fillOnce(classes, async (folder) => {
    // The command `javac`, which may belong to another JDK, would take the folder with a star.
    const jars = (await readdir(lib)).filter((name) => name.endsWith(".jar")).map((name) => join(lib, name));
    const compiler = ["--module", "jdk.compiler/com.sun.tools.javac.Main", "-nowarn", "-proc:none"];
    await run(java, [...compiler, "-cp", jars.join(delimiter), "-d", folder, file]);
  });
  return classes;
}

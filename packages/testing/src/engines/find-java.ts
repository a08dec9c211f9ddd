import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Where Debian keeps those that are not the default. */
const others = "/usr/lib/jvm";

/**
 * The `java` of a JDK of this version or a newer one: the default one where that is new enough.
 *
 * @throws where there is none
 */
export async function findJava(oldest: number): Promise<string> {
  const folders = await readdir(others).catch(() => []);
  for (const java of ["java", ...folders.sort().map((folder) => join(others, folder, "bin", "java"))]) {
    if ((await jdkVersion(java)) >= oldest) return java;
  }
  throw new Error(
    `it needs a JDK, ${oldest} or newer; install one as \`java\` or below ${others}, such as openjdk-${oldest}-jdk-headless`,
  );
}

/** The major version; 0 without Java, or with one that lacks the compiler. */
export async function jdkVersion(java: string): Promise<number> {
  try {
    const { stdout } = await run(java, ["--list-modules"]);
    return Number(/^jdk\.compiler@(\d+)/m.exec(stdout)?.[1] ?? 0);
  } catch {
    return 0;
  }
}

import { readFile } from "node:fs/promises";

/** What is in the file that a flag names; undefined without a name, and with one problem where it cannot be read. */
export async function readFlagFile(
  flag: string,
  name: string | undefined,
  problems: string[],
): Promise<Buffer | undefined> {
  if (name === undefined) return undefined;
  try {
    return await readFile(name);
  } catch (error) {
    problems.push(`--${flag}: cannot read the file ${JSON.stringify(name)}: ${errorCode(error)}`);
    return undefined;
  }
}

/**
 * A secret that may be given as it is or in a file, as `--password` and `--password-file`. The line break that editors
 * put at a file's end is not part of it.
 */
export async function readSecret(
  flag: string,
  given: string | undefined,
  fileName: string | undefined,
  problems: string[],
): Promise<string | undefined> {
  if (fileName === undefined) return given;
  if (given !== undefined) {
    problems.push(`--${flag} and --${flag}-file are both given; give one (either may stand in the environment)`);
    return undefined;
  }
  const bytes = await readFlagFile(`${flag}-file`, fileName, problems);
  return bytes?.toString("utf8").replace(/\r?\n$/, "");
}

function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "unknown failure";
}

import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { errorCodeOf } from "@rollcall/core";
import { contentOfFile } from "@rollcall/core/config";

/** The content of the file that a flag names; undefined without a name. A file that cannot be read is one problem. */
export async function readFlagFile(
  flag: string,
  name: string | undefined,
  problems: string[],
): Promise<Buffer | undefined> {
  if (name === undefined) return undefined;
  try {
    return await readFile(name);
  } catch (error) {
    problems.push(
      `--${flag}: cannot read the file ${JSON.stringify(name)}: ${errorCodeOf(error) ?? "unknown failure"}`,
    );
    return undefined;
  }
}

/** The absolute path, if a regular file is there, which can be read again; undefined for a pipe, and where none is. */
export async function regularFile(name: string): Promise<string | undefined> {
  const isRegular = await stat(name).then(
    (facts) => facts.isFile(),
    () => false,
  );
  return isRegular ? resolve(name) : undefined;
}

/**
 * A secret that may be given as it is or in a file, as `--password` and `--password-file`. A line break at the end of
 * the file is not part of it.
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
  return bytes === undefined ? undefined : contentOfFile(bytes.toString("utf8"));
}

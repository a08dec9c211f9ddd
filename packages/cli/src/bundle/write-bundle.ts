import { unlink, writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { errorCodeOf } from "@rollcall/core";

/** Readable by its owner alone. */
const mode = 0o600;

/**
 * Writes the text, packed by gzip if the name ends in `.gz`. A file that is there stays as it is unless `replaces`.
 *
 * @returns how many bytes were written, or why nothing was
 */
export async function writeBundle(
  file: string,
  text: string,
  replaces: boolean,
): Promise<{ readonly byteLength: number } | { readonly problem: string }> {
  const bytes = file.endsWith(".gz") ? gzipSync(text) : Buffer.from(text);
  try {
    await writeFile(file, bytes, { mode, flag: replaces ? "w" : "wx" });
    return { byteLength: bytes.length };
  } catch (error) {
    const code = errorCodeOf(error) ?? "unknown failure";
    const name = JSON.stringify(file);
    if (code === "EEXIST")
      return { problem: `the file ${name} is there already: give another with --file, or --force` };
    // Half a bundle is of no use, and the next attempt would find it in its way.
    if (!replaces) await unlink(file).catch(() => {});
    return { problem: `the file ${name} cannot be written: ${code}` };
  }
}

import { closeSync, constants, fstatSync, openSync, readFileSync, statSync } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { errorCodeOf } from "@rollcall/core";

/** What a file holds, or why that cannot be used: `problem` completes a sentence that begins with the file. */
export type FileReading =
  | { readonly kind: "read"; readonly bytes: Buffer }
  | { readonly kind: "failed"; readonly problem: string };

/** A pipe or device is then opened without a wait, and refused. Windows lacks the flag. */
const openFlags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** Reads the file now, through links. It must be a regular file of at most `maxBytes`. Never throws. */
export function readFileNow(path: string, maxBytes: number): FileReading {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, openFlags);
    return refusalOf(fstatSync(descriptor), maxBytes) ?? { kind: "read", bytes: readFileSync(descriptor) };
  } catch (error) {
    return unreadable(error);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** As {@link readFileNow}, without blocking the thread. Never rejects; on a network's file system it may take long. */
export async function readFileLater(path: string, maxBytes: number): Promise<FileReading> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, openFlags);
    return refusalOf(await handle.stat(), maxBytes) ?? { kind: "read", bytes: await handle.readFile() };
  } catch (error) {
    return unreadable(error);
  } finally {
    await handle?.close();
  }
}

/**
 * Text that is another as soon as the file that the path leads to is another, or is written: of its inode, size and
 * times, or of the failure to find it. Never throws.
 */
export function fileStampNow(path: string): string {
  try {
    return stampOf(statSync(path, { bigint: true }));
  } catch (error) {
    return failureOf(error);
  }
}

/** As {@link fileStampNow}, without blocking the thread. Never rejects. */
export async function fileStampLater(path: string): Promise<string> {
  try {
    return stampOf(await stat(path, { bigint: true }));
  } catch (error) {
    return failureOf(error);
  }
}

interface FileFacts {
  readonly size: number;
  isFile(): boolean;
}

function refusalOf(facts: FileFacts, maxBytes: number): FileReading | undefined {
  if (!facts.isFile()) return { kind: "failed", problem: "is not a regular file" };
  return facts.size > maxBytes ? { kind: "failed", problem: `has more than ${maxBytes} bytes` } : undefined;
}

interface FileStamp {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

function stampOf({ dev, ino, size, mtimeNs, ctimeNs }: FileStamp): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(":");
}

function unreadable(error: unknown): FileReading {
  const code = failureOf(error);
  return { kind: "failed", problem: code === "ENOENT" ? "does not exist" : `cannot be read (${code})` };
}

function failureOf(error: unknown): string {
  return errorCodeOf(error) ?? "unknown failure";
}

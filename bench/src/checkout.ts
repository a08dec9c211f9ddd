import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** The part of the API that builds of different ages share; clients of a checkout use nothing else. */
export type Worker = Pick<typeof import("@rollcall/worker"), "createPool">;

/** Loads the worker of a built checkout; without one, that of this repository. */
export function workerOf(checkout: string | undefined): Promise<Worker> {
  return import(checkout === undefined ? "@rollcall/worker" : pathToFileURL(entryOf(checkout)).href) as Promise<Worker>;
}

/** @throws if the folder holds no built checkout */
export function checkBuilt(checkout: string): void {
  if (existsSync(entryOf(checkout))) return;
  throw new Error(`${checkout} is not a built checkout: run "npm ci && npm run build" there`);
}

/** The short hash, and whether the packages differ from it; "unknown" outside of git. */
export function commitOf(checkout: string): string {
  const git = (...words: string[]) => execFileSync("git", words, { cwd: checkout, encoding: "utf8" }).trim();
  try {
    const changed = git("status", "--porcelain", "--", "packages") !== "";
    return git("rev-parse", "--short", "HEAD") + (changed ? ", with changes in packages/" : "");
  } catch {
    return "unknown";
  }
}

function entryOf(checkout: string): string {
  return join(checkout, "packages/worker/dist/index.js");
}

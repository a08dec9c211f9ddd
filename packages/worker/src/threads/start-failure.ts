import { printable } from "@rollcall/core";
import { namesThreadModule } from "./start-worker.js";

/** Of an error's text. */
const charactersMax = 300;

/** What ended a worker thread, or kept it from starting: for people, in a clause, without line breaks or secrets. */
export function describeThreadEnd(error: unknown): string {
  const { code, message, place, permission, resource } = readError(error);
  switch (code) {
    case "ERR_ACCESS_DENIED":
      return permission === "WorkerThreads"
        ? "Node's permission model denies worker threads: start Node with --allow-worker"
        : `Node's permission model denies ${permission} of ${resource}: start Node with what allows it`;
    case "ERR_WORKER_OUT_OF_MEMORY":
      return "it ran out of memory: raise --max-old-space-size";
    case "ERR_WORKER_INIT_FAILED":
      return `the system starts no further thread (${message}): raise its limit`;
    case "ERR_MODULE_NOT_FOUND":
    case "MODULE_NOT_FOUND":
      if (isThreadModule(message)) {
        return "its module rollcall-thread.js is not there, as in a bundle: set `threadEntry` (docs/bundlers.md)";
      }
  }
  return place === undefined ? message : `${message}, at ${place}`;
}

/** As {@link describeThreadEnd}, for a thread that ended by itself. */
export function describeExit(exitCode: number): string {
  return `it exited with code ${exitCode}`;
}

/**
 * Whether the message is about the thread's own module. A bundler may have given it another name: then it is the one
 * that is missing by its whole path, and that nothing has imported.
 */
function isThreadModule(message: string): boolean {
  return namesThreadModule(message) || /^Cannot find module '(?:\/|[A-Z]:)[^']*'$/.test(message);
}

interface ErrorFacts {
  readonly code: unknown;
  readonly message: string;
  /** The file and line that threw it. */
  readonly place?: string;
  readonly permission: unknown;
  readonly resource: unknown;
}

/** Total: an error may come from anywhere, and be anything. */
function readError(error: unknown): ErrorFacts {
  try {
    if (!(error instanceof Error)) {
      return { code: undefined, message: shown(String(error)), permission: undefined, resource: undefined };
    }
    const { code, permission, resource } = error as Partial<Record<"code" | "permission" | "resource", unknown>>;
    const [, place] = /^\s+at (?:.*\()?((?:file:|\/|[A-Z]:\\)[^\s)]*)\)?$/m.exec(String(error.stack)) ?? [];
    return {
      ...{ code, message: shown(String(error.message)), permission, resource },
      ...(place === undefined ? {} : { place: shown(place) }),
    };
  } catch {
    return { code: undefined, message: "something that cannot be read", permission: undefined, resource: undefined };
  }
}

/** Its first line. What could be a password in a URL is left out. */
function shown(text: string): string {
  const [line = ""] = text.trim().split("\n");
  return printable(line.replace(/\/\/[^\s/@]*@/g, "//")).slice(0, charactersMax);
}

import { readFileSync } from "node:fs";
import Module, { createRequire, isBuiltin } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { transformSync } from "esbuild";

/** What of Node's CommonJS loader is replaced here. */
interface Loader {
  _resolveFilename(request: string, parent: { readonly filename?: string } | undefined, ...more: unknown[]): string;
  _load(request: string, parent: { readonly filename?: string } | undefined, ...more: unknown[]): unknown;
  readonly _extensions: Record<string, (module: { _compile(code: string, file: string): void }, file: string) => void>;
}

export interface HookOptions {
  /** The client's repository, whose tests are run where they are. */
  readonly repository: string;
  /** The folder of the client as it is installed. */
  readonly installed: string;
  /** The folder in which the packages of the tests are installed. */
  readonly packages: string;
  /** What the tests get for the client. */
  readonly onPool: object;
  /** Resolves once no request is on its way. */
  readonly whenAnswered: () => Promise<void>;
}

/**
 * Tests of the repository get the installed client for the sources beside them: its own files by their paths, and in
 * place of its entry the client on a pool. Their TypeScript is compiled as it is loaded.
 */
export function hookModules({ repository, installed, packages, onPool, whenAnswered }: HookOptions): void {
  const loader = Module as unknown as Loader;
  const resolveFilename = loader._resolveFilename;
  const load = loader._load;
  const isOfTests = (file: string | undefined): file is string => file?.startsWith(join(repository, "test/")) === true;
  const ofClient = createRequire(join(installed, "package.json"));
  const ofTests = createRequire(join(packages, "package.json"));

  loader._load = (request, parent, ...more) => {
    const file = parent?.filename;
    const isEntry =
      isOfTests(file) && request.startsWith(".") && isEntryOf(repository, resolve(dirname(file), request));
    if (isEntry) return onPool;
    const loaded = load.call(loader, request, parent, ...more);
    return request === "@sinonjs/fake-timers" ? patient(loaded as FakeTimers, whenAnswered) : loaded;
  };
  loader._resolveFilename = (request, parent, ...more) => {
    const file = parent?.filename;
    if (!isOfTests(file) || isBuiltin(request)) return resolveFilename.call(loader, request, parent, ...more);
    if (!request.startsWith(".")) {
      // What the client has too must be the same: its transport, for the classes of errors.
      return resolvedBy([ofClient, ofTests], request);
    }
    const path = relative(repository, resolve(dirname(file), request));
    const isSource = !path.startsWith("test");
    return isSource ? ofClient.resolve(join(installed, path)) : resolveFilename.call(loader, request, parent, ...more);
  };
  loader._extensions[".ts"] = (module, file) => {
    const { code } = transformSync(readFileSync(file, "utf8"), { loader: "ts", format: "cjs", target: "node20" });
    module._compile(code, file);
  };
}

interface FakeTimers {
  install(options: unknown): { nextAsync(): Promise<unknown> };
}

/** The answer of a made-up connection comes within a step of the clock; that of a socket has to be waited for. */
function patient(timers: FakeTimers, whenAnswered: () => Promise<void>): FakeTimers {
  return {
    ...timers,
    install(options) {
      const clock = timers.install(options);
      const { nextAsync } = clock;
      clock.nextAsync = async () => {
        const at = await nextAsync.call(clock);
        await whenAnswered();
        return at;
      };
      return clock;
    },
  };
}

const isEntryOf = (repository: string, path: string) => [repository, join(repository, "index")].includes(path);

function resolvedBy(places: readonly NodeJS.Require[], request: string): string {
  for (const place of places) {
    try {
      return place.resolve(request);
    } catch {
      // The next may have it.
    }
  }
  throw new Error(`the tests import ${request}, which is not installed for them`);
}

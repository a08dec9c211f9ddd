import { fileURLToPath, pathToFileURL } from "node:url";
import { errorCodeOf, printable, type Timers, withDeadline } from "@rollcall/core";
import {
  fixed,
  type RequestToSign,
  readSignedHeaders,
  type SignConfig,
  type SignHook,
  shownModule,
} from "@rollcall/core/config";

/** The signature of one attempt as headers, name and value in turn; or why there is none, for people. */
export type Signature =
  | { readonly kind: "signed"; readonly added: readonly string[] }
  | { readonly kind: "failed"; readonly problem: string };

/**
 * Signs requests by the configured hook. Each thread that sends has one, and loads the module of the hook itself.
 *
 * A problem never holds what the hook threw, because code that handles secrets made it: only the name of the error.
 */
export class Signer {
  private hook: SignHook | undefined;
  /** Why the module cannot be used. It is not loaded again: Node keeps the failure of a module. */
  private unusable: string | undefined;
  /** How problems name the hook. */
  private readonly name: string;
  /** Resolves once the hook is there or cannot be, with the reason. */
  readonly loaded: Promise<string | undefined>;

  constructor(
    config: SignConfig,
    private readonly timers: Timers,
  ) {
    this.name =
      config.kind === "function" ? "the function given as `sign`" : `\`sign\`, ${shownModule(config.module)},`;
    if (config.kind === "function") this.hook = config.hook;
    this.loaded = config.kind === "function" ? Promise.resolve(undefined) : this.load(config.module);
  }

  /** Why nothing can be signed; undefined while that may be possible. */
  get problem(): string | undefined {
    return this.unusable;
  }

  /**
   * At once where the hook is loaded and answers at once; otherwise within this time, or 10 s if that is less. Never
   * throws or rejects.
   */
  sign(request: RequestToSign, withinMs: number = fixed.signTimeoutMs): Signature | Promise<Signature> {
    if (this.unusable !== undefined) return failed(this.unusable);
    const limitMs = Math.max(0, Math.round(Math.min(withinMs, fixed.signTimeoutMs)));
    if (this.hook === undefined)
      return this.inTime(
        this.loaded.then(() => this.sign(request, limitMs)),
        limitMs,
      );
    try {
      const returned: unknown = this.hook(request);
      if (!isThenable(returned)) return this.read(request, returned);
      const signature = Promise.resolve(returned).then((headers) => this.read(request, headers));
      return this.inTime(
        signature.catch((error) => this.threw(error)),
        limitMs,
      );
    } catch (error) {
      return this.threw(error);
    }
  }

  private inTime(signature: Promise<Signature>, limitMs: number): Promise<Signature> {
    const late = () => failed(`${this.name} gave no headers within ${limitMs} ms`);
    return withDeadline(signature, limitMs, this.timers, late);
  }

  private read(request: RequestToSign, returned: unknown): Signature {
    const headers = readSignedHeaders(request, returned);
    return headers.kind === "signed" ? headers : failed(`${this.name} ${headers.problem}`);
  }

  private threw(error: unknown): Signature {
    return failed(`${this.name} threw ${shownError(error)}`);
  }

  private async load(module: string): Promise<string | undefined> {
    const url = /^[a-z]{2,}:/.test(module) ? module : pathToFileURL(module).href;
    try {
      const { default: hook } = (await import(/* webpackIgnore: true */ url)) as { readonly default?: unknown };
      if (typeof hook === "function") this.hook = hook as SignHook;
      else this.unusable = `${this.name} has no function as default export`;
    } catch (error) {
      this.unusable = `${this.name} cannot be loaded: ${shownLoadError(error, url)}`;
    }
    return this.unusable;
  }
}

function failed(problem: string): Signature {
  return { kind: "failed", problem };
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

/** The name of its class, such as `CredentialsProviderError`. Its message may hold a secret. */
function shownError(error: unknown): string {
  try {
    if (error instanceof Error && /^[A-Z]\w{0,60}$/.test(error.name)) return error.name;
  } catch {
    // A getter of its own threw.
  }
  return "something that is no error";
}

const loadMessageMax = 300;

/** Node's own sentence about a file that is missing; otherwise the module threw, and its message may hold a secret. */
function shownLoadError(error: unknown, url: string): string {
  if (!(error instanceof Error) || errorCodeOf(error) !== "ERR_MODULE_NOT_FOUND")
    return `it threw ${shownError(error)}`;
  const isItself = url.startsWith("file:") && error.message.startsWith(`Cannot find module '${fileURLToPath(url)}'`);
  return isItself ? "there is no such file" : printable(error.message).slice(0, loadMessageMax);
}

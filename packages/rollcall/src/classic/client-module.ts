import { createRequire } from "node:module";
import { RollcallError } from "@rollcall/worker";

/** What the adapter needs of a client's package: its own classes of errors, and its transport. */
export interface ClientModule {
  readonly errors: object;
  readonly Transport: abstract new (...given: never[]) => object;
}

/** The parts in use, by what they are. */
export interface ClassicClient {
  readonly errors: Readonly<Record<string, new (message: string) => Error>>;
  readonly Transport: new (options: TransportOptions) => object;
}

export interface TransportOptions {
  readonly emit: Emit;
}

export type Emit = (event: string, error: Error | null, result: unknown) => boolean;

const names = [
  "TimeoutError",
  "RequestAbortedError",
  "ConnectionError",
  "ConfigurationError",
  "NoLivingConnectionsError",
];

/**
 * The errors that users catch must be of the client's own classes, so the client's package is loaded: the one that is
 * given, else the one installed under its own name.
 *
 * @throws {RollcallError} `CONFIG` where it is not there, or is no client with callbacks
 */
export function loadClient(entry: string, name: string, given: ClientModule | undefined): ClassicClient {
  const module: unknown = given ?? required(entry, name);
  const { errors, Transport } = (module ?? {}) as Partial<ClientModule>;
  const isWhole = errors !== undefined && names.every((one) => typeof Reflect.get(errors, one) === "function");
  const request: unknown = typeof Transport === "function" ? Transport.prototype.request : undefined;
  // Of the versions with promises alone, the transport takes no callback.
  if (!isWhole || typeof request !== "function" || request.length !== 3) {
    const what = given === undefined ? `what is installed as ${name}` : "the module that is given";
    const allowed = "hand the module that exports your Client as the third argument, onRollcall(pool, options, module)";
    throw new RollcallError("CONFIG", `${entry}: ${what} is not a client that this entry point is for: ${allowed}`);
  }
  return module as ClassicClient;
}

function required(entry: string, name: string): unknown {
  try {
    return createRequire(import.meta.url)(name);
  } catch (error) {
    const hint = "install it, or hand the module that exports your Client as the third argument of onRollcall";
    throw new RollcallError("CONFIG", `${entry}: ${name} cannot be loaded: ${hint}`, { cause: error });
  }
}

import { RollcallError, type WireError } from "@rollcall/core";

/** An error as plain data, with what it was caused by. */
export interface WireThrown {
  readonly kind: "error" | "value";
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly code?: string;
  /** Present for our own errors. */
  readonly own?: WireError & { readonly status?: number; readonly type?: string };
  readonly cause?: WireThrown;
}

/** Causes of causes, at most. */
const depthMax = 8;

/** Whatever was thrown, in a form that crosses threads. Total: a getter that throws, or a cause of itself, ends it. */
export function describeThrown(thrown: unknown, depth = depthMax): WireThrown {
  try {
    if (!(thrown instanceof Error)) return { kind: "value", name: "Error", message: nameOf(thrown) };
    const { name, message, stack, cause } = thrown;
    const code: unknown = "code" in thrown ? thrown.code : undefined;
    return {
      kind: "error",
      name: String(name),
      message: String(message),
      ...(typeof stack === "string" ? { stack } : {}),
      ...(typeof code === "string" ? { code } : {}),
      ...(thrown instanceof RollcallError ? { own: ownOf(thrown) } : {}),
      ...(cause === undefined || depth <= 1 ? {} : { cause: describeThrown(cause, depth - 1) }),
    };
  } catch {
    return { kind: "value", name: "Error", message: "something that cannot be read" };
  }
}

/** The error again, with its name, message, stack and causes; our own as what they are. */
export function rebuildThrown({ kind, name, message, stack, code, own, cause }: WireThrown): Error {
  const options = cause === undefined ? undefined : { cause: rebuildThrown(cause) };
  if (own !== undefined) {
    const { sent, attempts, status, type } = own;
    const error = new RollcallError(own.code, message, { sent, attempts, status, type, ...options });
    if (stack !== undefined) error.stack = stack;
    return error;
  }
  const error = new Error(kind === "value" ? `the task threw ${message}` : message, options);
  // Not enumerable, as an error's own are.
  Object.defineProperty(error, "name", { value: name, configurable: true, writable: true });
  if (stack !== undefined) error.stack = stack;
  if (code !== undefined) Object.assign(error, { code });
  return error;
}

function ownOf(error: RollcallError) {
  const { status, type } = error;
  return {
    ...error.toWire(),
    ...(status === undefined ? {} : { status }),
    ...(type === undefined ? {} : { type }),
  };
}

function nameOf(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "object" && value !== null) return "an object that is no error";
  return String(value);
}

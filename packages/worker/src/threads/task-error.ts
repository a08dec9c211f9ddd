import { present, RollcallError, type WireError } from "@rollcall/core";

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

/** A thrown value in a form that crosses threads. Total: it stops at a getter that throws, and at the eighth cause. */
export function describeThrown(thrown: unknown, depth = depthMax): WireThrown {
  try {
    if (!(thrown instanceof Error)) return { kind: "value", name: "Error", message: nameOf(thrown) };
    const { name, message, stack, cause } = thrown;
    const code: unknown = "code" in thrown ? thrown.code : undefined;
    return present({
      kind: "error" as const,
      name: String(name),
      message: String(message),
      stack: typeof stack === "string" ? stack : undefined,
      code: typeof code === "string" ? code : undefined,
      own: thrown instanceof RollcallError ? ownOf(thrown) : undefined,
      cause: cause === undefined || depth <= 1 ? undefined : describeThrown(cause, depth - 1),
    });
  } catch {
    return { kind: "value", name: "Error", message: "something that cannot be read" };
  }
}

/** The error again, with its name, message, stack and causes; our own as what they are. */
export function rebuildThrown({ kind, name, message, stack, code, own, cause }: WireThrown): Error {
  const options = cause === undefined ? undefined : { cause: rebuildThrown(cause) };
  if (own !== undefined) {
    const { sent, attempts, status, type, opaqueId, traceId } = own;
    const details = { sent, attempts, status, type, opaqueId, traceId };
    const error = new RollcallError(own.code, message, { ...details, ...options });
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
  return present({ ...error.toWire(), status, type });
}

function nameOf(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "object" && value !== null) return "an object that is no error";
  return String(value);
}

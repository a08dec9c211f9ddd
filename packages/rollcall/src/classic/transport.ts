import type { DiagnosticResult } from "../adapter/diagnostic-result.js";
import type { SizeLimits } from "../adapter/size-limits.js";
import type { ClassicClient, Emit, TransportOptions } from "./client-module.js";
import { ClassicConnection } from "./connection.js";

/**
 * The client's own transport, whose events are seen here before any listener of the user's: just before each attempt it
 * shows what it will report of the call, and at its end that report is made true.
 */
export function observedTransport(Transport: ClassicClient["Transport"]): ClassicClient["Transport"] {
  return class extends Transport {
    constructor(options: TransportOptions & SizeLimits) {
      super({ ...options, emit: observed(options.emit, options) });
    }
  };
}

function observed(emit: Emit, limits: SizeLimits): Emit {
  return (event, error, shown) => {
    const result = shown as Partial<DiagnosticResult> | undefined;
    const connection = result?.meta?.connection;
    if (!(connection instanceof ClassicConnection)) return emit(event, error, shown);
    if (event === "request" && error === null) connection.beginWith(result as DiagnosticResult, limits);
    else connection.show();
    const isHeard = emit(event, error, shown);
    // The answer is still to be read, and may be one that the client would ask for again.
    if (event === "deserialization") connection.hide();
    return isHeard;
  };
}

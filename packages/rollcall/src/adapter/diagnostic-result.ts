import type { SizeLimits } from "./size-limits.js";

/** What all clients show of a call in their events: live, changed as the call goes on. */
export interface DiagnosticResult {
  readonly meta: {
    attempts: number;
    readonly connection: unknown;
    readonly context: unknown;
    readonly request: { readonly options: CallOptions };
  };
}

/** The options of one call that the adapter reads; all else is the client's own. */
export interface CallOptions extends SizeLimits {
  readonly maxRetries?: unknown;
  readonly ignore?: unknown;
}

/**
 * Ends the client's own loop of retries after this attempt. The pool has retried already: with both loops, one refused
 * read would be sent 16 times. The option `maxRetries` stays as it is, because the helpers read it.
 */
export function endRetries(result: DiagnosticResult | undefined): void {
  if (result !== undefined) result.meta.attempts = Number.POSITIVE_INFINITY;
}

import { type Span, SpanStatusCode } from "@opentelemetry/api";
import type { SettledRequest } from "@rollcall/worker";
import { peerAttributes } from "./address-attributes.js";
import { errorType } from "./error-type.js";

/** Writes how the request has ended into its span, and ends it. */
export function endSpan(span: Span, settled: SettledRequest): void {
  if (span.isRecording()) {
    const { status, attempts } = settled;
    if (status !== undefined) {
      span.setAttribute("db.response.status_code", String(status));
      span.setAttribute("http.response.status_code", status);
    }
    // Of a single attempt that was answered, the span says all.
    if (attempts.length > 1 || (attempts.length === 1 && status === undefined)) addAttempts(span, settled);
    const error = errorType(settled);
    if (error !== undefined) {
      span.setAttribute("error.type", error);
      // The message of an error may quote an answer, and so a document: the code says what went wrong.
      span.setStatus({ code: SpanStatusCode.ERROR, message: error });
    }
  }
  span.end();
}

/**
 * Each attempt as an event. Attempts have a duration and no time of their own: the last one ends with the request, and an
 * earlier one at the earliest time at which it can have ended, as if none had waited.
 */
function addAttempts(span: Span, { attempts, durationMs }: SettledRequest): void {
  const reroutes = attempts.filter(({ code }) => code === "REROUTED").length;
  const outrun = attempts.filter(({ code }) => code === "OUTRUN").length;
  span.setAttribute("rollcall.retries", attempts.length - 1 - reroutes - outrun);
  if (outrun > 0) span.setAttribute("rollcall.hedges", outrun);
  span.setAttribute("rollcall.reroutes", reroutes);
  let endedAtMs = performance.now() - durationMs;
  for (const [at, { node, code, ms }] of attempts.entries()) {
    endedAtMs += ms;
    const outcome = { "rollcall.attempt.outcome": code, "rollcall.attempt.duration": ms / 1_000 };
    const isLast = at === attempts.length - 1;
    span.addEvent("rollcall.attempt", { ...peerAttributes(node), ...outcome }, isLast ? undefined : endedAtMs);
  }
}

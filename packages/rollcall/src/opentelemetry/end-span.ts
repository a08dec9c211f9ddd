import { type Attributes, type Span, SpanStatusCode } from "@opentelemetry/api";
import type { SettledRequest } from "@rollcall/worker";
import { peerAttributes } from "./address-attributes.js";
import { errorType } from "./error-type.js";

/** Writes how the request has ended into its span, each attempt as an event, and ends it. */
export function endSpan(span: Span, settled: SettledRequest): void {
  if (span.isRecording()) {
    addAttempts(span, settled);
    span.setAttributes(attributesOf(settled));
    const error = errorType(settled);
    // The message of an error may quote an answer, and so a document: the code says what went wrong.
    if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: error });
  }
  span.end();
}

function attributesOf(settled: SettledRequest): Attributes {
  const { status, attempts } = settled;
  const attributes: Attributes = {};
  const error = errorType(settled);
  if (status !== undefined) {
    attributes["db.response.status_code"] = String(status);
    attributes["http.response.status_code"] = status;
  }
  if (error !== undefined) attributes["error.type"] = error;
  if (attempts.length > 1) {
    const reroutes = attempts.filter(({ code }) => code === "REROUTED").length;
    attributes["rollcall.retries"] = attempts.length - 1 - reroutes;
    attributes["rollcall.reroutes"] = reroutes;
  }
  return attributes;
}

/**
 * Attempts have a duration and no time of their own: the last one ends with the request, and an earlier one at the
 * earliest time at which it can have ended, as if none had waited.
 */
function addAttempts(span: Span, { attempts, durationMs }: SettledRequest): void {
  let endedAtMs = performance.now() - durationMs;
  for (const [at, { node, code, ms }] of attempts.entries()) {
    endedAtMs += ms;
    const attributes = {
      ...peerAttributes(node),
      "rollcall.attempt.outcome": code,
      "rollcall.attempt.duration": ms / 1_000,
    };
    if (at === attempts.length - 1) span.addEvent("rollcall.attempt", attributes);
    else span.addEvent("rollcall.attempt", attributes, endedAtMs);
  }
}

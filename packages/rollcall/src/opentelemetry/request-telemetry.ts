import { channel } from "node:diagnostics_channel";
import { type Context, context, diag } from "@opentelemetry/api";
import type { SettledRequest } from "@rollcall/worker";
import type { BegunRequest, RequestTrace, RequestTracer } from "@rollcall/worker/tracing";
import { calledOperation } from "./called-operation.js";
import type { RequestDurations } from "./request-durations.js";
import type { RequestSpan, RequestSpans } from "./request-spans.js";

export interface RequestTelemetryParts {
  /** Absent: no spans, and nothing is propagated. */
  readonly spans: RequestSpans | undefined;
  readonly durations: RequestDurations | undefined;
}

/** Makes a span and a duration of each request. What fails here is reported by OpenTelemetry; no request fails of it. */
export class RequestTelemetry implements RequestTracer {
  constructor(private readonly parts: RequestTelemetryParts) {}

  begin(request: BegunRequest): RequestTrace | undefined {
    try {
      return new FollowedRequest(request, this.parts);
    } catch (error) {
      diag.error("rollcall: a request could not be followed", error);
      return undefined;
    }
  }
}

/** An instrumentation of undici makes spans of its own, in the context that undici is called in. */
const requestCreated = channel("undici:request:create");

const noHeaders: readonly string[] = [];

class FollowedRequest implements RequestTrace {
  private readonly context: Context;
  private readonly operation: string | undefined;
  private readonly span: RequestSpan | undefined;

  constructor(
    request: BegunRequest,
    private readonly parts: RequestTelemetryParts,
  ) {
    const caller = context.active();
    const operation = calledOperation(request.method, request.path);
    this.operation = operation.name;
    this.span = parts.spans?.begin(request, operation, caller);
    this.context = this.span?.context ?? caller;
  }

  get headers(): readonly string[] {
    return this.span?.headers ?? noHeaders;
  }

  get traceId(): string | undefined {
    return this.span?.traceId;
  }

  run(send: () => void): void {
    // Otherwise the context cannot be seen, and it costs as much as a span does.
    if (this.span !== undefined && requestCreated.hasSubscribers) context.with(this.context, send);
    else send();
  }

  ended(settled: SettledRequest, nodeUrl: string | undefined): void {
    try {
      this.span?.end(settled, nodeUrl);
      this.parts.durations?.record(settled, this.operation, this.context);
    } catch (error) {
      diag.error("rollcall: the end of a request could not be reported", error);
    }
  }
}

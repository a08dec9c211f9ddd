import {
  type Attributes,
  type Context,
  propagation,
  type Span,
  SpanKind,
  type TextMapSetter,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { isHeaderName, isHeaderValue } from "@rollcall/core/config";
import type { SettledRequest } from "@rollcall/worker";
import type { BegunRequest } from "@rollcall/worker/tracing";
import type { CalledOperation } from "./called-operation.js";
import { endSpan } from "./end-span.js";
import type { PoolAttributes } from "./pool-attributes.js";
import { queryText } from "./query-text.js";

/** Begins the client spans of a pool's requests: docs/tracing.md lists what they hold. */
export class RequestSpans {
  constructor(
    private readonly tracer: Tracer,
    private readonly pool: PoolAttributes,
    /** URLs and the text of queries are in the spans. */
    private readonly details: boolean,
  ) {}

  begin(request: BegunRequest, { name, collection }: CalledOperation, caller: Context): RequestSpan {
    const { method, path } = request;
    const attributes: Attributes = { "db.system.name": this.pool.system, "http.request.method": method };
    if (name !== undefined) attributes["db.operation.name"] = name;
    if (collection !== undefined) attributes["db.collection.name"] = collection;
    if (this.pool.cluster !== undefined) attributes["db.namespace"] = this.pool.cluster;
    Object.assign(attributes, this.pool.server);
    attributes["rollcall.request.class"] = request.class;
    const text = this.details ? queryText(name, request.body) : undefined;
    if (text !== undefined) attributes["db.query.text"] = text;

    const target = collection ?? this.pool.serverName;
    const span = this.tracer.startSpan(
      name === undefined ? target : `${name} ${target}`,
      { kind: SpanKind.CLIENT, attributes },
      caller,
    );
    return new RequestSpan(span, caller, this.pool, this.details ? path : undefined);
  }
}

/** One span, and the headers that name it to the node. */
export class RequestSpan {
  readonly context: Context;
  readonly headers: string[] = [];
  readonly traceId: string | undefined;

  constructor(
    private readonly span: Span,
    caller: Context,
    private readonly pool: PoolAttributes,
    private readonly shownPath: string | undefined,
  ) {
    this.context = trace.setSpan(caller, span);
    const spanContext = span.spanContext();
    if (trace.isSpanContextValid(spanContext)) this.traceId = spanContext.traceId;
    propagation.inject(this.context, this.headers, headerSetter);
  }

  end(settled: SettledRequest, nodeUrl: string | undefined): void {
    if (this.span.isRecording()) {
      if (settled.node !== undefined) this.span.setAttributes(this.pool.node(settled.node));
      if (this.shownPath !== undefined && nodeUrl !== undefined) {
        this.span.setAttribute("url.full", `${nodeUrl}${this.shownPath}`);
      }
    }
    endSpan(this.span, settled);
  }
}

const headerSetter: TextMapSetter<string[]> = {
  set(headers, name, value) {
    const lower = name.toLowerCase();
    if (isHeaderName(lower) && isHeaderValue(value)) headers.push(lower, value);
  },
};
